"""One connection that speaks HTTP/1.1: the bytes by asyncio, the grammar by h11.

Rule of this file: it carries one call at a time, and the next one only where the answer was read to its end and nothing
came behind it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import h11

_LONGEST_HEAD_BYTES = 100 * 1024
"""Of an answer; services send a few hundred."""
_UNREAD_BYTES = 1024 * 1024
"""Beyond this the other side has to wait for the reader."""


@dataclass(frozen=True, slots=True)
class Head:
    """How an answer begins."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""


class Link(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD_BYTES)
        self._ways: list[asyncio.Transport] = []
        """Its transport, before those that TLS writes to: TLS counts nothing that it has handed on."""
        self._news: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self._broken: h11.RemoteProtocolError | None = None
        """What is wrong with the answer, found behind bytes that were read first."""
        self._is_busy = False
        self._unread = 0
        self.rested_s = 0.0
        """Loop time of the last answer's end."""

    # called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream socket has
        self._ways = [transport]

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not self._is_busy:
            self.hang_up()  # nobody asked for it: some services say that they close, and then do
            return
        self._http.receive_data(data)
        self._unread += len(data)
        if self._unread > _UNREAD_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`."""
        self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._end(error)
        self._ways.clear()

    def _end(self, error: Exception | None) -> None:
        if self._failure is None:
            self._failure = error or ConnectionResetError("the connection was closed")
            if error is None:
                self._http.receive_data(b"")
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    # called by who speaks

    @property
    def _transport(self) -> asyncio.Transport | None:
        return self._ways[0] if self._ways else None

    @property
    def can_ask(self) -> bool:
        """Whether a request can be sent."""
        return self._failure is None and not self._is_busy and self._transport is not None

    def ask(self, request: h11.Request, body: bytes) -> None:
        """Send a request in one piece. Raises `h11.LocalProtocolError` where it is none."""
        if self._transport is None:
            raise self._failure or ConnectionResetError("the connection was closed")
        sent = [self._http.send(request)]
        if body:
            sent.append(self._http.send(h11.Data(data=body)))
        sent.append(self._http.send(h11.EndOfMessage()))
        self._is_busy = True
        self._transport.write(b"".join(sent))

    async def head(self) -> Head:
        """The beginning of the answer.

        Raises:
            OSError, h11.RemoteProtocolError: there is none.
        """
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Response):
                named = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
                return Head(event.status_code, named)
            if isinstance(event, h11.ConnectionClosed):
                raise self._failure or ConnectionResetError("the connection was closed")
            if not isinstance(event, h11.InformationalResponse):
                await self._more()

    async def piece(self) -> bytes | None:
        """All bytes of the answer that are here, waiting for some; None behind the last.

        Raises:
            OSError, h11.RemoteProtocolError: it broke off.
        """
        parts: list[bytes] = []
        while self._is_busy:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                if parts:
                    self._broken = error
                    break  # it is raised when these have been read
                raise (self._broken or error) from error
            if isinstance(event, h11.Data):
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._rest()
            elif parts:
                break
            else:
                await self._more()
        return b"".join(parts) if parts else None

    def _rest(self) -> None:
        """The answer is over: the next request may follow, where this side and the other have left it so."""
        self._is_busy = False
        self.rested_s = asyncio.get_running_loop().time()
        is_whole = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if is_whole and self._is_sent and not self._http.trailing_data[0]:
            self._http.start_next_cycle()
            self._read_on()  # at rest as well: or it would not be seen that the other side closes
        else:
            self.hang_up()

    @property
    def _is_sent(self) -> bool:
        return bool(self._ways) and not any(way.get_write_buffer_size() for way in self._ways)

    def _read_on(self) -> None:
        self._unread = 0
        if self._transport is not None:
            self._transport.resume_reading()

    async def _more(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._read_on()
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def hang_up(self) -> None:
        """At once."""
        if self._failure is None:
            self._failure = ConnectionAbortedError("hung up")
        if self._transport is not None:
            self._transport.abort()

    async def secure(self, context: ssl.SSLContext, host: str) -> Link:
        """The same way from here on with TLS. Raises `OSError`."""
        if self._transport is None:
            raise self._failure or ConnectionResetError("the connection was closed")
        secured = Link()
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self._transport, secured, context, server_hostname=host)
        if transport is None:
            raise ConnectionResetError("the connection was closed")
        secured.connection_made(transport)
        secured._ways += self._ways
        return secured
