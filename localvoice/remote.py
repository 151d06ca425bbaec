"""Services spoken to over HTTP: one warm connection each, and their failures as ours.

Rule of this file: a key leaves it in the header of a request and nowhere else, whatever a service answers.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localvoice.addresses import host_of, is_here
from localvoice.beside import is_running
from localvoice.errors import ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.http_bodies import Body
from localvoice.printable import printable
from localvoice.secrets_store import KEY_VARIABLES, Secret

if TYPE_CHECKING:
    from localvoice.http_client import HttpClient
    from localvoice.http_link import Head, Link

_CONNECT_S = 3.0
"""A connection that takes longer is not one for a conversation: a healthy one takes 0.05 to 0.2 s, TLS included."""
_SLOWEST_BYTES_S = 100
"""An answer that comes slower has stalled: a word of a written reply takes 200 bytes and more, one of speech 10,000."""
_UPLOAD_BYTES_S = 50_000
"""A turn is sent at least so fast; slower ones take too long anyway."""
_MESSAGE_CHARS = 160
"""Of what a service says about a failure."""
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress"})
"""Any other word there is a server's mistake (`utf-8`, `none`), and its answer is plain."""
_WORDS = ("code", "error_code", "err_code", "status", "message", "err_msg")
"""Where vendors put that word."""
_NUMBER = re.compile(r"\[Errno (\d+)\]")


@dataclass(frozen=True, slots=True)
class Service:
    """A service of this session."""

    name: str
    """The provider's, as in the flags."""
    url: str
    """Where its calls begin."""
    key: Secret | None
    timeout_s: float
    """Without an answer for so long it counts as unavailable."""

    @property
    def is_remote(self) -> bool:
        """Whether what it is told leaves this machine."""
        return not is_here(self.url)

    @property
    def host(self) -> str:
        """Who is spoken to."""
        return host_of(self.url)


class Connection:
    """Calls to one service. Used from one event loop; made in any thread."""

    def __init__(self, service: Service, headers: Mapping[str, str] | None = None) -> None:
        """`headers` carry the key where it is not a bearer token."""
        from localvoice.http_client import HttpClient

        self._service = service
        if headers is None:
            headers = {"Authorization": f"Bearer {service.key.reveal() if service.key else 'none'}"}
        self._client = HttpClient(
            service.url,
            {"User-Agent": "localvoice", **headers},
            min(_CONNECT_S, service.timeout_s),
            may_use_proxy=service.is_remote,  # a proxy has no way to this machine
        )
        self._is_closed = False

    async def post(self, path: str, body: Body) -> Answer:
        """The beginning of the answer to a POST, to be closed by the caller.

        Raises:
            ProviderError: no answer, or one that is a refusal.
        """
        with mapped(self._service):
            async with asyncio.timeout(self._service.timeout_s + len(body.data) / _UPLOAD_BYTES_S):
                answer = await self._ask("POST", path, body)
                if answer.status < 300:
                    return answer
                raise await self._refusal(answer)

    async def check(self, path: str = "/models") -> Any:
        """Whether the service would work for us, by a free call; also opens the connection. Returns its answer's JSON.

        Raises:
            ProviderError: it would not.
        """
        with mapped(self._service):
            async with asyncio.timeout(2 * min(_CONNECT_S, self._service.timeout_s)):
                answer = await self._ask("GET", path)
                if answer.status in {401, 402, 403, 429} or answer.status >= 500 or 300 <= answer.status < 400:
                    raise await self._refusal(answer)
                try:
                    return json.loads(await answer.whole())
                except ValueError:
                    return None
                finally:
                    await answer.close()

    async def close(self) -> None:
        """Hang up."""
        self.forget()
        await asyncio.sleep(0)  # sockets are closed with the next step of the loop

    def forget(self) -> None:
        """From now on calls fail, and so does what is being read."""
        if self._is_closed:
            return
        self._is_closed = True
        if is_running():
            self._client.close()

    async def _ask(self, method: str, path: str, body: Body | None = None) -> Answer:
        self._check_open()
        link = await self._client.ask(method, path, body)
        try:
            self._check_open()  # it may have been closed while the connection was made
            head = await link.head()
            _check_encoding(head, self._service)
        except BaseException:
            self._client.leave(link)
            raise
        return Answer(head, link, self._client, self._service)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ProviderBroken(f"{self._service.name} was closed", provider=self._service.name)

    async def _refusal(self, answer: Answer) -> ProviderError:
        try:
            body = (await answer.whole()).decode("utf-8", errors="replace")
            return refusal(self._service, answer.status, said_in(body), answer.headers)
        finally:
            answer.hang_up()  # it may have come early, and the rest of the request would stand before the next one


def _check_encoding(head: Head, service: Service) -> None:
    encoding = head.headers.get("content-encoding", "")
    if head.status < 300 and not _COMPRESSED.isdisjoint(encoding.lower().replace(",", " ").split()):
        message = f"{service.name} answers compressed ({encoding}), and was asked not to: switch that off at its server"
        raise ProviderBroken(plain(service, message), provider=service.name)


