"""Calls over connections that stay open: kept, given up, closed behind our back, secured, and sent through a proxy."""

from __future__ import annotations

import asyncio
import base64
import errno
import json
import os
import shutil
import ssl
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import h11
import pytest

from localvoice.addresses import checked_url
from localvoice.errors import ConfigError, ProviderBroken, ProviderRefused, ProviderUnavailable
from localvoice.http_bodies import Body, File, as_form, as_json
from localvoice.http_client import ConnectTimeout, HttpClient
from localvoice.remote import Connection, Service, mapped
from localvoice.secrets_store import Secret
from localvoice.sockets import connected
from tests.loopback import answering
from tests.waiting import until

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\nhello"


@dataclass
class Site:
    """Answers each request with the next of `answers`, the last one again and again; None holds the line."""

    answers: list[bytes | None]
    ends: bool = False
    """The connection is closed behind an answer."""
    behind: bytes = b""
    """Sent a moment after each answer, unasked."""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client has hung up."""
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while not self.ends or not self.requests:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                if answer is None:
                    await reader.read()
                    break
                for at in range(len(answer)):
                    writer.write(answer[at : at + 1])
                    await writer.drain()
                if self.behind:
                    await asyncio.sleep(0.01)
                    writer.write(self.behind)
        self.gone.set()
        writer.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def asking(*answers: bytes | None, **options: object) -> AsyncIterator[tuple[Site, HttpClient]]:
    site = Site(list(answers), **options)  # type: ignore[arg-type]
    async with answering(site.serve) as site.url:
        client = HttpClient(f"{site.url}/base", {"X-Key": "k"}, 3.0, may_use_proxy=False)
        yield site, client
        client.close()
        await asyncio.sleep(0)


async def ask(client: HttpClient, body: Body | None = None) -> bytes:
    link = await client.ask("POST", "/call", body)
    try:
        await link.head()
        pieces = []
        while (piece := await link.piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        client.leave(link)


@pytest.mark.parametrize("answer", [HELLO, CHUNKED], ids=["length", "chunks"])
async def test_an_answer_read_to_its_end_leaves_the_connection_for_the_next_call(answer):
    async with asking(answer) as (site, client):
        assert [await ask(client, as_json({"a": "ü"})) for _ in range(3)] == [b"hello"] * 3
        assert site.connections == 1
        head, _, body = site.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /base/call HTTP/1.1\r\n")
        assert b"X-Key: k\r\n" in head
        assert body == '{"a":"ü"}'.encode()


async def test_an_answer_may_end_with_its_connection():
    async with asking(TO_THE_END, ends=True) as (_, client):
        assert await ask(client) == b"hello"


async def test_an_answer_that_was_not_read_is_hung_up():
    async with asking(HELLO.replace(b": 5", b": 50"), HELLO) as (site, client):
        link = await client.ask("GET", "/call")
        await link.head()
        client.leave(link)
        await asyncio.wait_for(site.gone.wait(), 5)
        assert await ask(client) == b"hello"
        assert site.connections == 2


@pytest.mark.parametrize(
    "options",
    [{"ends": True}, {"behind": b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"}],
    ids=["closed", "closed with a word"],
)
async def test_a_connection_that_the_other_side_gave_up_is_not_used_again(options):
    async with asking(HELLO, **options) as (site, client):
        link = await client.ask("GET", "/call")
        await link.head()
        assert [await link.piece(), await link.piece()] == [b"hello", None]
        client.leave(link)
        await until(lambda: not link.can_ask)
        site.ends, site.behind = False, b""
        assert await ask(client) == b"hello"
        assert site.connections == 2


async def test_bytes_right_behind_an_answer_are_not_taken_for_the_next_one():
    async with asking(HELLO, HELLO.replace(b"hello", b"hullo")) as (_, client):
        link = await client.ask("GET", "/call")
        link.data_received(HELLO + HELLO.replace(b"hello", b"wrong"))  # in one packet
        await link.head()
        assert [await link.piece(), await link.piece()] == [b"hello", None]
        client.leave(link)
        assert await ask(client) == b"hullo"


@pytest.mark.parametrize(
    "answer",
    [CHUNKED[:-4], HELLO[:-1], b"HTTP/1.1 200 OK\r\nContent-Len", b"", b"what is that\r\n\r\n"],
    ids=["chunks", "length", "head", "nothing", "garbage"],
)
async def test_an_answer_that_breaks_off_is_no_answer(answer):
    async with asking(answer, ends=True) as (_, client):
        with pytest.raises((OSError, h11.RemoteProtocolError)):
            await ask(client)


async def test_what_came_before_a_break_is_read_first():
    async with asking(CHUNKED[:-12], ends=True) as (_, client):
        link = await client.ask("GET", "/call")
        await link.head()
        await asyncio.sleep(0.05)
        assert await link.piece() == b"he"
        with pytest.raises(h11.RemoteProtocolError, match="peer unexpectedly closed connection"):
            await link.piece()
        client.leave(link)


async def test_a_call_that_is_cancelled_hangs_up():
    async with asking(None) as (site, client):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(client)
        await asyncio.wait_for(site.gone.wait(), 5)


async def test_an_answer_to_half_a_request_is_heard():
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HELLO.replace(b"200 OK", b"413 Too much"))
        await writer.drain()
        await asyncio.sleep(5)

    async with answering(refuse) as url:
        client = HttpClient(url, {}, 3.0, may_use_proxy=False)
        link = await client.ask("POST", "/", Body("audio/wav", bytes(8_000_000)))
        assert (await link.head()).status == 413
        client.leave(link)
        client.close()
        await asyncio.sleep(0)


async def test_behind_an_answer_to_half_a_request_nothing_is_asked():
    asked: list[bytes] = []

    async def refuse_unread(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HELLO if len(asked) > 1 else HELLO.replace(b"200 OK", b"413 Too much"))
        await asyncio.sleep(60)  # and reads nothing more

    async with answering(refuse_unread) as url:
        connection = Connection(Service("groq", url, None, 3.0))
        with pytest.raises(ProviderBroken, match=r"groq did not take the request \(413\)"):
            await connection.post("/long", Body("audio/wav", bytes(100_000)))  # all of it is on its way
        assert await (await connection.post("/short", as_json({}))).whole() == b"hello"
        assert [head.split()[1] for head in asked] == [b"/long", b"/short"]
        await connection.close()


async def answer_unread(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HELLO)
    await asyncio.sleep(60)


async def is_kept_behind_an_early_answer(url: str) -> bool:
    client = HttpClient(url, {}, 3.0, may_use_proxy=False)
    link = await client.ask("POST", "/", Body("audio/wav", bytes(30_000_000)))
    await link.head()
    assert [await link.piece(), await link.piece()] == [b"hello", None]
    is_kept = link.can_ask
    client.leave(link)
    client.close()
    await asyncio.sleep(0)
    return is_kept


async def test_a_request_that_is_answered_before_it_is_sent_is_the_last_of_its_connection():
    async with answering(answer_unread) as url:
        assert not await is_kept_behind_an_early_answer(url)


async def by_call(service: Service) -> None:
    await Connection(service).post("/call", as_json({}))


async def by_check(service: Service) -> None:
    await Connection(service).check()


async def by_socket(service: Service) -> None:
    await connected(service, "/", {"xi-api-key": "sk_planted", "Content-Length": "0"})


@pytest.mark.parametrize("ask_it", [by_call, by_check, by_socket])
async def test_who_has_moved_is_not_followed_with_the_key(ask_it):
    there = b"http://127.0.0.2:9/v2?token=planted"
    moved = b"HTTP/1.1 308 Moved\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % there
    async with asking(moved) as (site, _):
        with pytest.raises(ProviderUnavailable) as caught:
            await ask_it(Service("groq", site.url, Secret("sk_planted"), 3.0))
        assert str(caught.value) == (
            "groq is not at its address (308, to http://127.0.0.2:9/v2): correct engines.groq.base_url, or log in to "
            "this network"
        )
        assert site.connections == 1


@pytest.mark.parametrize("ask_it", [by_call, by_check])
async def test_an_answer_that_is_compressed_unasked_is_told(ask_it):
    answer = HELLO.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    async with asking(answer) as (site, _):
        with pytest.raises(ProviderBroken, match=r"vllm answers compressed \(gzip\), and was asked not to"):
            await ask_it(Service("vllm", site.url, None, 3.0))
        assert b"Accept-Encoding: identity" in site.requests[0]


@pytest.mark.parametrize("named", [b"utf-8", b"none", b"identity", b""])
async def test_an_answer_said_to_be_encoded_that_is_not_compressed_is_read(named):
    answer = HELLO.replace(b"\r\n\r\n", b"\r\nContent-Encoding: %s\r\n\r\n" % named)
    async with asking(answer) as (site, _):
        connection = Connection(Service("vllm", site.url, None, 3.0))
        reply = await connection.post("/call", as_json({}))
        assert await reply.whole() == b"hello"
        await reply.close()
        await connection.close()


@pytest.mark.parametrize("ask_it", [by_call, by_check, by_socket])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_service_that_does_not_run_is_told_in_words(host, ask_it):
    with pytest.raises(ProviderUnavailable) as caught:
        await ask_it(Service("ollama", f"http://{host}:9", None, 3.0))
    assert str(caught.value) == f"ollama cannot be reached ({host}): connection refused"


OLLAMA = Service("ollama", "http://localhost:9", None, 3.0)


def test_a_service_that_runs_at_neither_address_of_this_machine_is_told_in_words():
    number = errno.ECONNREFUSED
    one, other = (f"[Errno {number}] Connect call failed ({place})" for place in ("'::1', 9, 0, 0", "'127.0.0.1', 9"))
    with pytest.raises(ProviderUnavailable) as caught, mapped(OLLAMA):
        raise OSError(f"Multiple exceptions: {one}, {other}")
    assert str(caught.value) == "ollama cannot be reached (localhost): connection refused"


def test_where_the_system_has_no_word_for_a_number_the_error_has(monkeypatch):
    monkeypatch.setattr(os, "strerror", lambda _: "Unknown error")  # of every number of a socket, on Windows
    with pytest.raises(ProviderUnavailable) as caught, mapped(OLLAMA):
        raise OSError(errno.ECONNREFUSED, "The remote computer refused the network connection")
    assert str(caught.value).endswith(": the remote computer refused the network connection")


async def test_codes_in_what_a_service_says_reach_no_terminal():
    said = json.dumps({"error": "\x1b[2J\x1b]0;owned\x07no\u009b5m\u202e\r\nway"}).encode()
    async with asking(b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)) as (site, _):
        connection = Connection(Service("groq", site.url, None, 3.0))
        with pytest.raises(ProviderUnavailable) as caught:
            await connection.post("/call", as_json({}))
        assert str(caught.value) == "groq has failed (500): [2J ]0;owned no 5m way"
        await connection.close()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://Bücher.example:8443/v1/", "https://xn--bcher-kva.example:8443/v1"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://Plain.example/Ä", "https://Plain.example/Ä"),
    ],
)
def test_a_host_beyond_ascii_is_called_by_its_name_on_the_wire(url, sent):
    assert checked_url(url, "groq") == sent
    HttpClient(sent, {}, 3.0, may_use_proxy=False)


@pytest.mark.parametrize("host", ["localhost.localdomain", "localhost.", "my.localhost", "127.0.0.1.example"])
def test_a_name_that_a_server_may_be_asked_for_is_not_this_machine(host):
    with pytest.raises(ConfigError, match="would travel unencrypted"):
        checked_url(f"http://{host}:8080/v1", "vllm")


def test_a_host_that_cannot_be_a_name_is_no_address():
    with pytest.raises(ConfigError, match="the address of groq is no address"):
        checked_url("https://\u2615\u200d.example", "groq")


async def test_who_does_not_read_makes_the_other_side_wait():
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(bytes(1_000_000))
                await writer.drain()
                sent += 1

    async with answering(pour) as url:
        client = HttpClient(url, {}, 3.0, may_use_proxy=False)
        link = await client.ask("GET", "/")
        await link.head()
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.1)
        piece = await link.piece()
        assert piece is not None
        read = len(piece)
        while read <= before * 1_000_000:
            read += len(await link.piece() or b"")
        assert sent < 100
        client.leave(link)
        await asyncio.sleep(0.01)


async def test_a_connection_at_rest_hears_the_other_side_close_also_behind_an_answer_that_had_to_wait():
    length, read = 1_200_000, asyncio.Event()

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (length, bytes(length)))
        await read.wait()
        writer.close()

    async with answering(pour) as url:
        client = HttpClient(url, {}, 3.0, may_use_proxy=False)
        link = await client.ask("GET", "/")
        await link.head()
        got = 0
        while got < length:
            await asyncio.sleep(0.1)  # it is all there before it is read
            got += len(await link.piece() or b"")
        assert await link.piece() is None
        client.leave(link)
        assert link.can_ask
        read.set()
        await until(lambda: not link.can_ask)
        client.close()


async def test_a_host_that_does_not_take_the_connection_is_not_waited_for(monkeypatch):
    async def connect(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connect)
    with pytest.raises(ConnectTimeout):
        await ask(HttpClient("http://127.0.0.1:9", {}, 0.05, may_use_proxy=False))


def test_a_form_holds_its_fields_and_the_file_byte_for_byte():
    body = as_form({"prompt": 'Ünal said "no"'}, File("file", "turn.wav", "audio/wav", b"\x00\r\n--\xff"))
    boundary = body.media_type.partition("boundary=")[2]
    parts = body.data.split(f"--{boundary}".encode())
    assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:3]] == [
        'Ünal said "no"\r\n'.encode(),
        b"\x00\r\n--\xff\r\n",
    ]
    assert parts[3] == b"--\r\n"


def test_half_a_letter_as_services_send_it_can_be_sent_back():
    assert json.loads(as_json({"said": "a\ud83d"}).data) == {"said": "a\ud83d"}
    assert b"a?\r\n" in as_form({"prompt": "a\ud83d"}, File("file", "turn.wav", "audio/wav", b"")).data


async def test_a_key_that_no_header_can_hold_is_told_without_it():
    async with asking(HELLO) as (site, _):
        connection = Connection(Service("groq", site.url, Secret("sk_planted\n0123456789"), 3.0))
        with pytest.raises(ProviderBroken, match="its address or its key holds what cannot be sent") as caught:
            await connection.post("/call", as_json({}))
        assert "sk_planted" not in "".join(traceback.format_exception(caught.value))
        await connection.close()


async def test_who_is_closed_while_the_connection_is_made_asks_nobody():
    async with asking(HELLO) as (site, _):
        connection = Connection(Service("groq", site.url, None, 3.0))
        call = asyncio.create_task(connection.post("/call", as_json({})))
        await asyncio.sleep(0)
        await connection.close()
        with pytest.raises(ProviderBroken, match="groq was closed"):
            await call
        await asyncio.wait_for(site.gone.wait(), 5)


async def test_a_refusal_too_deep_to_be_read_is_told_without_its_words():
    deep = b"[" * 100_000
    async with asking(b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(deep), deep)) as (site, _):
        site_says = Connection(Service("groq", site.url, None, 30.0))
        with pytest.raises(ProviderUnavailable, match=r"groq has failed \(500\)$"):
            await site_says.post("/call", as_json({}))
        await site_says.close()


async def test_a_key_of_any_letters_is_sent_as_it_is():
    async with asking(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n") as (site, _):
        connection = Connection(Service("groq", site.url, Secret("schlüssel"), 3.0))
        with pytest.raises(ProviderRefused):
            await connection.post("/call", as_json({}))
        assert "Bearer schlüssel".encode() in site.requests[0]
        await connection.close()


async def test_news_before_an_answer_are_passed_over():
    async with asking(b"HTTP/1.1 103 Early Hints\r\n\r\n" + HELLO) as (_, client):
        assert await ask(client) == b"hello"


# TLS, and proxies


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and its certificate for `localhost`, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl: apt install openssl")
    name = ["/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made = tmp_path / "localhost.pem"
    subprocess.run([*command, "-subj", *name, "-keyout", made, "-out", tmp_path / "c.pem"], check=True)
    made.write_bytes(made.read_bytes() + (tmp_path / "c.pem").read_bytes())
    return made


@asynccontextmanager
async def secured(certificate: Path) -> AsyncIterator[tuple[Site, str]]:
    site = Site([HELLO])
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=server_side(certificate))
    async with server:
        yield site, f"https://localhost:{server.sockets[0].getsockname()[1]}"


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_one_with_tls_as_well_is_the_last_where_it_is_answered_before_it_is_sent(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with answering(answer_unread, server_side(certificate)) as url:
        assert not await is_kept_behind_an_early_answer(url.replace("127.0.0.1", "localhost"))


async def test_tls_is_checked_against_known_certificates(certificate, monkeypatch):
    async with secured(certificate) as (site, url):
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(HttpClient(url, {}, 3.0, may_use_proxy=False))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        client = HttpClient(url, {}, 3.0, may_use_proxy=False)
        assert [await ask(client), await ask(client)] == [b"hello"] * 2
        assert len(site.requests) == 2
        client.close()
        await asyncio.wait_for(site.gone.wait(), 5)


@dataclass
class Proxy:
    """Passes on what it is asked to connect to."""

    status: bytes = b"200 Fine"
    asked: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
        host, port = self.asked[-1].split()[1].decode().rsplit(":", 1)
        there, to = await asyncio.open_connection(host, int(port))

        async def pass_on(one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while data := await one.read(65536):
                    other.write(data)
            other.transport.abort()

        try:
            await asyncio.gather(pass_on(reader, to), pass_on(there, writer))
        finally:
            to.transport.abort()
            await asyncio.sleep(0)


async def test_a_proxy_passes_on_what_it_cannot_read(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    proxy = Proxy()
    async with secured(certificate) as (site, url), answering(proxy.serve) as address:
        monkeypatch.setenv("https_proxy", address.replace("//", "//us%40er:pa%3Ass@"))
        monkeypatch.delenv("no_proxy", raising=False)
        client = HttpClient(url, {"X-Key": "k"}, 3.0, may_use_proxy=True)
        assert [await ask(client), await ask(client)] == [b"hello"] * 2
        (asked,) = proxy.asked
        assert asked.startswith(b"CONNECT " + url.removeprefix("https://").encode())
        assert base64.b64encode(b"us@er:pa:ss") in asked
        assert b"X-Key" not in asked
        client.close()
        await asyncio.wait_for(site.gone.wait(), 5)


async def test_a_proxy_is_left_out_where_the_environment_says_so(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with secured(certificate) as (site, url):
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "localhost")
        client = HttpClient(url, {}, 3.0, may_use_proxy=True)
        assert await ask(client) == b"hello"
        client.close()
        await asyncio.wait_for(site.gone.wait(), 5)


async def test_a_proxy_that_refuses_is_told(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    proxy = Proxy(status=b"407 Who are you")
    async with secured(certificate) as (_, url), answering(proxy.serve) as address:
        monkeypatch.setenv("https_proxy", address)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(ConnectionError, match=r"the proxy 127\.0\.0\.1 answered 407"):
            await ask(HttpClient(url, {}, 3.0, may_use_proxy=True))


async def test_a_kind_of_proxy_that_is_not_known_is_told(monkeypatch):
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ConnectionError, match="a socks5 proxy cannot be used: set HTTPS_PROXY"):
        await ask(HttpClient("https://localhost:9", {}, 3.0, may_use_proxy=True))


@pytest.mark.parametrize(
    "proxy",
    [
        "http://us:pl/anted@127.0.0.1:9",
        "http://us:pl#anted@127.0.0.1:9",
        "us:planted@127.0.0.1:99999",
        "http://us:planted@",
    ],
)
@pytest.mark.parametrize("is_socket", [False, True])
async def test_a_proxy_that_is_no_address_is_told_without_its_password(proxy, is_socket, monkeypatch):
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    service = Service("deepgram", "https://192.0.2.1", None, 3.0)
    with pytest.raises(ProviderUnavailable, match="the proxy is no address: check HTTPS_PROXY") as caught:
        await (connected(service, "/", {}) if is_socket else Connection(service).post("/", as_json({})))
    told = "".join(traceback.format_exception(caught.value))
    assert "pl/anted" not in told
    assert "pl#anted" not in told
    assert "'pl'" not in told
    assert ":planted" not in told


async def test_a_socks_proxy_without_its_package_is_told(monkeypatch):
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(ProviderUnavailable, match="a socks proxy needs `pip install"):
        await connected(Service("deepgram", "https://192.0.2.1", None, 3.0), "/", {})
