"""A microphone as `duplex.Capture`: blocks of 10 ms at 16 kHz, one short wake-up each."""

from __future__ import annotations

import time

import numpy as np

from localvoice.audio.device_path import Microphone, PathName
from localvoice.audio.duplex import BLOCK, BLOCK_S, LOOK_BLOCKS
from localvoice.audio.low_delay import LowDelayResampler
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import DeviceError

_EARLIER_S = 0.0001
"""Wake so much earlier for each block than for the one before, until one wakes too early ..."""

_RESTS_AFTER = 12
"""Reads of several blocks in a row, 1 s of them, until the device is told that nobody talks."""

_LATER_S = 0.001
"""... and then so much later: a block waits for its reader about that long, and there is one wake-up a block."""


class DeviceCapture:
    """A microphone; it has been listening since `stream` was opened. `read` belongs to one thread."""

    ended = False

    def __init__(self, stream: Microphone) -> None:
        self._stream = stream
        self._rate_hz = stream.rate_hz
        self._resampler = LowDelayResampler(stream.rate_hz, SPEECH_RATE_HZ)
        self._ready = silence(0)
        """At 16 kHz; at most the 11 s of the stream's ring."""
        self._due_s = 0.0
        self._long_reads = 0
        """In a row."""
        self._is_closed = False

    @property
    def name(self) -> str:
        """The device's name."""
        return self._stream.name

    @property
    def path(self) -> PathName:
        """Whose callback records."""
        return self._stream.path

    @property
    def latency_s(self) -> float:
        """From a sound at the microphone to its last sample being read: device, filter and a block."""
        return self._stream.latency_s + self._resampler.delay_s

    @property
    def xruns(self) -> int:
        """Times sound was lost, as far as it was noticed."""
        return self._stream.xruns

    def read(self, blocks: int = 1) -> Samples:
        """The next 10 ms (160 samples at 16 kHz), or up to `blocks` times as much; waits until that has been heard.

        A device that rests gives 40 ms at once: what it gives later than that is read next time. Raises `DeviceError`.
        """
        self._tell_device(blocks)
        missing = blocks - len(self._ready) // BLOCK
        while missing > 0:
            due_s = self._wait(missing)
            self._take()
            missing = blocks - len(self._ready) // BLOCK
            # all there was has been taken: the next block is complete 10 ms later; else the last of them comes soon
            later_s = _LATER_S if missing == 1 else BLOCK_S
            self._due_s = due_s + (BLOCK_S - _EARLIER_S if missing <= 0 else later_s - (missing - 1) * BLOCK_S)
            if missing < blocks:
                break
        frames = min(blocks, len(self._ready) // BLOCK) * BLOCK
        read, self._ready = self._ready[:frames], self._ready[frames:]
        return read

    def wait(self, blocks: int) -> int:
        """As `duplex.Capture` says. Raises `DeviceError`."""
        now_s = time.monotonic()
        first_s = max(0.0, self._due_s + (LOOK_BLOCKS - 1) * BLOCK_S - now_s - len(self._ready) / SPEECH_RATE_HZ)
        looks = self._stream.wait(first_s, max(1, blocks // LOOK_BLOCKS))
        self._check_open()
        return looks * LOOK_BLOCKS

    def call(self) -> None:
        """Let `wait` end soon. Any thread."""
        self._stream.call()

    def _wait(self, missing: int) -> float:
        """Until the last of so many blocks is complete; returns that time."""
        now_s = time.monotonic()
        due_s = max(self._due_s + (missing - 1) * BLOCK_S, now_s)
        time.sleep(due_s - now_s)
        self._check_open()
        return due_s

    def _check_open(self) -> None:
        if self._is_closed:
            raise DeviceError(f'the microphone "{self.name}" has been closed')

    def _take(self) -> None:
        rate_hz, fresh = self._stream.rate_hz, self._stream.take()
        if rate_hz != self._rate_hz:
            self._rate_hz, self._resampler = rate_hz, LowDelayResampler(rate_hz, SPEECH_RATE_HZ)
        self._ready = np.concatenate((self._ready, self._resampler.feed_parts(fresh, round(rate_hz * BLOCK_S))))

    def _tell_device(self, blocks: int) -> None:
        rested = self._long_reads >= _RESTS_AFTER
        self._long_reads = self._long_reads + 1 if blocks > 1 else 0
        if (rests := self._long_reads >= _RESTS_AFTER) != rested:
            self._stream.rest(is_resting=rests)

    def close(self) -> None:
        """Stop; a blocked `read` raises. Waits 0.3 s at most for a device that hangs."""
        if not self._is_closed:
            self._is_closed = True
            self._stream.call()
            self._stream.close()
