"""A connection to PulseAudio's server, or to PipeWire's in its place: the client's thread, and who answers there.

Rule of this file: the client is only asked while its loop is locked, but for states, which are numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from localvoice.audio import pulse_client
from localvoice.audio.native import Library
from localvoice.audio.portaudio import quiet_stderr

ANSWERS_WITHIN_S = 2.0
"""A server that runs answers within some ms; one that was stopped never does."""

LOOK_S = 0.002
"""Between two looks at a state."""

_STARTS_WITHIN_S = 5.0


class NoServerError(Exception):
    """No sound server answers: PortAudio may find one, or start it."""


def wake_server() -> None:
    """Let a sound server start that is started by whoever asks for it. Raises `NoServerError` where none answers.

    Before threads that go first ask: what they start goes first as well, on their core, with all that it plays for.
    """
    connection = PulseConnection()
    try:
        connection.connect(NoServerError, flags=0, within_s=_STARTS_WITHIN_S)
    finally:
        connection.close(None)


def lets_streams_rest(server_name: str) -> bool:
    """Whether a server of that name keeps every sample when the length of a stream's blocks changes.

    PipeWire's (0.3.65) drops 768 frames between loudspeaker and microphone each time both ends change (decision 050).
    """
    return "pipewire" not in server_name.lower()


class PulseConnection:
    """A client's thread, which runs from construction on, and its way to the server."""

    def __init__(self) -> None:
        """Raises `NoServerError` where the client is not installed, or gets no descriptors for its thread."""
        loaded = pulse_client.load_pulse()
        if loaded is None:
            raise NoServerError
        self.ffi, self.pulse = loaded
        self._loop = self.pulse.pa_threaded_mainloop_new()
        if self._loop == self.ffi.NULL:
            raise NoServerError
        self.pulse.pa_threaded_mainloop_start(self._loop)
        with self.locked():
            self.context = self.pulse.pa_context_new(self.pulse.pa_threaded_mainloop_get_api(self._loop), b"localvoice")
        self._name: Any = None
        """Memory of `server_name`, which has to stay as long as the loop."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While nothing is called in the loop's thread."""
        self.pulse.pa_threaded_mainloop_lock(self._loop)
        try:
            yield
        finally:
            self.pulse.pa_threaded_mainloop_unlock(self._loop)

    def connect(
        self,
        too_late: Callable[[], Exception],
        flags: int = pulse_client.NO_AUTOSPAWN,
        within_s: float = ANSWERS_WITHIN_S,
    ) -> None:
        """Wait for the server. Raises `NoServerError`, or what `too_late` makes."""
        with quiet_stderr(), self.locked():  # with sudo, the client complains of XDG_RUNTIME_DIR
            if self.pulse.pa_context_connect(self.context, self.ffi.NULL, flags, self.ffi.NULL) < 0:
                raise NoServerError
        deadline_s = time.monotonic() + within_s
        while (state := self.pulse.pa_context_get_state(self.context)) != pulse_client.CONTEXT_READY:
            if state >= pulse_client.CONTEXT_FAILED:
                raise NoServerError
            if time.monotonic() > deadline_s:
                raise too_late()
            time.sleep(LOOK_S)

    def server_name(self, library: Library, too_late: Callable[[], Exception]) -> str:
        """What the server calls itself, once it is connected; "" where it went away. Raises what `too_late` makes."""
        self._name = library.ffi.new("lv_server *")
        user = self.ffi.cast("void *", library.address(self._name))
        callback = self.ffi.cast("void *", library.callback("lv_pulse_server"))
        with self.locked():
            self.release(self.pulse.pa_context_get_server_info(self.context, callback, user))
        deadline_s = time.monotonic() + ANSWERS_WITHIN_S
        while not self._name.is_known and self.is_ready:
            if time.monotonic() > deadline_s:
                raise too_late()
            time.sleep(LOOK_S)
        return bytes(library.ffi.string(self._name.name)).decode("utf-8", "replace")

    @property
    def is_ready(self) -> bool:
        """Whether the server is still there, as far as anybody has noticed."""
        return bool(self.pulse.pa_context_get_state(self.context) == pulse_client.CONTEXT_READY)

    def release(self, operation: Any) -> None:
        """Let go of what nobody waits for; where the server has gone there is nothing."""
        if operation != self.ffi.NULL:
            self.pulse.pa_operation_unref(operation)

    def error(self) -> str:
        """What the server said last, in words."""
        return str(self.ffi.string(self.pulse.pa_strerror(self.pulse.pa_context_errno(self.context))).decode())

    def stop(self) -> None:
        """End its thread; what is asked afterwards is in vain, and harmless."""
        self.pulse.pa_threaded_mainloop_stop(self._loop)

    def close(self, stream: Any) -> None:
        """End it; nothing is called any more. `stream` may be None."""
        pulse, nothing = self.pulse, self.ffi.NULL
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
