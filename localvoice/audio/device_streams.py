"""Streams of sound devices on rtmixer, whose audio callback is compiled: Python never runs in it.

The last resort, where our own callback could not be compiled (native_streams.py): no gain, and nobody knows what was
really played. Rule of this file: nothing here waits, but for a stream to start.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import numpy as np

from localvoice.audio.device import DeviceInfo
from localvoice.audio.device_path import PathName
from localvoice.audio.foremost import foremost_threads
from localvoice.audio.mixer_rings import FLOAT_BYTES, ReplyRing, XrunCount
from localvoice.audio.native_rings import FarSound
from localvoice.audio.portaudio import device_errors, load_rtmixer, open_streams
from localvoice.audio.pulse_client import means_pulse
from localvoice.audio.pulse_connection import NoServerError, wake_server
from localvoice.audio.samples import Samples, silence, to_mono
from localvoice.audio.stream_opening import (
    CAPTURE_RING_S,
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


def _wake_server_of(device: DeviceInfo) -> None:
    if means_pulse(device):
        with suppress(NoServerError):
            wake_server()


class InputStream:
    """A microphone that records from construction on, into a ring of at least 8 s. `take` belongs to one thread."""

    path: PathName = "rtmixer"

    def __init__(self, device: DeviceInfo, config: AudioConfig) -> None:
        rtmixer = load_rtmixer()
        self.name = device.name
        self.rate_hz = device.default_rate_hz
        subject = f'the microphone "{device.name}"'
        _wake_server_of(device)
        with device_errors(subject), foremost_threads():
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
            self._ring = rtmixer.RingBuffer(FLOAT_BYTES * channels, power_of_2(CAPTURE_RING_S * self.rate_hz))
            self._recording = self._stream.record_ringbuffer(self._ring)
            open_streams.start(self._stream, self)
        self._taken_s = time.monotonic()
        self._xruns = XrunCount(self._stream)

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
        fresh = self.read_new()
        if not len(fresh) and is_lost(time.monotonic() - self._taken_s, lambda: self.is_active):
            raise microphone_gone(self.name)
        return fresh

    def read_new(self) -> Samples:
        """The same, whatever has become of the device: PortAudio is not asked."""
        available = self._ring.read_available
        now_s = time.monotonic()
        if not available:
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

    def wait(self, first_s: float, looks: int) -> int:
        """Wait for `first_s`: a ring of rtmixer's is read once, and not looked at."""
        del looks
        time.sleep(first_s)
        return 1

    def call(self) -> None:
        """Nothing: it is not waited any longer."""

    def rest(self, *, is_resting: bool) -> None:
        """Nothing: PortAudio cannot change the length of a block."""

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs: the load of its callback, measured anew with each block."""
        return float(self._stream.cpu_load)

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""
        return bool(self._stream.active)

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the device has answered."""
        return open_streams.start_closing(self._stream)

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        open_streams.close(self._stream)


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
        _wake_server_of(device)
        with device_errors(f'the loudspeaker "{device.name}"'), foremost_threads():
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
            open_streams.start(self._stream, self)
        self._playing: Any = None
        self._cancelled: deque[Any] = deque(maxlen=_QUEUE)
        """Actions that cancellations under way point to: C does not keep them alive."""
        self._xruns = XrunCount(self._stream)
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

    def rest(self, *, is_resting: bool) -> None:
        """Nothing, likewise."""

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs: the load of its callback, measured anew with each block."""
        return float(self._stream.cpu_load)

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""
        return bool(self._stream.active)

    def check(self) -> None:
        """Raise `DeviceError` when the device is gone."""
        if not self.is_active:
            raise self.gone()

    def follow(self, ring: ReplyRing, lost_at: Callable[[float], int]) -> None:
        """Nothing: this is always the same loudspeaker."""

    def gone(self) -> DeviceError:
        """The error that says so."""
        return loudspeaker_gone(self.name)

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the device has answered."""
        return open_streams.start_closing(self._stream)

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        open_streams.close(self._stream)