@contextmanager
def mapped(service: Service, *, was_accepted: bool = False) -> Iterator[None]:
    """Failures of a call to `service` as ours."""
    import h11

    from localvoice.http_client import ConnectTimeout

    name = service.name
    try:
        yield
    except TimeoutError as error:
        what = "cannot be reached" if isinstance(error, ConnectTimeout) else "does not answer"
        raise ProviderUnavailable(f"{name} {what} ({service.host})", provider=name) from error
    except (OSError, h11.RemoteProtocolError) as error:
        what = "broke off" if was_accepted else "cannot be reached"
        raise ProviderUnavailable(
            f"{name} {what} ({service.host}): {plain(service, reason_of(error)) or type(error).__name__}",
            provider=name,
            may_retry=not was_accepted,
        ) from error
    except (h11.LocalProtocolError, UnicodeError) as error:
        message = f"{name} cannot be asked: its address or its key holds what cannot be sent ({type(error).__name__})"
        raise ProviderBroken(message, provider=name) from None  # the error quotes headers, and the key is one


def reason_of(error: Exception) -> str:
    """The system's word for what failed, without the numbers and addresses that asyncio puts around it."""
    if isinstance(error, socket.gaierror):
        return str(error.strerror).lower()
    if isinstance(error, ssl.SSLError):
        return str(error)
    number: int = getattr(error, "errno", None) or 0
    if not number and (first := _NUMBER.search(str(error))):
        number = int(first[1])  # of several addresses
    if number not in errno.errorcode:
        return str(error)
    known = os.strerror(number)  # on Windows none of a socket is
    return str(getattr(error, "strerror", None) or error if known.startswith("Unknown") else known).lower()


def refusal(service: Service, status: int, said: str, headers: Mapping[str, str]) -> ProviderError:
    """What an HTTP status other than success comes to; `said` is the service's own word for it."""
    name, said = service.name, plain(service, said)
    if 300 <= status < 400:
        place = plain(service, headers.get("location", "").partition("?")[0])
        there = f"{status}, to {place}" if place else f"{status}"
        message = f"{name} is not at its address ({there}): correct engines.{name}.base_url, or log in to this network"
        return ProviderUnavailable(message, provider=name)
    if status in {401, 403} and "quota" not in said:
        variable = KEY_VARIABLES.get(name)
        cure = f": check {variable}, or `localvoice keys set {name}`" if variable else ""
        return ProviderRefused(f"{name} refused the key ({status}){cure}", provider=name)
    if status in {401, 402, 403, 404} or "insufficient_quota" in said or "quota_exceeded" in said:
        return ProviderRefused(f"{name} will not do it ({status}): {said}".rstrip(": "), provider=name)
    if status in {408, 409, 429, 498} or status >= 500:
        wait_s = retry_after_s(headers)
        busy = status in {429, 498}
        what = "has had enough of us for now" if busy else "has failed"
        message = f"{name} {what} ({status}): {said}".rstrip(": ")
        return ProviderUnavailable(message, provider=name, retry_after_s=wait_s, may_retry=not busy and wait_s is None)
    return ProviderBroken(f"{name} did not take the request ({status}): {said}".rstrip(": "), provider=name)


def plain(service: Service, text: str) -> str:
    """What a service said, in a line for the screen, without the key and without codes that a terminal acts on."""
    key = service.key.reveal() if service.key else ""
    line = " ".join(printable(text.replace(key, "***") if key else text).split())
    return line if len(line) <= _MESSAGE_CHARS else line[:_MESSAGE_CHARS] + "…"


def said_in(body: str | bytes) -> str:
    """What an answer says about a failure; nothing where it is a web page."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for field in ("error", "detail"):
        if isinstance(found, dict) and field in found:
            found = found[field]
    if isinstance(found, dict):
        return " ".join(str(found[key]) for key in _WORDS if found.get(key))
    return found if isinstance(found, str) else ""


class Answer:
    """What a service answers, as it comes."""

    def __init__(self, head: Head, link: Link, client: HttpClient, service: Service) -> None:
        self.status = head.status
        self.headers = head.headers
        self.media_type = head.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._link = link
        self._client = client
        self._service = service
        self._left_s = service.timeout_s
        """Spent by waiting and earned by bytes: one at a time may come for ever."""

    async def piece(self) -> bytes | None:
        """The next bytes, None behind the last. Raises `ProviderError`."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with mapped(self._service, was_accepted=self.status < 400):
            async with asyncio.timeout(self._left_s):
                piece = await self._link.piece()
        earned_s = len(piece or b"") / _SLOWEST_BYTES_S
        self._left_s = min(self._service.timeout_s, self._left_s - (loop.time() - began_s) + earned_s)
        return piece

    def plain(self, text: str) -> str:
        """What the service said, for the screen: see `plain`."""
        return plain(self._service, text)

    async def whole(self) -> bytes:
        """All of it. Raises `ProviderError`."""
        pieces = []
        while (piece := await self.piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def close(self) -> None:
        """Hang up, unless all has been read: then the connection waits for the next call."""
        self._client.leave(self._link)

    def hang_up(self) -> None:
        """Whatever has been read."""
        self._link.hang_up()
        self._client.leave(self._link)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """What a service asks for before the next request, in seconds; dates are not read."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit_s)
        except (KeyError, ValueError):
            continue
    return None
