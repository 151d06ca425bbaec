"""A file as a microphone: read at the pace of real time, while nothing is heard in it half a second at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Event

import numpy as np

from localvoice.audio.duplex import BLOCK, BLOCK_S, LOOK_BLOCKS
from localvoice.audio.files import SoundSource
from localvoice.audio.quiet_room import LOOK_S, QuietRoom, loudest
from localvoice.audio.samples import Samples, silence


class PacedCapture:
    """A sound source read at the pace of real time, by deadlines: a late block is followed by prompt ones."""

    latency_s = 0.0
    xruns = 0

    def __init__(
        self,
        source: SoundSource,
        *,
        in_step: bool = False,
        looks_ahead: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """What is behind `source`.

        Args:
            source: Of the sound.
            in_step: Somebody who may wait for what we play to each 10 ms, so no more is read at once.
            looks_ahead: All of it is there already: when to read it can be known before.
            clock: Of the pace.
            sleep: On that clock.
        """
        self._source = source
        self._in_step = in_step
        self._clock, self._sleep = clock, sleep
        self._called = Event()
        self._due_s: float | None = None
        self._ahead = silence(0)
        """Looked at, not read yet."""
        self._room = QuietRoom.for_looks() if looks_ahead else None
        self.ended = False
        """Whether the source has been read to its end: set by `read`, since it ends before what is ahead has been."""

    def read(self, blocks: int = 1) -> Samples:
        """The next block, or several, at the time at which a microphone would have them."""
        self._called.clear()
        blocks = 1 if self._in_step else blocks
        self._due_s = self._now_due_s + blocks * BLOCK_S
        wait_s = self._due_s - self._clock()
        if wait_s > 0:
            self._sleep(wait_s)
        self._look_ahead(blocks)
        read, self._ahead = self._ahead[: blocks * BLOCK], self._ahead[blocks * BLOCK :]
        if self._source.ended and not len(self._ahead) and not self.ended:
            self.ended = True
            if self._room is None:  # a writer was late, not we: the silence behind its end must not make up for that
                self._due_s = max(self._due_s, self._clock())
        return read

    def wait(self, blocks: int) -> int:
        """As `duplex.Capture` says."""
        if self._room is None:
            return LOOK_BLOCKS
        looks = self._quiet_looks(self._room, blocks // LOOK_BLOCKS)
        begin_s = self._now_due_s
        wait_s = begin_s + looks * LOOK_S - self._clock()
        if wait_s > 0 and self._is_called(wait_s):
            looks = min(looks, max(1, math.ceil((self._clock() - begin_s) / LOOK_S)))  # whoever calls may come late
        return looks * LOOK_BLOCKS

    def _is_called(self, within_s: float) -> bool:
        if self._sleep is time.sleep:
            return self._called.wait(within_s)
        self._sleep(within_s)
        return self._called.is_set()

    def _quiet_looks(self, room: QuietRoom, looks: int) -> int:
        """After how many of them something stands out or the sound is over; all where nothing does."""
        for look in range(1, looks + 1):
            self._look_ahead(look * LOOK_BLOCKS)
            if room.stands_out(loudest(self._ahead[: look * LOOK_BLOCKS * BLOCK])) or self._source.ended:
                return look
        return looks

    def call(self) -> None:
        """Let `wait` end soon. Any thread."""
        self._called.set()

    @property
    def _now_due_s(self) -> float:
        """When a microphone would begin to record what is read next."""
        if self._due_s is None:
            self._due_s = self._clock()
        return self._due_s

    def _look_ahead(self, blocks: int) -> None:
        if (missing := blocks * BLOCK - len(self._ahead)) > 0:
            self._ahead = np.concatenate((self._ahead, self._source.read(missing)))

    def close(self) -> None:
        """Close the source."""
        self._source.close()
