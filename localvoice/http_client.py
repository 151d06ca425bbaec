"""Calls to one host over connections that stay open, through the proxy of the environment where there is one.

Rule of this file: nothing is known here of keys, of what services say, or of how long they may take to say it.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, unquote, urlsplit

import h11

from localvoice.addresses import NO_PROXY_ADDRESS, is_address
from localvoice.http_bodies import Body
from localvoice.http_link import Head, Link

_IDLE_LINKS = 2
"""Kept for the next call: hardly ever is more than one in use."""
_IDLE_S = 300.0
"""How long one is kept for the next turn; services close theirs sooner, and then it is opened anew."""
_OTHER_FAMILY_S = 0.25
"""Until another address of a host is tried beside the first (RFC 8305)."""


class ConnectTimeout(TimeoutError):
    """No connection in time."""


class HttpClient:
    """Used from one event loop; made in any thread."""

    def __init__(self, url: str, headers: Mapping[str, str], connect_s: float, *, may_use_proxy: bool) -> None:
        """`headers` go out with every call; reading the certificates takes a while where `url` wants TLS."""
        self._address = urlsplit(url)
        host, port = self._address.hostname or "", self._address.port
        name = f"[{host}]" if ":" in host else host
        fixed = {"Host": f"{name}:{port}" if port else name, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        self._headers = [(field.encode(), value.encode("utf-8", "surrogateescape")) for field, value in fixed.items()]
        self._path = quote(self._address.path, safe="/%:@!$&'()*+,;=~")
        self._connect_s = connect_s
        self._may_use_proxy = may_use_proxy
        self._context = _context() if self._address.scheme == "https" else None
        self._idle: list[Link] = []
        self._busy: set[Link] = set()

    async def ask(self, method: str, path: str, body: Body | None = None) -> Link:
        """Send a request; the answer is read from what is returned, to be given to `leave`.

        Raises:
            ConnectTimeout: no connection in time.
            OSError, h11.RemoteProtocolError: no connection.
            h11.LocalProtocolError: no request.
        """
        headers = [*self._headers, (b"Content-Length", b"%d" % len(body.data if body else b""))]
        if body is not None:
            headers.append((b"Content-Type", body.media_type.encode()))
        request = h11.Request(method=method, target=self._path + path, headers=headers)
        link = self._rested() or await self._connected()
        self._busy.add(link)
        try:
            link.ask(request, body.data if body else b"")
        except BaseException:
            link.hang_up()
            self.leave(link)
            raise
        return link

    def leave(self, link: Link) -> None:
        """Nobody reads `link` any more: it waits for the next call, or is hung up where more of an answer may come."""
        self._busy.discard(link)
        if link.can_ask and len(self._idle) < _IDLE_LINKS:
            self._idle.append(link)
        else:
            link.hang_up()

    def close(self) -> None:
        """Hang up."""
        for link in (*self._idle, *self._busy):
            link.hang_up()
        self._idle.clear()

    def _rested(self) -> Link | None:
        while self._idle:
            link = self._idle.pop()
            if link.can_ask and asyncio.get_running_loop().time() - link.rested_s < _IDLE_S:
                return link
            link.hang_up()
        return None

    async def _connected(self) -> Link:
        scope = asyncio.timeout(self._connect_s)
        try:
            async with scope:
                proxy = self._proxy()
                return await (self._direct() if proxy is None else self._through(proxy))
        except TimeoutError as error:
            if scope.expired():
                raise ConnectTimeout("no connection in time") from error
            raise

    async def _direct(self) -> Link:
        host, port = self._place
        return await _opened(host, port, self._context)

    @property
    def _place(self) -> tuple[str, int]:
        return self._address.hostname or "", self._address.port or (443 if self._context else 80)

    # proxies

    def _proxy(self) -> SplitResult | None:
        """That of the environment, or of the system where it has such a setting."""
        if not self._may_use_proxy:
            return None
        from urllib.request import getproxies, proxy_bypass

        proxies = getproxies()
        found = proxies.get(self._address.scheme) or proxies.get("all")
        if not found or proxy_bypass(self._address.hostname or ""):
            return None
        return _parsed(found if "://" in found else f"http://{found}")

    async def _through(self, proxy: SplitResult) -> Link:
        """A connection that `proxy` makes for us; it sees who is called, and nothing of what is said."""
        if proxy.scheme not in {"http", "https"}:
            raise ConnectionError(f"a {proxy.scheme} proxy cannot be used: set HTTPS_PROXY to one that takes http://")
        context = _context() if proxy.scheme == "https" else None
        link = await _opened(proxy.hostname or "", proxy.port or (443 if context else 80), context)
        try:
            host, port = self._place
            place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            headers = [("Host", place)]
            if proxy.username:
                password = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
                headers.append(("Proxy-Authorization", f"Basic {b64encode(password.encode()).decode()}"))
            link.ask(h11.Request(method="CONNECT", target=place, headers=headers), b"")
            _check_proxy(await link.head(), proxy)
            assert self._context is not None  # noqa: S101 - nothing else leaves this machine
            return await link.secure(self._context, host)
        except BaseException:
            link.hang_up()
            raise


def _parsed(proxy: str) -> SplitResult:
    try:
        parts = urlsplit(proxy)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        raise ConnectionError(NO_PROXY_ADDRESS) from None  # the error quotes the address, and so the password
    if not parts.hostname:
        raise ConnectionError(NO_PROXY_ADDRESS)
    return parts


def _check_proxy(head: Head, proxy: SplitResult) -> None:
    if not 200 <= head.status < 300:
        raise ConnectionError(f"the proxy {proxy.hostname} answered {head.status}")


async def _opened(host: str, port: int, context: ssl.SSLContext | None) -> Link:
    loop = asyncio.get_running_loop()
    delay_s = None if is_address(host) else _OTHER_FAMILY_S  # with one, `--offline` would not see who calls
    _, link = await loop.create_connection(Link, host, port, happy_eyeballs_delay=delay_s)
    if context is None:
        return link
    try:
        return await link.secure(context, host)
    except BaseException:
        link.hang_up()
        raise


def _context() -> ssl.SSLContext:
    """The certificates of certifi, or those that the environment names."""
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        context = ssl.create_default_context()
    else:
        import certifi

        context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
