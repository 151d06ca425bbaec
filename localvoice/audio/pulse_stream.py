"""A stream of PulseAudio's own client with one of our callbacks: one thread, which wakes as seldom as is asked for.

ALSA's plug-in and PortAudio make two threads of it for each end, that wake each other (docs/audio.md, "Without
PortAudio"). Rule of this file: the client is only asked while its loop is locked, but for states, which are numbers.
"""

from __future__ import annotations

import atexit
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread, current_thread
from typing import Any

from localvoice.audio import pulse_client
from localvoice.audio.device import NOUNS, DeviceInfo, Kind
from localvoice.audio.device_watch import Pulse
from localvoice.audio.foremost import foremost_threads
from localvoice.audio.native import Library
from localvoice.audio.native_rings import ReplyRing, new_state
from localvoice.audio.portaudio import LIST_HINT
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError

_ANSWERS_WITHIN_S = 2.0
"""A server that runs answers within some ms; one that was stopped never does."""

_LOOK_S = 0.002

_STARTS_WITHIN_S = 5.0

_STANDS_STILL_S = 1.0
"""A server that hangs says nothing. Who outlives its devices waits for less (device_watch.py)."""

_REST_S = 0.04
"""Length of a block while nobody talks: two of them are what a resting listener reads at once, and what a virtual card
renders at most is 50 ms."""

_BYTES = 4
"""Of a frame: one float."""

_running: set[PulseStream] = set()
"""Streams whose loop may still call us: their memory has to stay."""


@atexit.register
def _close_all() -> None:
    """What a program leaves open would be called when its memory is gone."""
    for stream in list(_running):
        stream.close()


class NoServerError(Exception):
    """No sound server answers: PortAudio may find one, or start it."""


def wake_server() -> None:
    """Let a sound server start that is started by whoever asks for it. Raises `NoServerError` where none answers.

    Before threads that go first ask: what they start goes first as well, on their core, with all that it plays for.
    """
    loaded = pulse_client.load_pulse()
    if loaded is None:
        raise NoServerError
    loop = _Loop(*loaded)
    try:
        loop.connect(NoServerError, flags=0, within_s=_STARTS_WITHIN_S)
    finally:
        loop.close(None)


