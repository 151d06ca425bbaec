"""Streams of sound devices on our own compiled callbacks: exact positions, ramps, and what was really played.

Rule of this file: nothing here waits, but for a stream to start. Memory the callbacks use lives as long as its stream.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from localvoice.audio.device import NOUNS, DeviceInfo, Kind
from localvoice.audio.device_path import PathName
from localvoice.audio.foremost import foremost_threads
from localvoice.audio.native import Library, RingLook, RingReader, hold
from localvoice.audio.native_rings import FarSound, ReplyRing, new_state
from localvoice.audio.portaudio import CLOSE_WITHIN_S, device_errors, load_sounddevice, open_streams
from localvoice.audio.pulse_client import means_pulse
from localvoice.audio.pulse_connection import NoServerError, wake_server
from localvoice.audio.pulse_stream import PulseStream
from localvoice.audio.samples import Samples, silence
from localvoice.audio.stream_opening import (
    EDGE_S,
    has_started,
    is_lost,
    loudspeaker_does_not_start,
    loudspeaker_gone,
    microphone_gone,
    open_stream,
)
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError


class PortAudioStream:
    """A PortAudio stream with one of our callbacks."""

    can_rest = False

    def __init__(self, library: Library, device: DeviceInfo, kind: Kind, config: AudioConfig) -> None:
        wanted_hz = config.sample_rate if kind == "output" else 0
        self.rate_hz = wanted_hz or device.default_rate_hz
        block = round(self.rate_hz * config.block_ms / 1000)
        self.state, self._memory = new_state(library, kind, self.rate_hz, block)
        self.replies: deque[tuple[int, ReplyRing]] = deque()
        """What was wanted, each with the blocks begun by then; all but the last until the callback is through."""
        with device_errors(f'the {NOUNS[kind]} "{device.name}"'), foremost_threads():
            self._pa = open_stream(
                load_sounddevice()._StreamBase,  # noqa: SLF001 - its docstring offers it to authors of such libraries
                # of a loudspeaker two: one alone is the left one on some systems
                channels=1 if kind == "input" else min(2, device.output_channels),
                most_channels=device.channels(kind),
                kind=kind,
                dtype="float32",
                callback=library.callback("lv_record" if kind == "input" else "lv_play"),
                userdata=self.state,
                device=device.index,
                samplerate=self.rate_hz,
                blocksize=block,
                latency="low" if kind == "input" else config.latency_ms / 1000,
            )
            self.state.channels = self._pa.channels
            open_streams.start(self._pa, self)

    @property
    def has_started(self) -> bool:
        """Whether a loudspeaker has asked for its first block."""
        return bool(self.state.done > 0)

    @property
    def latency_s(self) -> float:
        """As PortAudio says it."""
        return float(self._pa.latency)

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""
        return bool(self._pa.active)

    def rest(self, *, is_resting: bool) -> None:
        """Nothing: PortAudio cannot change the length of a block."""

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the device has answered."""
        return open_streams.start_closing(self._pa)


NativeStream = PortAudioStream | PulseStream


def open_end(library: Library, device: DeviceInfo, kind: Kind, config: AudioConfig) -> NativeStream:
    """Through PulseAudio's own client where the device is its server, else through PortAudio. Raises `DeviceError`."""
    if means_pulse(device):
        with suppress(NoServerError):
            return PulseStream(library, device, kind, config)
        with suppress(NoServerError):
            wake_server()
            return PulseStream(library, device, kind, config)
    return PortAudioStream(library, device, kind, config)


