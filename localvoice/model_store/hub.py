"""Requests to the hub: where it is, who may know the token, what it publishes about a file.

Rule of this file: httpx and its errors do not leave it; what may be tried again leaves as `Broken`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from localvoice.addresses import NO_PROXY_ADDRESS, NO_SOCKS
from localvoice.errors import ConfigError, ModelError
from localvoice.model_store.catalogue import DEFAULT_ENDPOINT

if TYPE_CHECKING:
    import httpx

_MAX_REDIRECTS = 8
_CONNECT_S = 10.0
_SILENCE_S = 30.0
"""Seconds without a byte after which a connection counts as broken; a stalled one is resumed sooner than by hand."""
_YES = frozenset({"1", "on", "yes", "true"})
_SHA256_DIGITS = 64


class Broken(Exception):
    """A request came to nothing, but the next one may not."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Unreachable(Broken):
    """No connection came about at all."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Where models come from."""

    endpoint: str = DEFAULT_ENDPOINT
    token: str = field(default="", repr=False)
    offline: str = ""
    """What forbids the network ("--offline"); empty: it is allowed."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, offline: bool = False) -> HubSettings:
        """The hub's own variables: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`.

        Raises:
            ConfigError: the endpoint is no http(s) address.
        """
        endpoint = environ.get("HF_ENDPOINT", "").strip().rstrip("/") or DEFAULT_ENDPOINT
        if urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname:
            message = f"HF_ENDPOINT is {endpoint!r}, not an address like {DEFAULT_ENDPOINT}: correct or unset it"
            raise ConfigError(message, key="HF_ENDPOINT", source="environment")
        forbidden = "HF_HUB_OFFLINE" if environ.get("HF_HUB_OFFLINE", "").strip().lower() in _YES else ""
        return cls(endpoint, environ.get("HF_TOKEN", "").strip(), "--offline" if offline else forbidden)

    def require_network(self) -> None:
        """Raise `ConfigError` when the user has forbidden it."""
        if self.offline:
            raise ConfigError(
                f"{self.offline} forbids downloads: leave it out, or bring the files with "
                f"`localvoice models import DIR`",
                key=self.offline,
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """The beginning of a server's answer; its body is read with `blocks`."""

    status: int
    headers: Mapping[str, str]
    sha256: str
    """Of the whole file, as published by the hub; empty where it publishes none."""
    total_bytes: int | None
    """Length of the whole file; None where the server does not say."""
    response: httpx.Response

    async def blocks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises `Broken` when the connection does not last."""
        body = self.response.aiter_raw()
        while True:
            with _transport_errors(self.response.url.host):
                block = await anext(body, None)
            if block is None:
                return
            yield block


class Hub:
    """Downloads from one hub. One event loop; close it by leaving `async with`."""

    def __init__(self, settings: HubSettings) -> None:
        """Raises `ModelError` where the proxy of the environment cannot be used."""
        import httpx

        self.settings = settings
        timeout = httpx.Timeout(_SILENCE_S, connect=_CONNECT_S)
        try:
            self._client = httpx.AsyncClient(timeout=timeout, headers={"User-Agent": "localvoice"})
        except (httpx.InvalidURL, ValueError):
            raise ModelError(NO_PROXY_ADDRESS) from None  # the error quotes the password
        except ImportError as error:
            raise ModelError(NO_SOCKS) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Answer]:
        """Ask for `url`, following redirects; the hub's token goes to the hub alone.

        Raises:
            Broken: worth another try.
            ModelError: will not become better by trying.
        """
        published: dict[str, str] = {}
        for hops in range(_MAX_REDIRECTS):
            response = await self._send(url, headers)
            try:
                for name in ("X-Linked-Etag", "X-Linked-Size"):
                    if name in response.headers:
                        published.setdefault(name, response.headers[name])
                if response.has_redirect_location:
                    url = self._redirected(url, response.headers["Location"])
                    continue
                _check_status(response, is_redirected=hops > 0)
                yield _answer(response, published)
                return
            finally:
                await response.aclose()
        raise ModelError(f"{urlsplit(url).hostname} redirects in a circle: try again later or set HF_ENDPOINT")

    async def _send(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        # a compressed body would have another length, checksum and range than the file
        own = {**headers, "Accept-Encoding": "identity", **self.authorization(url)}
        with _transport_errors(urlsplit(url).hostname or url):
            request = self._client.build_request("GET", url, headers=own)
            return await self._client.send(request, stream=True, follow_redirects=False)

    def authorization(self, url: str) -> dict[str, str]:
        """The token's header for the hub itself; nothing for other hosts, or where it could be read on the way."""
        is_safe = urlsplit(url).scheme == "https" or urlsplit(url).hostname in {"127.0.0.1", "::1", "localhost"}
        if self.settings.token and is_safe and _origin(url) == _origin(self.settings.endpoint):
            return {"Authorization": f"Bearer {self.settings.token}"}
        return {}

    @staticmethod
    def _redirected(url: str, location: str) -> str:
        target = urljoin(url, location)
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
            raise ModelError(f"{urlsplit(url).hostname} redirects to an unencrypted address: use another HF_ENDPOINT")
        return target


def _check_status(response: httpx.Response, *, is_redirected: bool) -> None:
    """Let 200, 206 and 416 pass; the caller knows what they mean for a range."""
    status, host = response.status_code, response.url.host
    if status in {200, 206} or (status == 416 and "Range" in response.request.headers):
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Broken(f"{host} sent the file compressed, which was not asked for")
        return
    if status in {408, 429} or status >= 500:
        raise Broken(f"{host} answered {status}", retry_after_s=_retry_after(response.headers.get("Retry-After")))
    if is_redirected:  # signed addresses expire: the hub gives out a fresh one
        raise Broken(f"{host} answered {status}")
    if status in {401, 403}:
        raise ModelError(f"{host} refuses access ({status}): set HF_TOKEN, or accept the model's terms on its page")
    raise ModelError(f"{host} does not have {response.url.path} ({status}): a newer localvoice may know where it went")


def _answer(response: httpx.Response, published: Mapping[str, str]) -> Answer:
    etag = published.get("X-Linked-Etag", "").removeprefix("W/").strip('"').lower()
    is_sha256 = len(etag) == _SHA256_DIGITS and set(etag) <= set("0123456789abcdef")
    total = published.get("X-Linked-Size") or response.headers.get("Content-Range", "").rpartition("/")[2]
    if not total and response.status_code == 200:
        total = response.headers.get("Content-Length", "")
    return Answer(
        response.status_code,
        response.headers,
        etag if is_sha256 else "",
        int(total) if total.isdecimal() else None,
        response,
    )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header; the form with a date is rare on hubs and means our own back-off."""
    return float(value) if value and value.strip().isdecimal() else None


@contextmanager
def _transport_errors(host: str) -> Iterator[None]:
    """Httpx's errors as ours."""
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise Unreachable(f"cannot reach {host} ({error or type(error).__name__})") from error
    except httpx.TransportError as error:
        raise Broken(f"the connection to {host} broke ({error or type(error).__name__})") from error
    except httpx.InvalidURL as error:
        raise ModelError(f"{host} sent an address that cannot be read ({error}): set HF_ENDPOINT to another") from error
