"""Services spoken to over HTTP: one warm connection each, and their failures as ours.

Rule of this file: a key leaves it in the header of a request and nowhere else, whatever a service answers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localvoice.addresses import host_of, is_here
from localvoice.beside import is_running, leave
from localvoice.errors import ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.secrets_store import KEY_VARIABLES, Secret
from localvoice.streams import close_iterator

if TYPE_CHECKING:
    import httpx

_CONNECT_S = 3.0
"""A connection that takes longer is not one for a conversation: a healthy one takes 0.05 to 0.2 s, TLS included."""
_IDLE_S = 300.0
"""How long a connection is kept for the next turn; services close theirs sooner, and then it is opened anew."""
_SLOWEST_BYTES_S = 100
"""An answer that comes slower has stalled: a word of a written reply takes 200 bytes and more, one of speech 10,000."""
_UPLOAD_BYTES_S = 50_000
"""A turn is sent at least so fast; slower ones take too long anyway."""
_MESSAGE_CHARS = 160
"""Of what a service says about a failure."""
_WORDS = ("code", "error_code", "err_code", "status", "message", "err_msg")
"""Where vendors put that word."""


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
        import httpx

        self._service = service
        if headers is None:
            headers = {"Authorization": f"Bearer {service.key.reveal() if service.key else 'none'}"}
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "localvoice", **headers},
            # `post` and `Answer` keep the time: limits of httpx cost 0.2 ms a call, and a drip resets them
            timeout=httpx.Timeout(None, connect=min(_CONNECT_S, service.timeout_s)),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=2, keepalive_expiry=_IDLE_S),
            verify=service.url.startswith("https"),  # reading the certificates takes a while
            trust_env=service.is_remote,  # a proxy has no way to this machine
        )
        self._is_closed = False

    async def post(self, path: str, **content: Any) -> Answer:
        """The beginning of the answer to a POST, to be closed by the caller; `content` as httpx takes it.

        Raises:
            ProviderError: no answer, or one that is a refusal.
        """
        self._check_open()
        with self._mapped():
            request = self._client.build_request("POST", self._service.url + path, **content)
            request.read()  # a form goes out in one piece: part by part, each is a packet and a wait of its own
            size = int(request.headers.get("Content-Length", 0))
            async with asyncio.timeout(self._service.timeout_s + size / _UPLOAD_BYTES_S):
                response = await self._client.send(request, stream=True)
                if response.status_code < 400:
                    return Answer(response, self._mapped, self._service)
                try:
                    raise await self._refusal(response)
                finally:
                    await response.aclose()

    async def check(self, path: str = "/models") -> Any:
        """Whether the service would work for us, by a free call; also opens the connection. Returns its answer's JSON.

        Raises:
            ProviderError: it would not.
        """
        self._check_open()
        with self._mapped():
            limit_s = min(_CONNECT_S, self._service.timeout_s)
            async with asyncio.timeout(2 * limit_s):
                response = await self._client.get(self._service.url + path, timeout=limit_s)
            if response.status_code in {401, 402, 403, 429} or response.status_code >= 500:
                raise await self._refusal(response)
            try:
                return response.json()
            except ValueError:
                return None

    async def close(self) -> None:
        """Hang up."""
        self._is_closed = True
        await self._client.aclose()

    def forget(self) -> None:
        """From now on calls fail; what is open is closed as soon as the loop comes to it."""
        if self._is_closed:
            return
        self._is_closed = True
        if is_running():
            leave(self._client.aclose())

    def _check_open(self) -> None:
        if self._is_closed:
            raise ProviderBroken(f"{self._service.name} was closed", provider=self._service.name)

    @contextmanager
    def _mapped(self, *, was_accepted: bool = False) -> Iterator[None]:
        import httpx

        name = self._service.name
        try:
            yield
        except (httpx.TimeoutException, TimeoutError) as error:
            what = "cannot be reached" if isinstance(error, httpx.ConnectTimeout) else "does not answer"
            raise ProviderUnavailable(f"{name} {what} ({self._service.host})", provider=name) from error
        except httpx.TransportError as error:
            what = "broke off" if was_accepted else "cannot be reached"
            raise ProviderUnavailable(
                f"{name} {what} ({self._service.host}): {self._plain(str(error)) or type(error).__name__}",
                provider=name,
                may_retry=not was_accepted,
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise ProviderBroken(
                f"{name} answered what cannot be read: {type(error).__name__}", provider=name
            ) from error

    async def _refusal(self, response: httpx.Response) -> ProviderError:
        body = (await response.aread()).decode("utf-8", errors="replace")
        return refusal(self._service, response.status_code, said_in(body), response.headers)

    def _plain(self, text: str) -> str:
        return plain(self._service, text)


def refusal(service: Service, status: int, said: str, headers: Mapping[str, str]) -> ProviderError:
    """What an HTTP status other than success comes to; `said` is the service's own word for it."""
    name, said = service.name, plain(service, said)
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
    """What a service said, in a line for the screen, without the key."""
    key = service.key.reveal() if service.key else ""
    line = " ".join((text.replace(key, "***") if key else text).split())
    return line if len(line) <= _MESSAGE_CHARS else line[:_MESSAGE_CHARS] + "…"


def said_in(body: str | bytes) -> str:
    """What an answer says about a failure; nothing where it is a web page."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    for field in ("error", "detail"):
        if isinstance(found, dict) and field in found:
            found = found[field]
    if isinstance(found, dict):
        return " ".join(str(found[key]) for key in _WORDS if found.get(key))
    return found if isinstance(found, str) else ""


class Answer:
    """What a service answers, as it comes."""

    def __init__(
        self, response: httpx.Response, mapped: Callable[..., AbstractContextManager[None]], service: Service
    ) -> None:
        self.media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._response = response
        self._pieces = response.aiter_bytes()
        self._mapped = mapped
        self._service = service
        self._patience_s = self._left_s = service.timeout_s
        """The second is spent by waiting and earned by bytes: one at a time may come for ever."""

    async def piece(self) -> bytes | None:
        """The next bytes, None behind the last. Raises `ProviderError`."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with self._mapped(was_accepted=True):
            async with asyncio.timeout(self._left_s):
                piece = await anext(self._pieces, None)
        earned_s = len(piece or b"") / _SLOWEST_BYTES_S
        self._left_s = min(self._patience_s, self._left_s - (loop.time() - began_s) + earned_s)
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
        await close_iterator(self._pieces)
        await self._response.aclose()


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """What a service asks for before the next request, in seconds; dates are not read."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit_s)
        except (KeyError, ValueError):
            continue
    return None
