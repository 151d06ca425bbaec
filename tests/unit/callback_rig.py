"""The compiled callbacks without a device: blocks are asked for one by one, as PortAudio would."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from localvoice.audio import native
from localvoice.audio.native import Library, RingReader, hold
from localvoice.audio.native_rings import ReplyRing, init_ring
from localvoice.audio.samples import Samples

RATE_HZ = 16_000
EDGE = 80
"""Samples of the 5 ms ramp at 16 kHz."""

BLOCK = 160


def library() -> Library:
    found = native.load()
    if found is None:
        pytest.skip(f"{native.reason()}: `pip install -e .` where a C compiler is makes the library")
    return found


class Playback:
    """`lv_play` with a reply at a time."""

    def __init__(self, channels: int = 1, ring_s: float = 8.0) -> None:
        self.library = library()
        self.lib = self.library.lib
        self.state = self.library.ffi.new("lv_output *")
        self.state.edge, self.state.channels = EDGE, channels
        self._memory = init_ring(self.library, self.state.played, ring_s, RATE_HZ, BLOCK)
        self._kept: list[ReplyRing] = []
        self.played = RingReader(self.library, self.state, "played")

    def begin(self, samples: Samples | None = None) -> ReplyRing:
        """A new reply, wanted from the next block on."""
        ring = ReplyRing(self.library, RATE_HZ)
        if samples is not None:
            ring.append(samples)
        self.want(ring)
        return ring

    def want(self, ring: ReplyRing) -> None:
        self._kept.append(ring)
        self.lib.lv_want(self.state, ring.state)

    def level(self, ring: ReplyRing, gain: float, frames: int = EDGE) -> None:
        self.lib.lv_level(ring.state, gain, frames)

    def hold(self, ring: ReplyRing) -> int:
        return hold(self.library, self.state, ring.state)

    def render(self, frames: int, flags: int = 0) -> Any:
        """The next block, one column a channel, or flat where there is one channel."""
        channels = self.state.channels
        out = np.full(frames * channels, np.nan, dtype=np.float32)
        null = self.library.ffi.NULL
        assert self.lib.lv_play(null, self.library.pointer(out), frames, null, flags, self.state) == 0
        return out if channels == 1 else out.reshape(frames, channels)


def ones(count: int) -> Samples:
    return np.ones(count, dtype=np.float32)


def numbered(count: int, start: int = 0) -> Samples:
    """Samples that say which frame they are."""
    return (np.arange(start, start + count, dtype=np.float32) + 1) / 100_000
