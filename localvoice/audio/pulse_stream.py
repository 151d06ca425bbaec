"""A stream of PulseAudio's own client with one of our callbacks: one thread, which wakes as seldom as is asked for.

ALSA's plug-in and PortAudio make two threads of it for each end, that wake each other (docs/audio.md, "Without
PortAudio"). Rule of this file: the client is only asked while its loop is locked, but for states, which are numbers.
"""

from __future__ import annotations

import atexit
import time
from collections import deque
from threading import Lock, Thread, current_thread
from typing import Any

from localvoice.audio import pulse_client
from localvoice.audio.device import NOUNS, DeviceInfo, Kind
from localvoice.audio.device_watch import Pulse
from localvoice.audio.foremost import foremost_threads
from localvoice.audio.native import Library
from localvoice.audio.native_rings import ReplyRing, new_state
from localvoice.audio.portaudio import LIST_HINT
from localvoice.audio.pulse_connection import ANSWERS_WITHIN_S, LOOK_S, PulseConnection, lets_streams_rest
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError

_STANDS_STILL_S = 1.0
"""A server that hangs says nothing. Who outlives its devices waits for less (device_watch.py)."""

_ENDS_WITHIN_S = 1.0
"""Closing takes some ms, whatever the server does; more on a busy machine."""

_REST_S = 0.04
"""Length of a block while nobody talks: two of them are what a resting listener reads at once, and what a virtual card
renders at most is 50 ms."""

_BYTES = 4
"""Of a frame: one float."""

_MOST_FRAMES = 8192
"""Given to a loudspeaker at once: the client takes 64 KiB, and 100 ms at 192 kHz are more."""

_running: set[PulseStream] = set()
"""Streams whose loop may still call us: their memory has to stay."""


@atexit.register
def _stop_all() -> None:
    """What a program leaves open would be called when its memory is gone."""
    for stream in list(_running):
        stream.stop()