class InputStream:
    """A microphone that records from construction on, into a ring of at least 8 s. `take` belongs to one thread."""

    path: PathName = "native"

    def __init__(self, library: Library, device: DeviceInfo, config: AudioConfig) -> None:
        self.name = device.name
        self._stream = open_end(library, device, "input", config)
        self.rate_hz = self._stream.rate_hz
        self.captured = RingReader(library, self._stream.state, "ring")
        """Everything recorded, by its frame since the stream's first block; for readers in any thread."""
        self._taken = 0
        self._lost = 0
        self._taken_s = time.monotonic()
        self._look = RingLook(library, self._stream.state, "ring", self.rate_hz)

    @property
    def latency_s(self) -> float:
        """From the microphone to the ring, as PortAudio says it."""
        return self._stream.latency_s

    @property
    def xruns(self) -> int:
        """Blocks PortAudio says were lost, and times `take` came too late for the ring."""
        return int(self._stream.state.overflows) + self._lost

    def take(self) -> Samples:
        """What has been recorded since the last call, mono, perhaps nothing; what the ring had lost as zeros.

        Raises `DeviceError` when the device is gone.
        """
        fresh = self.read_new()
        now_s = time.monotonic()
        if len(fresh):
            self._taken_s = now_s
        elif is_lost(now_s - self._taken_s, lambda: self._stream.is_active):
            raise microphone_gone(self.name)
        return fresh

    def read_new(self) -> Samples:
        """The same, whatever has become of the device: PortAudio is not asked."""
        self._look.heed()
        available = self.captured.written - self._taken
        if not available:
            return silence(0)
        samples, there = self.captured.read(self._taken, available)
        self._lost += there < available
        self._taken += available
        return samples

    def wait(self, first_s: float, looks: int) -> int:
        """Wait, and look every 80 ms, until something stands out or somebody calls; how many looks that took."""
        return self._look.wait(first_s, looks)

    def call(self) -> None:
        """Let `wait` end with its next look, the next one as well until something is taken. Any thread."""
        self._look.call()

    def rest(self, *, is_resting: bool) -> None:
        """Sound comes 40 ms at a time while nobody talks, where the stream can do that."""
        self._stream.rest(is_resting=is_resting)

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs."""
        return self.captured.written

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""
        return self._stream.is_active

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the device has answered."""
        return self._stream.start_closing()

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        self._stream.start_closing().join(CLOSE_WITHIN_S)


class OutputStream:
    """A loudspeaker that runs from construction on, with zeros where no reply is played. All of it: one thread."""

    path: PathName = "native"
    has_gain = True

    def __init__(self, library: Library, device: DeviceInfo, config: AudioConfig) -> None:
        self._library = library
        self.name = device.name
        self.block_s = config.block_ms / 1000
        self._stream = open_end(library, device, "output", config)
        self.rate_hz = self._stream.rate_hz
        self.played: FarSound | None = FarSound(RingReader(library, self._stream.state, "played"), self.rate_hz)
        """What the loudspeaker was given."""
        if not has_started(lambda: self._stream.has_started, self.block_s / 2):
            self.close()
            raise loudspeaker_does_not_start(self.name)

    @property
    def latency_s(self) -> float:
        """From a block being taken to its end sounding: what PortAudio says, and a block (audio.md 3, measured)."""
        return self._stream.latency_s + self.block_s

    @property
    def xruns(self) -> int:
        """Times the callback ran empty while sound was waiting, and blocks that PortAudio says came too late."""
        return int(self._stream.state.underruns + self._stream.state.underflows)

    @property
    def gaps(self) -> int:
        """Times the callback ran empty before the reply was complete: a slow model or voice counts too."""
        return int(self._stream.state.gaps)

    def new_ring(self) -> ReplyRing:
        """An empty ring for a reply."""
        return ReplyRing(self._library, self.rate_hz)

    @property
    def is_playing(self) -> bool:
        """Whether a reply was given; the callback goes on by itself when one ran empty."""
        return bool(self._stream.replies)

    def play(self, ring: ReplyRing) -> None:
        """Take from `ring`, and from no other, from the next block on; goes on with one that was stopped."""
        self._stream.rest(is_resting=False)
        state, replies = self._stream.state, self._stream.replies
        if replies and replies[-1][1] is ring:
            if ring.is_stopped:
                self.level(ring, 1.0, EDGE_S)
        else:
            self._library.lib.lv_want(state, ring.state)
            while len(replies) > 1 and replies[1][0] < state.done:  # a whole block since it was given up
                replies.popleft()
            replies.append((int(state.begun), ring))
        ring.is_stopped = False

    def stop(self, ring: ReplyRing) -> int:
        """Fade out and take nothing more; the first frame that does not sound."""
        ring.is_stopped = True
        return hold(self._library, self._stream.state, ring.state)

    def level(self, ring: ReplyRing, gain: float, ramp_s: float) -> None:
        """Move to a linear gain, within `ramp_s`."""
        self._library.lib.lv_level(ring.state, gain, round(ramp_s * self.rate_hz))

    def rest(self, *, is_resting: bool) -> None:
        """Ask for sound 40 ms at a time while nothing is played, where the stream can do that."""
        self._stream.rest(is_resting=is_resting)
        if self._stream.can_rest and self.played is not None:
            self.played.rest(is_resting=is_resting)

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs."""
        return int(self._stream.state.done)

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""
        return self._stream.is_active

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
        self._library.lib.lv_want(self._stream.state, self._library.ffi.NULL)  # it must not speak when it comes back
        return self._stream.start_closing()

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        self._stream.start_closing().join(CLOSE_WITHIN_S)
