"""An open socket of a streaming recogniser: it waits for its utterance, and then it has one.

Rule of this file: whatever happens to the socket comes out as one `ProviderError`, by who listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, to_int16
from localvoice.beside import is_running, leave, start
from localvoice.errors import ProviderBroken, ProviderError, ProviderUnavailable
from localvoice.messages import Partial
from localvoice.remote import Service, refusal
from localvoice.streams import Resumable
from localvoice.stt.wire import Complaint, Frame, Wire

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_GREETING_S = 3.0
"""As for a connection: a healthy service speaks within 0.3 s."""
_FINAL_S = 4.0
"""From the end of the sound to the last word; healthy services take 0.1 to 0.6 s, and the next engine waits."""
_FAREWELL_S = 1.0
"""Until the service has heard a farewell, while nobody waits for that."""
_WARM_S = 300.0
"""How long a socket waits for the next turn; behind that one is made while one speaks."""
_SHORTEST_S = 0.5
"""Sound sent at least, filled up with silence: some services refuse to look at less than 0.3 s."""
_LEAST_PIECE_S = 0.05
"""Sound in a message at least."""
_BYTES_PER_S = 2 * SPEECH_RATE_HZ


class Line:
    """A socket that may wait for its utterance."""

    def __init__(self, socket: ClientConnection, wire: Wire) -> None:
        self.socket = socket
        self._wire = wire
        self._keeping: asyncio.Task[None] | None = None
        self._is_left = False

    def keep(self) -> None:
        """Keep the service awake while it waits."""
        if self._wire.keep_alive is not None:
            self._keeping = start(self._keep(self._wire.keep_alive, self._wire.keep_alive_s))

    def take(self) -> ClientConnection:
        """It waits no longer."""
        if self._keeping is not None:
            self._keeping.cancel()
        return self.socket

    def hang_up(self) -> None:
        """At once; only where a farewell is due it is said by the loop when it comes to it. May be called twice."""
        socket = self.take()
        if self._wire.farewell is None or not is_running():
            socket.transport.abort()
        elif not self._is_left:
            leave(_bid(socket, self._wire.farewell))
        self._is_left = True

    async def _keep(self, message: Frame, every_s: float) -> None:
        import websockets

        for _ in range(int(_WARM_S / every_s)):
            await asyncio.sleep(every_s)
            try:
                await self.socket.send(message)
            except websockets.ConnectionClosed:
                return
        self.socket.transport.abort()


async def _bid(socket: ClientConnection, farewell: Frame) -> None:
    """Say it, and wait a moment until the service hangs up: what it has not read by then goes with the socket."""
    import websockets

    try:
        async with asyncio.timeout(_FAREWELL_S):
            await socket.send(farewell)
            await socket.wait_closed()
    except (TimeoutError, websockets.ConnectionClosed):
        pass
    finally:
        socket.transport.abort()


class Listening:
    """One utterance on one socket."""

    def __init__(self, line: Line, wire: Wire, service: Service, prompt: str = "") -> None:
        line.take()
        self._line = line
        self._wire = wire
        self._utterance = wire.utterance()
        self._utterance.prompt = prompt
        self._failures = _Failures(service, wire)
        self._outbox = _Outbox(line.socket, wire, service.timeout_s)
        self._last = Partial("", "")
        self._limit: asyncio.TimerHandle | None = None
        """Runs from the end of the sound."""
        self.failure: BaseException | None = None
        """Of the sound: no service is to blame for that."""

    async def greeting(self) -> None:
        """Wait until the service has said that it will listen. Raises `ProviderError`."""
        try:
            async with asyncio.timeout(min(_GREETING_S, self._outbox.patience_s)):
                with self._failures.told():
                    self._utterance.take(await self._line.socket.recv())
        except TimeoutError as error:
            raise self._failures.unavailable("does not answer") from error

    async def send(self, blocks: AsyncIterator[Samples]) -> None:
        """Send all of `blocks`, an empty one as a question. Raises what they do, and hangs up then."""
        source = Resumable(blocks)
        try:
            await self._outbox.tell(*self._utterance.opening())
            while (block := await self._next(source)) is not None:
                if len(block):
                    await self._outbox.put(block, self._utterance.sound)
                else:
                    await self._ask()
            await self._finish()
        except BaseException as error:
            self.failure = error
            self.hang_up()
            raise
        finally:
            await source.close()

    async def _next(self, source: Resumable[Samples]) -> Samples | None:
        """None behind the last. The service is kept awake meanwhile."""
        while True:
            try:
                async with asyncio.timeout(self._wire.keep_alive_s or None):
                    return await anext(source, None)
            except TimeoutError:
                if self._wire.keep_alive is not None:
                    await self._outbox.tell(self._wire.keep_alive)

    async def _ask(self) -> None:
        if question := self._utterance.ask(self._outbox.taken_s):
            await self._outbox.catch_up(self._utterance.sound)
            await self._outbox.tell(*question)

    async def _finish(self) -> None:
        await self._outbox.flush(self._utterance.sound)
        patience_s = min(_FINAL_S, self._outbox.patience_s)
        self._limit = asyncio.get_running_loop().call_later(patience_s, self._give_up)
        ending = self._utterance.end(self._outbox.taken_s)
        if self._outbox.taken_s:
            await self._outbox.tell(*ending)
        else:
            self.hang_up()

    def _give_up(self) -> None:
        self._failures.is_late = True
        self.hang_up()

    def hang_up(self) -> None:
        """As `Line.hang_up`."""
        if self._limit is not None:
            self._limit.cancel()
        self._line.hang_up()

    async def next(self) -> Partial | None:
        """What is new, None behind the final one. Raises `ProviderError`."""
        if self._last.is_final:
            return None
        import websockets

        with self._failures.told():
            while True:
                try:
                    partial = self._read(await self._line.socket.recv())
                except websockets.ConnectionClosed as error:
                    is_empty = self._limit is not None and not self._outbox.taken_s
                    is_whole = error.rcvd is not None and error.rcvd.code == 1000 and self._utterance.is_whole()
                    if not (is_empty or is_whole):
                        raise
                    partial = self._utterance.words.final(self._outbox.taken_s)
                if partial != self._last:
                    self._last = partial
                    return partial

    def _read(self, message: Frame) -> Partial:
        self._failures.has_heard = True
        utterance = self._utterance
        if utterance.take(message):
            return utterance.words.final(self._outbox.taken_s)
        return utterance.words.partial(utterance.settled_s)


class _Outbox:
    """Sound on its way to the service, in pieces as it likes them."""

    def __init__(self, socket: ClientConnection, wire: Wire, patience_s: float) -> None:
        self._socket = socket
        self._piece = round(wire.piece_s * SPEECH_RATE_HZ) * 2
        self.patience_s = patience_s
        self._taken = 0
        self._waiting = bytearray()
        self._sent = 0
        """Bytes, with what they were filled up with."""

    @property
    def taken_s(self) -> float:
        """Seconds of sound that were put in."""
        return self._taken / SPEECH_RATE_HZ

    async def put(self, block: Samples, framed: Callable[[bytes], Frame]) -> None:
        """Send as much as makes whole pieces."""
        self._taken += len(block)
        self._waiting += to_int16(block).tobytes()
        while len(self._waiting) >= self._piece:
            await self._send(bytes(self._waiting[: self._piece]), framed)
            del self._waiting[: self._piece]

    async def catch_up(self, framed: Callable[[bytes], Frame]) -> None:
        """As `flush`, in a pause: less than a piece of its silence may wait for what follows it."""
        is_enough = self._sent >= _SHORTEST_S * _BYTES_PER_S
        if not is_enough or len(self._waiting) >= _LEAST_PIECE_S * _BYTES_PER_S:
            await self.flush(framed)

    async def flush(self, framed: Callable[[bytes], Frame]) -> None:
        """Send the rest, filled up with silence where services refuse so little."""
        missing = round(_SHORTEST_S * _BYTES_PER_S) - self._sent - len(self._waiting)
        least = round(_LEAST_PIECE_S * _BYTES_PER_S) if self._waiting else 0
        rest = bytes(self._waiting).ljust(max(least, len(self._waiting) + missing), b"\0")
        self._waiting.clear()
        if rest and self._taken:
            await self._send(rest, framed)

    async def _send(self, pcm: bytes, framed: Callable[[bytes], Frame]) -> None:
        self._sent += len(pcm)
        await self.tell(framed(pcm))

    async def tell(self, *frames: Frame) -> None:
        """Send messages; where that cannot be done, who listens finds out, and why."""
        import websockets

        try:
            async with asyncio.timeout(self.patience_s):
                for frame in frames:
                    await self._socket.send(frame)
        except websockets.ConnectionClosed:
            return
        except TimeoutError:  # nobody takes what is sent
            self._socket.transport.abort()


class _Failures:
    """What has become of a socket, as an error of ours."""

    def __init__(self, service: Service, wire: Wire) -> None:
        self._service = service
        self._statuses = wire.statuses
        self.has_heard = False
        """Whether the service has answered: from then on another try would be paid twice."""
        self.is_late = False

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raises `ProviderError`s in place of what else is raised."""
        import websockets

        name = self._service.name
        try:
            yield
        except Complaint as error:
            raise self._complaint(error.code, error.said) from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ProviderBroken(f"{name} sent a message that cannot be read", provider=name) from error
        except websockets.ConnectionClosed as error:
            close = error.rcvd
            if close is not None and (close.code not in {1000, 1001} or str(close.code) in self._statuses):
                raise self._complaint(str(close.code), close.reason) from error
            raise self.unavailable(
                "does not answer" if self.is_late else "broke off in the middle of a turn"
            ) from error

    def unavailable(self, what: str) -> ProviderUnavailable:
        """Another try may help where nothing was heard yet."""
        name = self._service.name
        may_retry = not (self.has_heard or self.is_late)
        return ProviderUnavailable(f"{name} {what} ({self._service.host})", provider=name, may_retry=may_retry)

    def _complaint(self, code: str, said: str) -> ProviderError:
        error = refusal(self._service, self._statuses.get(code, 500), f"{code} {said}", {})
        if isinstance(error, ProviderUnavailable):
            error.may_retry &= not self.has_heard
        return error