class PulseStream:
    """The server's default microphone or loudspeaker, from construction on."""

    def __init__(self, library: Library, device: DeviceInfo, kind: Kind, config: AudioConfig) -> None:
        """Raises `NoServerError`, and `DeviceError` where the server does not let us, or does not answer."""
        self.latency_s = (config.block_ms if kind == "input" else config.latency_ms) / 1000
        """Of a microphone, a block; of a loudspeaker, what lies ready for it."""
        self.replies: deque[tuple[int, ReplyRing]] = deque()
        """What was wanted, each with the blocks begun by then; all but the last until the callback is through."""
        self._ending = _Ending()
        self._watch = Pulse(_STANDS_STILL_S)
        self._served = _ServedStream(f'the {NOUNS[kind]} "{device.name}"', kind, config)
        _running.add(self)
        try:
            self._served.connect(library)
            self._called = _Called(library, self._served)
            self._served.start(self._called)
        except BaseException:
            self.start_closing()
            raise

    @property
    def rate_hz(self) -> int:
        """Of the server's device, or the one that was asked for."""
        return self._served.rate_hz

    @property
    def state(self) -> Any:
        """What the callback works on."""
        return self._called.state

    @property
    def can_rest(self) -> bool:
        """Whether blocks may become longer: not every server does that without a loss."""
        return self._served.can_rest

    @property
    def has_started(self) -> bool:
        """Whether a loudspeaker has asked for more than what was given to it at first."""
        return bool(self.state.done > self._called.given_at_first)

    @property
    def is_active(self) -> bool:
        """Whether the server still has it, and has asked for something within the last second."""
        has_stopped = self._watch.has_stopped(self._called.blocks, time.monotonic())
        with self._ending.lock:
            return self._is_there() and not has_stopped

    def _is_there(self) -> bool:
        return self._ending.thread is None and self._served.is_ready

    def rest(self, *, is_resting: bool) -> None:
        """Long blocks while nobody talks, or short ones again: no sound is lost, none comes twice. Any thread.

        What a loudspeaker is given then lies ready for 80 ms longer, also for as long after the end of it.
        """
        if is_resting == self._served.is_resting or not self.can_rest:
            return
        with self._ending.lock:
            if self._is_there():
                self._served.rest(is_resting=is_resting)

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the loop has."""
        with self._ending.lock:
            if self._ending.thread is None:
                self._ending.thread = Thread(target=self._close, name="closing", daemon=True)
                self._ending.thread.start()
            return self._ending.thread

    def stop(self) -> None:
        """Be called no more, as the program ends. Nothing is freed: a thread that still connects asks on.

        One that closes is waited for: were it ended while it has the loop locked, the loop would abort the program.
        """
        with self._ending.lock:
            closing = self._ending.thread
            self._ending.thread = closing or current_thread()
        if closing is None:
            self._served.connection.stop()
        else:
            closing.join(_ENDS_WITHIN_S)

    def _close(self) -> None:
        self._served.close()
        _running.discard(self)


class _Ending:
    """Who closes a stream."""

    def __init__(self) -> None:
        self.lock = Lock()
        """Held by whoever asks the client: nobody does any more once it is being closed."""
        self.thread: Thread | None = None


class _ServedStream:
    """The stream as its server knows it."""

    def __init__(self, subject: str, kind: Kind, config: AudioConfig) -> None:
        self._subject = subject
        self.kind: Kind = kind
        self.config = config
        self.rate_hz = 0
        self.can_rest = self.is_resting = False
        with foremost_threads():
            self.connection = PulseConnection()
        self.handle: Any = None

    def connect(self, library: Library) -> None:
        """Make it, at the device's rate where no other is asked for, standing still."""
        self.connection.connect(self._answers_too_late)
        self.can_rest = lets_streams_rest(self.connection.server_name(library, self._answers_too_late))
        wanted_hz = self.config.sample_rate if self.kind == "output" else 0
        self._make(wanted_hz)
        deadline_s = time.monotonic() + ANSWERS_WITHIN_S
        pulse = self.connection.pulse
        while (state := pulse.pa_stream_get_state(self.handle)) != pulse_client.STREAM_READY:
            if state >= pulse_client.STREAM_FAILED:
                raise DeviceError(f"{self._subject} cannot be used: {self.connection.error()}; {LIST_HINT}")
            if time.monotonic() > deadline_s:
                raise self._answers_too_late()
            time.sleep(LOOK_S)
        self.rate_hz = int(pulse.pa_stream_get_sample_spec(self.handle).rate)

    def _make(self, wanted_hz: int) -> None:
        ffi, pulse, nothing = self.connection.ffi, self.connection.pulse, self.connection.ffi.NULL
        spec = ffi.new("pa_sample_spec *", (pulse_client.FLOAT, wanted_hz or 48_000, 1))
        flags = pulse_client.START_CORKED | pulse_client.EARLY_REQUESTS | (0 if wanted_hz else pulse_client.FIX_RATE)
        attributes = self._attributes(spec.rate)
        with self.connection.locked():
            self.handle = pulse.pa_stream_new(self.connection.context, self.kind.encode(), spec, nothing)
            if self.kind == "input":
                pulse.pa_stream_connect_record(self.handle, nothing, attributes, flags)
            else:
                pulse.pa_stream_connect_playback(self.handle, nothing, attributes, flags, nothing, nothing)

    def start(self, called: _Called) -> None:
        """Let it run, and call."""
        pulse, stream = self.connection.pulse, self.handle
        user = self.connection.ffi.cast("void *", called.user)
        with self.connection.locked():
            self._ask()
            if self.kind == "input":
                pulse.pa_stream_set_read_callback(stream, self._function(called, "lv_pulse_record"), user)
            else:
                pulse.pa_stream_set_write_callback(stream, self._function(called, "lv_pulse_play"), user)
                pulse.pa_stream_set_underflow_callback(stream, self._function(called, "lv_pulse_underflow"), user)
                # what was asked for by now is not asked for again
                called.play_first(self.address, pulse.pa_stream_writable_size(stream))
            self.connection.release(pulse.pa_stream_cork(stream, 0, self.connection.ffi.NULL, self.connection.ffi.NULL))

    def _function(self, called: _Called, name: str) -> Any:
        return self.connection.ffi.cast("void *", called.library.callback(name))

    @property
    def address(self) -> int:
        """Of the handle."""
        return int(self.connection.ffi.cast("uintptr_t", self.handle))

    def _attributes(self, rate_hz: int) -> Any:
        own_block = round(self.config.block_ms / 1000 * rate_hz) * _BYTES
        block = round(_REST_S * rate_hz) * _BYTES if self.is_resting else own_block
        new = self.connection.ffi.new
        if self.kind == "input":
            return new("pa_buffer_attr *", (*[pulse_client.ANY] * 4, block))
        most = max(round(self.config.latency_ms / 1000 * rate_hz) * _BYTES + own_block, 2 * block)  # as PortAudio
        return new("pa_buffer_attr *", (pulse_client.ANY, most, own_block, block, pulse_client.ANY))

    def rest(self, *, is_resting: bool) -> None:
        """Ask for long blocks, or for short ones."""
        self.is_resting = is_resting
        with self.connection.locked():
            self._ask()

    def _ask(self) -> None:
        nothing = self.connection.ffi.NULL
        ask = self.connection.pulse.pa_stream_set_buffer_attr
        self.connection.release(ask(self.handle, self._attributes(self.rate_hz), nothing, nothing))

    @property
    def is_ready(self) -> bool:
        """Whether the server still has it."""
        return bool(self.connection.pulse.pa_stream_get_state(self.handle) == pulse_client.STREAM_READY)

    def _answers_too_late(self) -> DeviceError:
        return DeviceError(f"{self._subject} cannot be used: the sound server does not answer; {LIST_HINT}")

    def close(self) -> None:
        """End it, and its thread."""
        self.connection.close(self.handle)


class _Called:
    """What the client calls, and its memory: both stay until the loop has ended."""

    def __init__(self, library: Library, served: _ServedStream) -> None:
        connection = served.connection
        block = round(served.rate_hz * served.config.block_ms / 1000)
        self.library = library
        self.state, self._memory = new_state(library, served.kind, served.rate_hz, block)
        self.state.channels = 1  # PulseAudio gives it to all of a loudspeaker's, and the mean of a microphone's
        self._counts_frames = served.kind == "input"
        self.given_at_first = 0
        """Blocks."""
        self._link = library.ffi.new("lv_pulse *")
        self._link.state, self._link.block = self.state, min(block, _MOST_FRAMES)
        for name in ("peek", "drop", "begin_write", "write"):
            function = connection.ffi.cast("uintptr_t", getattr(connection.pulse, f"pa_stream_{name}"))
            setattr(self._link, name, library.ffi.cast(library.ffi.typeof(getattr(self._link, name)), int(function)))

    @property
    def user(self) -> int:
        """The address that the callbacks are given."""
        return self.library.address(self._link)

    @property
    def blocks(self) -> int:
        """Another number with each of them."""
        return int(self.state.ring.written if self._counts_frames else self.state.done)

    def play_first(self, stream: int, wanted: int) -> None:
        """Give a loudspeaker the bytes that it has asked for already. While the loop is locked."""
        self.library.lib.lv_pulse_play(self.library.ffi.cast("void *", stream), wanted, self._link)
        self.given_at_first = int(self.state.done)
