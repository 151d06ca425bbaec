"""The player of a file or pipe: the queue's effects seen from the event loop."""

from __future__ import annotations

import asyncio

from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.samples import resample, silence
from localvoice.messages import Position, SpeechChunk

QUEUE_S = 0.4
"""Sound held ready before `write` waits: enough for a slow clause, little enough to keep model and voice in step."""


class QueuePlayer:
    """`engines.Player` on a `PlaybackQueue` that somebody else renders."""

    def __init__(self, queue: PlaybackQueue) -> None:
        self._queue = queue

    @property
    def rate_hz(self) -> int:
        """Rate at which positions are counted."""
        return self._queue.rate_hz

    @property
    def xruns(self) -> int:
        """None: whoever renders a file takes all the time it needs."""
        return 0

    def begin(self, turn: int) -> None:
        """Start an empty reply."""
        self._queue.begin(turn)

    async def write(self, turn: int, chunk: SpeechChunk) -> int:
        """Queue a chunk once less than 400 ms are waiting; returns the reply's length so far."""
        samples = resample(chunk.samples, chunk.rate_hz, self.rate_hz)
        surplus = self._queue.queued(turn) - round(QUEUE_S * self.rate_hz)
        if surplus > 0:
            await self.reached(turn, self._queue.position().frames + surplus)
        return self._queue.append(turn, samples)

    async def reached(self, turn: int, frame: int) -> float:
        """Wait until a sample sounds; its time on the clock of the renderer."""
        loop = asyncio.get_running_loop()
        sounded: asyncio.Future[float] = loop.create_future()

        def settle(at_s: float) -> None:
            if not sounded.done():
                sounded.set_result(at_s)

        self._queue.when_reached(turn, frame, lambda at_s: loop.call_soon_threadsafe(settle, at_s))
        return await sounded

    async def drain(self, turn: int) -> Position:
        """Wait until everything written has been rendered."""
        written = self._queue.append(turn, silence(0))
        if written:
            await self.reached(turn, written - 1)
        return self._queue.position()

    def position(self) -> Position:
        """How far the reply has come."""
        return self._queue.position()

    def duck(self, gain_db: float, ramp_ms: float) -> None:
        """Lower (or restore, 0 dB) the level."""
        self._queue.duck(10 ** (gain_db / 20), ramp_ms / 1000)

    def pause(self) -> None:
        """Hold the reply."""
        self._queue.pause()

    def resume(self, back_to: int | None = None) -> None:
        """Go on at full level."""
        self._queue.resume(back_to)

    def cut(self) -> Position:
        """Stop now and drop the rest."""
        return self._queue.cut()

    def close(self) -> None:
        """Nothing to free: the file belongs to whoever renders it."""
