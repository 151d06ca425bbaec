"""What the loudspeaker gave, as the canceller wants it: blocks of 10 ms at 16 kHz, from a clock of any rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from localvoice.audio.low_delay import LowDelayResampler
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_BLOCK = SPEECH_RATE_HZ // 100


class PlayedSound(Protocol):
    """A device's memory of what it was given."""

    steps: int
    """How often its place was put right: each is another way for the echo."""

    def next(self, frames: int) -> Samples:
        """The next `frames` at the device's rate, before they can be heard."""


class FarBlocks:
    """Cuts a playback clock into blocks of 10 ms, and brings them to 16 kHz. Not thread-safe."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._blocks = 0
        self._wanted = _BLOCK
        self._resampler = LowDelayResampler(rate_hz, SPEECH_RATE_HZ)
        # blocks of a rate that 100 does not divide differ in length: one sample more makes up for the shorter ones
        self._ready = silence(1 if rate_hz % 100 else 0)

    @property
    def delay_s(self) -> float:
        """By how much a converted block is behind the sound it was made of."""
        return self._resampler.delay_s

    def next_frames(self, blocks: int = 1) -> int:
        """Length of the next block, or of several, at the clock's own rate."""
        start, end = (round(at * self._rate_hz / 100) for at in (self._blocks, self._blocks + blocks))
        self._blocks += blocks
        self._wanted = blocks * _BLOCK
        return end - start

    def convert(self, played: Samples) -> Samples:
        """160 samples for each block that `next_frames` asked for."""
        ready = np.concatenate((self._ready, self._resampler.feed_parts(played, self._rate_hz // 100)))
        self._ready = ready[self._wanted :]
        return ready[: self._wanted]


class DeviceFarEnd:
    """A loudspeaker that remembers what it played. Belongs to the capture's thread."""

    def __init__(self, played: PlayedSound, rate_hz: int) -> None:
        self._played = played
        self._rate_hz = rate_hz
        self._blocks = FarBlocks(rate_hz)
        self.tap: Callable[[Samples, int], None] | None = None

    @property
    def path(self) -> int:
        """Another number where the echo takes another way from now on."""
        return self._played.steps

    def advance(self, blocks: int = 1) -> Samples:
        """What goes with the blocks captured last, some 30 ms before its echo."""
        played = self._played.next(self._blocks.next_frames(blocks))
        if self.tap is not None:
            self.tap(played, self._rate_hz)
        return self._blocks.convert(played)

    def close(self) -> None:
        """The memory belongs to the player."""
