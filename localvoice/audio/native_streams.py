"""Streams of sound devices on our own compiled callbacks: exact positions, ramps, and what was really played.

Rule of this file: nothing here waits, but for a stream to start. Memory the callbacks use lives as long as its stream.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Thread
from typing import Any

from localvoice.audio.device import DeviceInfo
from localvoice.audio.device_path import PathName
from localvoice.audio.foremost import foremost_threads
from localvoice.audio.native import Library, RingReader, hold
from localvoice.audio.native_rings import FarSound, ReplyRing, init_ring
from localvoice.audio.portaudio import device_errors, load_sounddevice, open_streams
from localvoice.audio.samples import Samples, silence
from localvoice.audio.stream_opening import (
    CAPTURE_RING_S,
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


class _NativeStream:
    """A PortAudio stream with one of our callbacks."""

    def __init__(self, library: Library, callback: str, state: Any, memory: Samples, **options: Any) -> None:
        self.state = state
        self.memory = memory
        self.replies: deque[tuple[int, ReplyRing]] = deque()
        """What was wanted, each with the blocks begun by then; all but the last until the callback is through."""
        self.pa = open_stream(
            load_sounddevice()._StreamBase,  # noqa: SLF001 - its docstring offers it to authors of such libraries
            dtype="float32",
            callback=library.callback(callback),
            userdata=state,
            **options,
        )
        state.channels = self.pa.channels
        open_streams.start(self.pa, self)


class InputStream:
    """A microphone that records from construction on, into a ring of at least 8 s. `take` belongs to one thread."""

    path: PathName = "native"

    def __init__(self, library: Library, device: DeviceInfo, config: AudioConfig) -> None:
        self.name = device.name
        self.rate_hz = device.default_rate_hz
        state = library.ffi.new("lv_capture *")
        block = round(self.rate_hz * config.block_ms / 1000)
        memory = init_ring(library, state.ring, CAPTURE_RING_S, self.rate_hz, block)
        with device_errors(f'the microphone "{device.name}"'), foremost_threads():
            self._stream = _NativeStream(
                library,
                "lv_record",
                state,
                memory,
                kind="input",
                channels=1,
                most_channels=device.input_channels,
                device=device.index,
                samplerate=self.rate_hz,
                blocksize=block,
                latency="low",
            )
        self.captured = RingReader(library, state, "ring")
        """Everything recorded, by its frame since the stream's first block; for readers in any thread."""
        self._taken = 0
        self._lost = 0
        self._taken_s = time.monotonic()

    @property
    def latency_s(self) -> float:
        """From the microphone to the ring, as PortAudio says it."""
        return float(self._stream.pa.latency)

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
        elif is_lost(self._stream.pa, now_s - self._taken_s):
            raise microphone_gone(self.name)
        return fresh

    def read_new(self) -> Samples:
        """The same, whatever has become of the device: PortAudio is not asked."""
        available = self.captured.written - self._taken
        if not available:
            return silence(0)
        samples, there = self.captured.read(self._taken, available)
        self._lost += there < available
        self._taken += available
        return samples

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs."""
        return self.captured.written

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""
        return bool(self._stream.pa.active)

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the device has answered."""
        return open_streams.start_closing(self._stream.pa)

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        open_streams.close(self._stream.pa)


class OutputStream:
    """A loudspeaker that runs from construction on, with zeros where no reply is played. All of it: one thread."""

    path: PathName = "native"
    has_gain = True

    def __init__(self, library: Library, device: DeviceInfo, config: AudioConfig) -> None:
        self._library = library
        self.name = device.name
        self.rate_hz = config.sample_rate or device.default_rate_hz
        self.block_s = config.block_ms / 1000
        block = round(self.rate_hz * self.block_s)
        state = library.ffi.new("lv_output *")
        state.edge = min(round(EDGE_S * self.rate_hz), library.lib.LV_TAIL)
        memory = init_ring(library, state.played, CAPTURE_RING_S, self.rate_hz, block)
        with device_errors(f'the loudspeaker "{device.name}"'), foremost_threads():
            self._stream = _NativeStream(
                library,
                "lv_play",
                state,
                memory,
                kind="output",
                channels=min(2, device.output_channels),  # one alone is the left loudspeaker on some systems
                most_channels=device.output_channels,
                device=device.index,
                samplerate=self.rate_hz,
                blocksize=block,
                latency=config.latency_ms / 1000,
            )
        self.played: FarSound | None = FarSound(RingReader(library, state, "played"), self.rate_hz)
        """What the loudspeaker was given."""
        if not has_started(lambda: state.done > 0, self.block_s / 2):
            self.close()
            raise loudspeaker_does_not_start(self.name)

    @property
    def latency_s(self) -> float:
        """From a block being taken to its end sounding: what PortAudio says, and a block (audio.md 3, measured)."""
        return float(self._stream.pa.latency) + self.block_s

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

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs."""
        return int(self._stream.state.done)

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs; true of many that stand still."""
        return bool(self._stream.pa.active)

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
        return open_streams.start_closing(self._stream.pa)

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        open_streams.close(self._stream.pa)