class PulseStream:
    """The server's default microphone or loudspeaker, from construction on."""

    can_rest = True

    def __init__(self, library: Library, device: DeviceInfo, kind: Kind, config: AudioConfig) -> None:
        """Raises `NoServerError`, and `DeviceError` where the server does not let us, or does not answer."""
        loaded = pulse_client.load_pulse()
        if loaded is None:
            raise NoServerError
        self._ffi, self._pulse = loaded
        self._kind: Kind = kind
        self._name = device.name
        self._config = config
        self.replies: deque[tuple[int, ReplyRing]] = deque()
        """What was wanted, each with the blocks begun by then; all but the last until the callback is through."""
        self._is_resting = False
        self._closing: Thread | None = None
        self._lock = Lock()
        """Held by whoever asks the client: nobody does any more once it is being closed."""
        self._watch = Pulse(_STANDS_STILL_S)
        with foremost_threads():
            self._loop = _Loop(self._ffi, self._pulse)
        _running.add(self)
        try:
            self._loop.connect(self._answers_too_late)
            self._stream = self._connected()
            self._start(library)
        except BaseException:
            self.start_closing()
            raise

    def _connected(self) -> Any:
        """The stream, at the device's rate where no other is asked for, standing still."""
        wanted_hz = self._config.sample_rate if self._kind == "output" else 0
        spec = self._ffi.new("pa_sample_spec *", (pulse_client.FLOAT, wanted_hz or 48_000, 1))
        flags = pulse_client.START_CORKED | pulse_client.EARLY_REQUESTS | (0 if wanted_hz else pulse_client.FIX_RATE)
        with self._loop.locked():
            stream = self._pulse.pa_stream_new(self._loop.context, self._kind.encode(), spec, self._ffi.NULL)
            self._stream = stream
            attributes = self._attributes(spec.rate, self._config.block_ms / 1000)
            if self._kind == "input":
                self._pulse.pa_stream_connect_record(stream, self._ffi.NULL, attributes, flags)
            else:
                nothing = self._ffi.NULL
                self._pulse.pa_stream_connect_playback(stream, nothing, attributes, flags, nothing, nothing)
        deadline_s = time.monotonic() + _ANSWERS_WITHIN_S
        while (state := self._pulse.pa_stream_get_state(stream)) != pulse_client.STREAM_READY:
            if state >= pulse_client.STREAM_FAILED:
                raise DeviceError(f"{self._subject} cannot be used: {self._loop.error()}; {LIST_HINT}")
            if time.monotonic() > deadline_s:
                raise self._answers_too_late()
            time.sleep(_LOOK_S)
        return stream

    def _start(self, library: Library) -> None:
        pulse, ffi = self._pulse, self._ffi
        self.rate_hz = int(pulse.pa_stream_get_sample_spec(self._stream).rate)
        block = round(self.rate_hz * self._config.block_ms / 1000)
        self.state, self._memory = new_state(library, self._kind, self.rate_hz, block)
        self.state.channels = 1  # PulseAudio gives it to all of a loudspeaker's, and the mean of a microphone's
        self._link = library.ffi.new("lv_pulse *")
        self._link.state, self._link.block = self.state, block
        for name in ("peek", "drop", "begin_write", "write"):
            function = ffi.cast("uintptr_t", getattr(pulse, f"pa_stream_{name}"))
            setattr(self._link, name, library.ffi.cast(library.ffi.typeof(getattr(self._link, name)), int(function)))
        user = ffi.cast("void *", library.address(self._link))
        self._library = library
        with self._loop.locked():
            self._ask_for(self._config.block_ms / 1000)
            if self._kind == "input":
                pulse.pa_stream_set_read_callback(self._stream, self._callback("lv_pulse_record"), user)
            else:
                pulse.pa_stream_set_write_callback(self._stream, self._callback("lv_pulse_play"), user)
                pulse.pa_stream_set_underflow_callback(self._stream, self._callback("lv_pulse_underflow"), user)
                # what was asked for by now is not asked for again
                address = library.ffi.cast("void *", int(ffi.cast("uintptr_t", self._stream)))
                library.lib.lv_pulse_play(address, pulse.pa_stream_writable_size(self._stream), self._link)
            self._before = int(self.state.done) if self._kind == "output" else 0
            pulse.pa_operation_unref(pulse.pa_stream_cork(self._stream, 0, ffi.NULL, ffi.NULL))

    def _callback(self, name: str) -> Any:
        return self._ffi.cast("void *", self._library.callback(name))

    def _attributes(self, rate_hz: int, block_s: float) -> Any:
        block = round(block_s * rate_hz) * _BYTES
        if self._kind == "input":
            return self._ffi.new("pa_buffer_attr *", (*[pulse_client.ANY] * 4, block))
        own_block = round(self._config.block_ms / 1000 * rate_hz) * _BYTES
        most = max(round(self._config.latency_ms / 1000 * rate_hz) * _BYTES + own_block, 2 * block)  # as PortAudio
        return self._ffi.new("pa_buffer_attr *", (pulse_client.ANY, most, own_block, block, pulse_client.ANY))

    def _ask_for(self, block_s: float) -> None:
        operation = self._pulse.pa_stream_set_buffer_attr(
            self._stream, self._attributes(self.rate_hz, block_s), self._ffi.NULL, self._ffi.NULL
        )
        if operation != self._ffi.NULL:
            self._pulse.pa_operation_unref(operation)

    @property
    def _subject(self) -> str:
        return f'the {NOUNS[self._kind]} "{self._name}"'

    def _answers_too_late(self) -> DeviceError:
        return DeviceError(f"{self._subject} cannot be used: the sound server does not answer; {LIST_HINT}")

    @property
    def has_started(self) -> bool:
        """Whether a loudspeaker has asked for more than what was given to it at first."""
        return bool(self.state.done > self._before)

    @property
    def latency_s(self) -> float:
        """Of a microphone, a block; of a loudspeaker, what lies ready for it."""
        return float((self._config.block_ms if self._kind == "input" else self._config.latency_ms) / 1000)

    @property
    def is_active(self) -> bool:
        """Whether the server still has it, and has asked for something within the last second."""
        counter = self.state.ring.written if self._kind == "input" else self.state.done
        has_stopped = self._watch.has_stopped(counter, time.monotonic())
        with self._lock:
            return self._is_there() and not has_stopped

    def _is_there(self) -> bool:
        ready = pulse_client.STREAM_READY
        return self._closing is None and bool(self._pulse.pa_stream_get_state(self._stream) == ready)

    def rest(self, *, is_resting: bool) -> None:
        """Long blocks while nobody talks, or short ones again: no sound is lost, none comes twice. Any thread.

        What a loudspeaker is given then lies ready for 80 ms longer, also for as long after the end of it.
        """
        if is_resting == self._is_resting:
            return
        with self._lock:
            if not self._is_there():
                return
            self._is_resting = is_resting
            with self._loop.locked():
                self._ask_for(_REST_S if is_resting else self._config.block_ms / 1000)

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the loop has."""
        with self._lock:
            if self._closing is None:
                self._closing = Thread(target=self._close, name="closing", daemon=True)
                self._closing.start()
            return self._closing

    def close(self) -> None:
        """Stop. A server that hangs is not waited for."""
        with self._lock:
            is_closing, self._closing = self._closing is not None, self._closing or current_thread()
        if not is_closing:
            self._close()

    def _close(self) -> None:
        self._loop.close(getattr(self, "_stream", None))
        _running.discard(self)


class _Loop:
    """The thread of a client, and its connection to the server."""

    def __init__(self, ffi: Any, pulse: Any) -> None:
        self._ffi = ffi
        self._pulse = pulse
        self._loop = pulse.pa_threaded_mainloop_new()
        pulse.pa_threaded_mainloop_start(self._loop)
        with self.locked():
            self.context = pulse.pa_context_new(pulse.pa_threaded_mainloop_get_api(self._loop), b"localvoice")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While nothing is called in the loop's thread."""
        self._pulse.pa_threaded_mainloop_lock(self._loop)
        try:
            yield
        finally:
            self._pulse.pa_threaded_mainloop_unlock(self._loop)

    def connect(
        self,
        too_late: Callable[[], Exception],
        flags: int = pulse_client.NO_AUTOSPAWN,
        within_s: float = _ANSWERS_WITHIN_S,
    ) -> None:
        """Wait for the server. Raises `NoServerError`, or what `too_late` makes."""
        with self.locked():
            if self._pulse.pa_context_connect(self.context, self._ffi.NULL, flags, self._ffi.NULL) < 0:
                raise NoServerError
        deadline_s = time.monotonic() + within_s
        while (state := self._pulse.pa_context_get_state(self.context)) != pulse_client.CONTEXT_READY:
            if state >= pulse_client.CONTEXT_FAILED:
                raise NoServerError
            if time.monotonic() > deadline_s:
                raise too_late()
            time.sleep(_LOOK_S)

    def error(self) -> str:
        """What the server said last, in words."""
        return str(self._ffi.string(self._pulse.pa_strerror(self._pulse.pa_context_errno(self.context))).decode())

    def close(self, stream: Any) -> None:
        """End it; nothing is called any more. `stream` may be None."""
        pulse, nothing = self._pulse, self._ffi.NULL
        with self.locked():
            if stream is not None:
                pulse.pa_stream_set_read_callback(stream, nothing, nothing)
                pulse.pa_stream_set_write_callback(stream, nothing, nothing)
                pulse.pa_stream_set_underflow_callback(stream, nothing, nothing)
                pulse.pa_stream_disconnect(stream)
                pulse.pa_stream_unref(stream)
            pulse.pa_context_disconnect(self.context)
            pulse.pa_context_unref(self.context)
        pulse.pa_threaded_mainloop_stop(self._loop)
        pulse.pa_threaded_mainloop_free(self._loop)
