"""Streams of sound devices on rtmixer, whose audio callback is compiled: Python never runs in it.

The last resort, where our own callback could not be compiled (native_streams.py): no gain, and nobody knows what was
really played. Rule of this file: nothing here waits, but for a stream to start.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import numpy as np

from localvoice.audio.device import DeviceInfo
from localvoice.audio.device_path import PathName
from localvoice.audio.native_rings import FarSound
from localvoice.audio.portaudio import close_stream, device_errors, load_rtmixer
from localvoice.audio.samples import Samples, silence, to_mono
from localvoice.audio.stream_opening import (
    CAPTURE_RING_S,
    HISTORY_S,
    REPLY_RING_S,
    has_started,
    is_lost,
    loudspeaker_does_not_start,
    loudspeaker_gone,
    microphone_gone,
    open_stream,
    power_of_2,
)
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError

_QUEUE = 64
"""Commands under way to the callback, which takes all of them with each block; they wait only while a device hangs."""

_FLOAT_BYTES = 4


class InputStream:
    """A microphone that records from construction on, into a ring of at least 8 s. `take` belongs to one thread."""

    path: PathName = "rtmixer"

    def __init__(self, device: DeviceInfo, config: AudioConfig) -> None:
        rtmixer = load_rtmixer()
        self.name = device.name
        self.rate_hz = device.default_rate_hz
        subject = f'the microphone "{device.name}"'
        with device_errors(subject):
            self._stream = open_stream(
                rtmixer.Recorder,
                1,
                device.input_channels,
                device=device.index,
                samplerate=self.rate_hz,
                blocksize=round(self.rate_hz * config.block_ms / 1000),
                latency="low",
                qsize=_QUEUE,
            )
            channels = self._stream.channels
            self._ring = rtmixer.RingBuffer(_FLOAT_BYTES * channels, power_of_2(CAPTURE_RING_S * self.rate_hz))
            self._recording = self._stream.record_ringbuffer(self._ring)
            self._stream.start()
        self._taken_s = time.monotonic()
        self._xruns = _XrunCount(self._stream)

    @property
    def latency_s(self) -> float:
        """From the microphone to the ring, as PortAudio says it."""
        return float(self._stream.latency)

    @property
    def xruns(self) -> int:
        """Blocks PortAudio says were lost, up to the reading before this one."""
        return self._xruns.read()

    def take(self) -> Samples:
        """What has been recorded since the last call, mono, perhaps nothing; what did not fit the ring as zeros.

        Raises `DeviceError` when the device is gone.
        """
        available = self._ring.read_available
        now_s = time.monotonic()
        if not available:
            if is_lost(self._stream, now_s - self._taken_s):
                raise microphone_gone(self.name)
            return silence(0)
        frames = np.empty((available, self._stream.channels), dtype=np.float32)
        self._ring.readinto(frames)
        missing = 0
        if self._recording not in self._stream.actions:  # the ring was full, which ends the recording
            missing = round((now_s - self._taken_s) * self.rate_hz) - available
            self._recording = self._stream.record_ringbuffer(self._ring)
        self._taken_s = now_s
        mono = to_mono(frames if frames.shape[1] > 1 else frames[:, 0])
        return np.concatenate((mono, silence(missing))) if missing > 0 else mono

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        close_stream(self._stream)


class ReplyRing:
    """The sound of one reply, written by us and read by the callback; frames are counted from its beginning."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._history = round(HISTORY_S * rate_hz)
        self._store = np.zeros(power_of_2(REPLY_RING_S * rate_hz) * channels, dtype=np.float32)
        self.written = 0
        """Frames written so far."""
        self.ring = load_rtmixer().RingBuffer(_FLOAT_BYTES * channels, buffer=self._store)
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

    def rewound(self, frame: int) -> ReplyRing:
        """The same reply as a ring that goes on at an earlier frame; this one must not be written any more.

        The samples are shared: no callback is disturbed that still reads here.
        """
        view = ReplyRing.__new__(ReplyRing)
        view._channels, view._history, view._store = self._channels, self._history, self._store  # noqa: SLF001 - own
        view.written = self.written
        view.ring = load_rtmixer().RingBuffer(_FLOAT_BYTES * self._channels, buffer=self._store)
        view.ring.advance_write_index(self.written)
        view.ring.advance_read_index(max(frame, self.written - len(self.ring), 0))
        return view


class OutputStream:
    """A loudspeaker that runs from construction on, with zeros where no reply is played. All of it: one thread."""

    path: PathName = "rtmixer"
    has_gain = False
    played: FarSound | None = None

    def __init__(self, device: DeviceInfo, config: AudioConfig) -> None:
        rtmixer = load_rtmixer()
        self.name = device.name
        self.rate_hz = config.sample_rate or device.default_rate_hz
        self.block_s = config.block_ms / 1000
        with device_errors(f'the loudspeaker "{device.name}"'):
            self._stream = open_stream(
                rtmixer.Mixer,
                min(2, device.output_channels),  # one alone is the left loudspeaker on some systems
                device.output_channels,
                device=device.index,
                samplerate=self.rate_hz,
                blocksize=round(self.rate_hz * self.block_s),
                latency=config.latency_ms / 1000,
                qsize=_QUEUE,
            )
            self._stream.start()
        self._playing: Any = None
        self._cancelled: deque[Any] = deque(maxlen=_QUEUE)
        """Actions that cancellations under way point to: C does not keep them alive."""
        self._xruns = _XrunCount(self._stream)
        if not has_started(lambda: not self._xruns.is_pending, self.block_s / 2):
            self.close()
            raise loudspeaker_does_not_start(self.name)

    @property
    def latency_s(self) -> float:
        """From a block being taken to its end sounding: what PortAudio says, and a block (audio.md 3, measured)."""
        return float(self._stream.latency) + self.block_s

    @property
    def xruns(self) -> int:
        """Blocks PortAudio says came too late, up to the reading before this one."""
        return self._xruns.read()

    def new_ring(self) -> ReplyRing:
        """An empty ring for a reply."""
        return ReplyRing(self.rate_hz, self._stream.channels)

    @property
    def is_playing(self) -> bool:
        """Whether the callback still takes from the ring; it stops by itself when that runs empty."""
        return self._playing is not None and self._playing in self._stream.actions

    def play(self, ring: ReplyRing) -> None:
        """Take from `ring`, and from no other, from the next block on."""
        self.stop(ring)
        try:
            self._playing = self._stream.play_ringbuffer(ring.ring)
        except RuntimeError as error:  # the queue of commands is full
            raise self.gone() from error

    def stop(self, ring: ReplyRing) -> int:
        """Take nothing more, from the next block on; the first frame that does not sound, or that of a block before."""
        if self.is_playing:
            try:
                self._stream.cancel(self._playing)
            except RuntimeError as error:
                raise self.gone() from error
            self._cancelled.append(self._playing)
        self._playing = None
        return ring.taken

    def level(self, ring: ReplyRing, gain: float, ramp_s: float) -> None:
        """Nothing: rtmixer has no gain."""

    def check(self) -> None:
        """Raise `DeviceError` when the device is gone."""
        if not self._stream.active:
            raise self.gone()

    def gone(self) -> DeviceError:
        """The error that says so."""
        return loudspeaker_gone(self.name)

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        close_stream(self._stream)


class _XrunCount:
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
