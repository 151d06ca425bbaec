"""PortAudio, loaded late and quietly: the one place that turns its failures into `DeviceError`s."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from localvoice.errors import DeviceError

LIST_HINT = "`localvoice devices` lists what there is, `--input FILE.wav` and `--output FILE.wav` need none"
"""The end of messages about devices that cannot be used."""

_MISSING = (
    "PortAudio is not installed: run `sudo apt install libportaudio2` (Debian/Ubuntu), `brew install portaudio` "
    "(macOS) or `sudo dnf install portaudio` (Fedora), or use `--input FILE.wav --output FILE.wav`"
)

_REASONS = {
    -9999: "the sound system refused",
    -9998: "it has not that many channels",
    -9997: "it does not work at that rate (audio.sample_rate = 0 takes its own)",
    -9996: "it is not there any more",
    -9986: "the sound system failed",
    -9985: "another program uses it, or it was unplugged",
}
"""PortAudio's error codes (portaudio.h, PaErrorCode) in words for those a user can do something about."""

CLOSE_WITHIN_S = 0.3
"""How long closing may hold up its caller: a device whose server hangs never returns (audio.md 9)."""


def load_sounddevice() -> Any:
    """The module `sounddevice`, PortAudio initialised. Raises `DeviceError` where the library is missing."""
    try:
        with quiet_stderr():
            import sounddevice
    except OSError as error:
        raise DeviceError(_MISSING) from error
    except ImportError as error:
        raise DeviceError(f"{error.name} cannot be imported: run `pip install sounddevice rtmixer`") from error
    except Exception as error:  # Pa_Initialize fails inside the import, with an exception of the module not imported
        raise DeviceError(f"PortAudio does not start: {error}; restart the sound system, or {LIST_HINT}") from error
    _read_all_names()
    _drop_noise_for_good()
    return sounddevice


@cache
def _read_all_names() -> None:
    """Take names that are no UTF-8 for Latin-1: sounddevice lists nothing at all where it meets one.

    On Windows it knows better which code a name has.
    """
    import sounddevice

    read = getattr(sounddevice, "_ffi_string", None)  # all text of PortAudio comes through it
    if read is None or sys.platform == "win32":
        return

    def readable(text: Any) -> bytes:
        plain: bytes = read(text)
        try:
            plain.decode()
        except UnicodeDecodeError:
            return plain.decode("latin-1").encode()
        return plain

    sounddevice._ffi_string = readable  # noqa: SLF001


def load_rtmixer() -> Any:
    """The module `rtmixer`, whose audio callback is compiled. Raises `DeviceError` like `load_sounddevice`."""
    load_sounddevice()
    try:
        import rtmixer
    except ImportError as error:
        raise DeviceError("rtmixer cannot be imported: run `pip install rtmixer`") from error
    return rtmixer


@contextmanager
def device_errors(subject: str) -> Iterator[None]:
    """Turn PortAudio's failures within into one line about `subject` ("the microphone "USB Audio""), ALSA's noise off.

    Raises `DeviceError` with PortAudio's code.
    """
    sounddevice = load_sounddevice()
    try:
        with quiet_stderr():
            yield
    except sounddevice.PortAudioError as error:
        code = error.args[1] if len(error.args) > 1 else 0
        raise DeviceError(f"{subject} cannot be used: {_reason(error, code)}; {LIST_HINT}", code=code) from error
    except ValueError as error:  # what sounddevice finds wrong before PortAudio is asked
        raise DeviceError(f"{subject} cannot be used: {str(error).rstrip('.')}; {LIST_HINT}") from error


def _reason(error: Exception, code: int) -> str:
    reason = _REASONS.get(code) or str(error.args[0] if error.args else error).rstrip(".")
    host_message = error.args[2][2] if len(error.args) > 2 else ""
    return f"{reason} ({host_message.strip()})" if host_message.strip() else reason


class _Noise:
    """What C libraries print on descriptor 2, dropped while anybody wants that; several threads may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = 0
        self._kept = -1

    def drop(self) -> None:
        with self._lock:
            self._wanted += 1
            if self._wanted > 1:
                return
            try:
                self._kept = os.dup(2)
            except OSError:  # no standard error: a windowed program
                self._kept = -1
                return
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a file of ours
                os.dup2(nowhere.fileno(), 2)

    def let_through(self) -> None:
        with self._lock:
            self._wanted -= 1
            if not self._wanted and self._kept >= 0:
                os.dup2(self._kept, 2)
                os.close(self._kept)


_noise = _Noise()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what C libraries print: ALSA and JACK report every device they do not find on standard error."""
    _noise.drop()
    try:
        yield
    finally:
        _noise.let_through()


@cache
def _drop_noise_for_good() -> None:
    """Drop it from now on, where our own messages do not go through descriptor 2 (`__main__` sees to that).

    A device that goes away is reported by ALSA and PortAudio at any time, from threads of theirs.
    """
    with suppress(OSError, ValueError, AttributeError):
        if sys.stderr.fileno() != 2:
            _noise.drop()


class OpenStreams:
    """Streams of this process that PortAudio still knows: closing may hang, and a callback may run until then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: dict[int, Any] = {}
        """By identity, with what keeps the callback's memory alive."""

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, pa: Any, memory: Any = None) -> None:
        """`memory` is kept until the stream is closed."""
        with self._lock:
            self._streams[id(pa)] = (pa, memory)

    def start(self, pa: Any, memory: Any = None) -> None:
        """The same, and start it; one that does not start is closed: no device would be looked for beside it."""
        self.add(pa, memory)
        try:
            pa.start()
        except BaseException:
            self.close(pa)
            raise

    def start_closing(self, pa: Any) -> threading.Thread:
        """Abort and close in a thread, which ends when the device has answered, perhaps never."""
        thread = threading.Thread(target=self._close, args=(pa,), name="closing", daemon=True)
        thread.start()
        return thread

    def close(self, pa: Any) -> None:
        """Abort and close; leaves it to its fate when the device does not answer within 0.3 s."""
        self.start_closing(pa).join(CLOSE_WITHIN_S)

    def _close(self, pa: Any) -> None:
        with suppress(Exception):  # a device that is gone cannot be closed properly, and nobody could do better
            pa.abort()
        with suppress(Exception):
            pa.close()
        with self._lock:
            self._streams.pop(id(pa), None)


open_streams = OpenStreams()


def refresh_devices() -> bool:
    """Let PortAudio look again which devices there are; False, and nothing is done, while any stream is open.

    PortAudio must not be used in another thread meanwhile. Raises `DeviceError`.
    """
    if len(open_streams):
        return False
    sounddevice = load_sounddevice()
    with device_errors("the sound system"):
        if sounddevice._initialized:  # noqa: SLF001 - no other way is offered; 0 where it failed to start last time
            sounddevice._terminate()  # noqa: SLF001
        sounddevice._initialize()  # noqa: SLF001
    return True
