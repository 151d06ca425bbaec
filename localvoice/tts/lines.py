"""What a reply is sent over: a socket of its own, made ahead, or a context on a socket that all replies share.

Rule of this file: nothing of what is said is known here but whose it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from localvoice.beside import Spare, is_running, leave, start
from localvoice.errors import ProviderUnavailable
from localvoice.remote import Service
from localvoice.sockets import is_open

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

Message = str | bytes

_KEEP_ALIVE_S = 20.0
"""Sarvam closes a silent socket after 60 s, ElevenLabs after the 180 s that we ask for."""


class LineClosed(Exception):
    """The other side has closed it, or it was lost: `code` is 1006 then."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Line(Protocol):
    """The way of one reply."""

    async def send(self, message: Message) -> None:
        """Send it; who listens finds out, and why, where it cannot be."""

    async def receive(self) -> Message:
        """The next message. Raises `LineClosed`."""

    def hang_up(self, last_words: Sequence[Message] = ()) -> None:
        """At once; `last_words` end the work where the socket stays."""


class Lines(Protocol):
    """Where a reply gets its line."""

    async def ready(self) -> None:
        """Wait until the next line can be had at once. Raises `ProviderError`."""

    async def take(self, context: str) -> Line:
        """A line for the reply `context`. Raises `ProviderError`."""

    def prepare(self) -> None:
        """Begin to make the next one ready; nobody waits."""

    def close(self) -> None:
        """Hang up what is waiting."""


Connect = Callable[[], Coroutine[Any, Any, "ClientConnection"]]
"""Raises `ProviderError`."""


class OwnSockets:
    """A socket per reply: hanging it up is the whole of a cancellation, and nothing can be left open."""

    def __init__(self, connect: Connect, keep_alive: Message = "") -> None:
        """`keep_alive` is sent on a socket that waits for its reply; empty where the service needs none."""
        self._keep_alive = keep_alive
        self._spare = Spare(connect, is_open, self._tend)

    async def ready(self) -> None:
        """See `Lines.ready`."""
        await self._spare.ready()

    async def take(self, context: str) -> Line:
        """See `Lines.take`."""
        del context
        return _Own(await self._spare.take())

    def prepare(self) -> None:
        """See `Lines.prepare`."""
        self._spare.prepare()

    def close(self) -> None:
        """See `Lines.close`."""
        socket = self._spare.drop()
        if socket is not None:
            socket.transport.abort()

    async def _tend(self, socket: ClientConnection) -> None:
        while self._keep_alive and is_open(socket):
            await asyncio.sleep(_KEEP_ALIVE_S)
            await socket.send(self._keep_alive)


@dataclass(frozen=True, slots=True)
class _Own:
    socket: ClientConnection

    async def send(self, message: Message) -> None:
        import websockets

        with suppress(websockets.ConnectionClosed):
            await self.socket.send(message)

    async def receive(self) -> Message:
        import websockets

        try:
            return await self.socket.recv()
        except websockets.ConnectionClosed as error:
            raise _closed(error) from error

    def hang_up(self, last_words: Sequence[Message] = ()) -> None:
        del last_words
        self.socket.transport.abort()


@dataclass(frozen=True, slots=True)
class Sharing:
    """How replies share a socket."""

    context_of: Callable[[Message], str]
    """The reply that a message is for; empty: for all of them. Raises nothing."""
    limit: int
    """Contexts that may be open at once."""
    keep_alive: Message = ""
    """Sent where nothing came for a while; empty where the service needs none."""


class SharedSocket:
    """One socket for all replies, each with a context of its own. Used from one event loop."""

    def __init__(self, service: Service, connect: Connect, sharing: Sharing) -> None:
        self._service = service
        self._connect = connect
        self._sharing = sharing
        self._lines: dict[str, _Shared] = {}
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self._room = asyncio.Semaphore(sharing.limit)

    async def ready(self) -> None:
        """See `Lines.ready`."""
        async with self._connecting:
            if self._socket is None or not is_open(self._socket):
                self._socket = await self._connect()
                self._reading = start(self._read(self._socket))

    async def take(self, context: str) -> Line:
        """See `Lines.take`."""
        try:
            async with asyncio.timeout(self._service.timeout_s):
                await self._room.acquire()
        except TimeoutError as error:
            name = self._service.name
            raise ProviderUnavailable(f"{name} is still busy with earlier replies", provider=name) from error
        try:
            await self.ready()
            assert self._socket is not None  # noqa: S101 - `ready` has seen to it
        except BaseException:
            self._room.release()
            raise
        line = self._lines[context] = _Shared(self._socket, lambda: self._leave(context))
        return line

    def prepare(self) -> None:
        """See `Lines.prepare`."""
        if self._socket is not None and not is_open(self._socket):
            leave(self.ready())

    def close(self) -> None:
        """See `Lines.close`."""
        socket, self._socket = self._socket, None
        if self._reading is not None and is_running():
            self._reading.cancel()
        if socket is not None:
            socket.transport.abort()

    def _leave(self, context: str) -> None:
        if self._lines.pop(context, None) is not None:
            self._room.release()

    async def _read(self, socket: ClientConnection) -> None:
        """Hand out what comes until the socket is closed, and keep it open meanwhile."""
        import websockets

        try:
            while True:
                try:
                    async with asyncio.timeout(_KEEP_ALIVE_S):
                        message = await socket.recv()
                except TimeoutError:
                    if self._sharing.keep_alive:
                        await socket.send(self._sharing.keep_alive)
                    continue
                for line in self._of(self._sharing.context_of(message)):
                    line.arrived.put_nowait(message)
        except websockets.ConnectionClosed as error:
            for line in [one for one in self._lines.values() if one.socket is socket]:
                line.arrived.put_nowait(_closed(error))

    def _of(self, context: str) -> Sequence[_Shared]:
        """Whose a message is; that of a reply that was hung up is nobody's."""
        if not context:
            return list(self._lines.values())
        return [self._lines[context]] if context in self._lines else []


@dataclass(frozen=True, slots=True)
class _Shared:
    socket: ClientConnection
    left: Callable[[], None]
    arrived: asyncio.Queue[Message | LineClosed] = field(default_factory=asyncio.Queue)
    """Without a limit: what comes is the sound of one reply at most, and the others must not wait for it."""

    async def send(self, message: Message) -> None:
        await _Own(self.socket).send(message)

    async def receive(self) -> Message:
        message = await self.arrived.get()
        if isinstance(message, LineClosed):
            raise message
        return message

    def hang_up(self, last_words: Sequence[Message] = ()) -> None:
        if last_words and is_open(self.socket):
            leave(self._say(last_words))
        self.left()

    async def _say(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await self.send(message)


def _closed(error: Any) -> LineClosed:
    close = error.rcvd
    return LineClosed(close.code, close.reason) if close is not None else LineClosed(1006, "")
