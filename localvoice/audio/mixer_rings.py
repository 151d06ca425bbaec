"""What rtmixer's callbacks read and tell: the sound of a reply on its way out, and PortAudio's count of lost blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from localvoice.audio.portaudio import load_rtmixer
from localvoice.audio.samples import Samples
from localvoice.audio.stream_opening import HISTORY_S, REPLY_RING_S, power_of_2, ring_memory

FLOAT_BYTES = 4


class ReplyRing:
    """The sound of one reply, written by us and read by the callback; frames are counted from its beginning."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._history = round(HISTORY_S * rate_hz)
        self._store = ring_memory(power_of_2(REPLY_RING_S * rate_hz) * channels)
        self.written = 0
        """Frames written so far."""
        self.ring = load_rtmixer().RingBuffer(FLOAT_BYTES * channels, buffer=self._store)
        """What the callback reads."""

    @property
    def taken(self) -> int:
        """Frames the callback has taken."""
        return self.written - self.unread

    @property
    def unread(self) -> int:
        """Frames the callback has not yet taken."""
        frames: int = self.ring.read_available
        return frames

    def append(self, samples: Samples) -> int:
        """Write mono samples to all channels, as many as fit; returns how many those were."""
        room: int = self.ring.write_available - self._history
        count = max(0, min(len(samples), room))
        if count:
            self.ring.write(np.repeat(samples[:count], self._channels))
            self.written += count
        return count

    def expect(self, *, more: bool, waiting: bool = False) -> None:
        """Nothing: rtmixer does not tell why a ring ran empty."""

    def since(self, frame: int) -> Samples:
        """A copy of what was written from `frame` on, as far back as memory goes."""
        size = len(self.ring)
        one = self._store[:: self._channels]
        return one.take(np.arange(max(frame, self.written - size, 0), self.written), mode="wrap")

    def rewound(self, frame: int) -> ReplyRing:
        """The same reply as a ring that goes on at an earlier frame; this one must not be written any more.

        The samples are shared: no callback is disturbed that still reads here.
        """
        view = ReplyRing.__new__(ReplyRing)
        view._channels, view._history, view._store = self._channels, self._history, self._store  # noqa: SLF001 - own
        view.written = self.written
        view.ring = load_rtmixer().RingBuffer(FLOAT_BYTES * self._channels, buffer=self._store)
        view.ring.advance_write_index(self.written)
        view.ring.advance_read_index(max(frame, self.written - len(self.ring), 0))
        return view


class XrunCount:
    """PortAudio's own count of lost blocks; it says little: 43 of 43 runs with audible gaps had none (audio.md 2)."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._count = 0
        self._asked = stream.fetch_and_reset_stats()

    @property
    def is_pending(self) -> bool:
        """Whether the callback has not yet answered the last question."""
        return self._asked in self._stream.actions

    def read(self) -> int:
        """The count up to the last question; asks the next one."""
        if not self.is_pending:
            stats = self._asked.stats
            self._count += stats.input_overflows + stats.output_underflows
            self._asked = self._stream.fetch_and_reset_stats()
        return self._count
