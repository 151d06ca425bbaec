"""A service on this machine that does what a test says: HTTP answers byte by byte, faults included.

Answers are written as raw bytes, so that a test can cut, garble or delay them at any place.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from localvoice.remote import Connection
from tests.loopback import answering


@dataclass
class Request:
    """What a client asked for."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Peer:
    """The client's end of one connection, while its request is answered."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def answer(self, status: int, body: bytes | str, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await self.head(status, {"Content-Length": str(len(data)), "Content-Type": "application/json"} | named)
        await self.send(data)

    async def begin_stream(self, media_type: str = "text/event-stream") -> None:
        await self.head(200, {"Transfer-Encoding": "chunked", "Content-Type": media_type})

    async def chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def end_stream(self) -> None:
        await self.send(b"0\r\n\r\n")

    def hang_up(self) -> None:
        transport = self._writer.transport
        transport.abort()


Answer = Callable[[Request, Peer], Awaitable[None]]


@dataclass
class ScriptedServer:
    """Answers POSTs one after the other as the script says, the last answer again and again; GETs by `listing`."""

    script: list[Answer]
    requests: list[Request] = field(default_factory=list)
    """POSTs, in order."""
    checks: list[Request] = field(default_factory=list)
    """GETs, in order."""
    listing: Answer | None = None
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first POST is here."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client leaves while it is answered, or after."""
    url: str = ""
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def drop(self) -> None:
        """Hang up on everybody."""
        for writer in self._writers:
            writer.transport.abort()

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while (request := await _read(reader)) is not None:
                answering = asyncio.create_task(self._answer(request, Peer(writer)))
                leaving = asyncio.create_task(_left(reader))
                await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
                for task in (answering, leaving):
                    task.cancel()
                await asyncio.gather(answering, leaving, return_exceptions=True)
                if leaving.done() and not leaving.cancelled() and leaving.exception() is None:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.hung_up.set()
            writer.transport.abort()
            await asyncio.sleep(0)  # it is closed with the next step of the loop

    async def _answer(self, request: Request, peer: Peer) -> None:
        if request.method == "GET":
            self.checks.append(request)
            await (self.listing or models())(request, peer)
            return
        self.requests.append(request)
        self.arrived.set()
        await self.script[min(len(self.requests), len(self.script)) - 1](request, peer)


async def _left(reader: asyncio.StreamReader) -> None:
    """Returns when the client has closed its side. Nothing of the next request is taken away."""
    while not reader.at_eof():
        if reader._buffer:  # the next request is here
            await asyncio.Event().wait()
        await asyncio.sleep(0.002)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


@pytest.fixture(autouse=True)
async def no_connection_left(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """For modules that import it: what a test's clients opened is closed behind it, while its loop still runs."""
    opened: list[Connection] = []
    begin = Connection.__init__

    def opening(connection: Connection, *arguments: Any, **options: Any) -> None:
        begin(connection, *arguments, **options)
        opened.append(connection)

    monkeypatch.setattr(Connection, "__init__", opening)
    yield
    for connection in opened:
        await connection.close()


@asynccontextmanager
async def serving(*script: Answer, **options: Any) -> AsyncIterator[ScriptedServer]:
    """A server on a free port for the time of the context."""
    scripted = ScriptedServer(list(script), **options)
    async with answering(scripted.serve) as scripted.url:
        yield scripted


# answers


def models(*names: str) -> Answer:
    """A list of models."""
    body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names or ("m-1",)]})
    return status(200, body)


def status(code: int, body: str | Mapping[str, Any] = "", **headers: str) -> Answer:
    """A whole answer."""

    async def answer(_: Request, peer: Peer) -> None:
        await peer.answer(code, body if isinstance(body, str) else json.dumps(body), **headers)

    return answer


def failure(code: int, message: str, **headers: str) -> Answer:
    """A refusal as OpenAI and Groq write it."""
    return status(code, {"error": {"message": message, "type": "t", "code": None}}, **headers)


def raw(*parts: bytes | float, media_type: str = "text/event-stream") -> Answer:
    """A stream of chunks, pauses (seconds) between them; ends whole."""

    async def answer(_: Request, peer: Peer) -> None:
        await peer.begin_stream(media_type)
        for part in parts:
            if isinstance(part, bytes):
                await peer.chunk(part)
            else:
                await asyncio.sleep(part)
        await peer.end_stream()

    return answer


def cut_after(count: int, *parts: bytes) -> Answer:
    """The first `count` bytes of a stream, then the connection is gone."""

    async def answer(_: Request, peer: Peer) -> None:
        await peer.begin_stream()
        body = b"".join(parts)[:count]
        if body:
            await peer.chunk(body)
        await asyncio.sleep(0.02)
        peer.hang_up()

    return answer


def gone() -> Answer:
    """The connection is gone before any answer."""

    async def answer(_: Request, peer: Peer) -> None:
        peer.hang_up()

    return answer


def stalled() -> Answer:
    """Nothing comes."""

    async def answer(_: Request, __: Peer) -> None:
        await asyncio.Event().wait()

    return answer


def event(**fields: Any) -> bytes:
    """One chunk of a chat completion as an event."""
    base = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "system_fingerprint": "fp"}
    return f"data: {json.dumps(base | fields)}\n\n".encode()


def delta(text: str | None = None, **fields: Any) -> bytes:
    """A piece of text."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "logprobs": None, "finish_reason": None}
    choice["delta"] |= fields.pop("delta", {})
    return event(choices=[choice | fields])


END = delta(finish_reason="stop")
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_tokens_details": {"cached_tokens": 4}}
DONE = b"data: [DONE]\n\n"


def completion(*texts: str, pause_s: float = 0.0) -> Answer:
    """A whole reply, usage and all."""
    parts: list[bytes | float] = [delta("", delta={"role": "assistant"})]
    for text in texts:
        parts += [pause_s, delta(text)] if pause_s else [delta(text)]
    return raw(*parts, END, event(choices=[], usage=USAGE), DONE)
