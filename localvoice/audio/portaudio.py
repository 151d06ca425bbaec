"""PortAudio, loaded late and quietly: the one place that turns its failures into `DeviceError`s."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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

_CLOSE_WITHIN_S = 0.3
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
    return sounddevice


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


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what C libraries print: ALSA and JACK report every device they do not find on standard error."""
    try:
        kept = os.dup(2)
    except OSError:  # no standard error: a windowed program
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a file of ours
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def close_stream(stream: Any) -> bool:
    """Abort and close a stream; leaves it to its fate when the device does not answer within 0.3 s.

    False says so: its callback may still run.
    """

    def close() -> None:
        with suppress(Exception):  # a device that is gone cannot be closed properly, and nobody could do better
            stream.abort()
            stream.close()

    thread = threading.Thread(target=close, name="closing", daemon=True)
    thread.start()
    thread.join(_CLOSE_WITHIN_S)
    return not thread.is_alive()
