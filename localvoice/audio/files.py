"""Sound files and pipes: a WAV or raw PCM as microphone, a WAV or raw PCM as loudspeaker."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Resampler, Samples, from_int16, silence, to_int16, to_mono
from localvoice.errors import FileError, unreadable, unwritable

OTHER_SOUND = frozenset({".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac", ".wma", ".aiff", ".aif", ".au"})
"""Ends of names that mean a file of sound, and none that is written here."""

_READ_FRAMES = 16_384
"""Of a file at once: a call of libsndfile through Python costs as much as converting ten times as many frames."""


class SoundSource(Protocol):
    """Where captured sound comes from when it is not a device."""

    @property
    def ended(self) -> bool:
        """Whether everything has been read."""

    def read(self, frames: int) -> Samples:
        """The next `frames` samples at 16 kHz; zeros follow the end. May block on a pipe."""

    def close(self) -> None:
        """Close the file."""


class SoundSink(Protocol):
    """Where played sound goes when it is not a device."""

    def write(self, samples: Samples) -> None:
        """Append samples at the rate the sink was opened with. Raises `FileError` when the disk is full."""

    def close(self) -> None:
        """Finish the file."""


class SilentSource:
    """A microphone that hears nothing and has no end: typed conversations."""

    ended = False

    def read(self, frames: int) -> Samples:
        """Zeros."""
        return silence(frames)

    def close(self) -> None:
        """Nothing to close."""


class WavSource:
    """A sound file of any rate, width and channel count, read as mono at 16 kHz."""

    def __init__(self, path: Path) -> None:
        self._file = open_sound_file(path)
        self._resampler = Resampler(self._file.samplerate, SPEECH_RATE_HZ)
        self._ready = silence(0)
        self._drained = False

    @property
    def ended(self) -> bool:
        """Whether everything has been read."""
        return self._drained and not len(self._ready)

    def read(self, frames: int) -> Samples:
        """The next `frames` samples at 16 kHz; zeros follow the end."""
        while len(self._ready) < frames and not self._drained:
            self._ready = np.concatenate((self._ready, self._next()))
        block, self._ready = self._ready[:frames], self._ready[frames:]
        if len(block) < frames:
            block = np.concatenate((block, silence(frames - len(block))))
        return block

    def _next(self) -> Samples:
        frames = self._file.read(_READ_FRAMES, dtype="float32")
        if len(frames):
            return self._resampler.feed(to_mono(frames))
        self._drained = True
        return self._resampler.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class PcmSource:
    """Raw PCM s16le mono 16 kHz from a pipe; its end is the end of the file."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the pipe has been closed by its writer."""
        return self._ended

    def read(self, frames: int) -> Samples:
        """The next `frames` samples; blocks until the writer has sent them; zeros follow the end."""
        data = b"" if self._ended else self._pipe.read(2 * frames)
        if len(data) < 2 * frames:
            self._ended = True
            data = data[: len(data) & ~1].ljust(2 * frames, b"\0")
        return from_int16(data)

    def close(self) -> None:
        """Leaves the pipe to its owner."""


_HELD_BACK_S = 0.5
"""Sound gathered before it is written to a file: two calls a second, each as dear as rendering a second of silence."""


class WavSink:
    """A mono s16le WAV file that grows while it is played, 0.5 s behind. Whatever was there before is replaced."""

    def __init__(self, path: Path, rate_hz: int, shown: Path | None = None) -> None:
        """`shown` is what errors call it, if not `path`. Raises `FileError`."""
        import soundfile

        self._path = path if shown is None else shown
        self._held: list[Samples] = []
        self._held_frames = 0
        self._hold_frames = round(_HELD_BACK_S * rate_hz)
        self._errors: tuple[type[Exception], ...] = (OSError, soundfile.LibsndfileError)
        try:
            self._file: Any = soundfile.SoundFile(path, "w", rate_hz, 1, format="WAV", subtype="PCM_16")
        except self._errors as error:
            raise unwritable(self._path, error) from error

    def write(self, samples: Samples) -> None:
        """Append samples."""
        self._held.append(samples)
        self._held_frames += len(samples)
        if self._held_frames >= self._hold_frames:
            self._write_held()

    def _write_held(self) -> None:
        held, self._held, self._held_frames = np.concatenate(self._held), [], 0
        try:
            self._file.write(to_int16(held))
        except self._errors as error:
            raise unwritable(self._path, error) from error

    def close(self) -> None:
        """Write the rest and finish the file. Raises `FileError`; the file is closed even then."""
        try:
            if self._held:
                self._write_held()
        finally:
            self._file.close()


class PcmSink:
    """Raw PCM s16le mono on a pipe, in real time, silence included."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def write(self, samples: Samples) -> None:
        """Append samples; blocks while the reader does not read."""
        try:
            self._pipe.write(to_int16(samples).tobytes())
            self._pipe.flush()
        except OSError as error:
            raise unwritable("standard output", error) from error

    def close(self) -> None:
        """Leaves the pipe to its owner."""


def open_sound_file(path: Path) -> Any:
    """A `soundfile.SoundFile` for reading, or a `FileError` in one line."""
    import soundfile

    try:
        return soundfile.SoundFile(path)
    except (OSError, soundfile.LibsndfileError) as error:
        if not path.exists():
            raise FileError(f"there is no file {path}: check its name") from error
        if path.is_dir():
            raise FileError(f"{path} is a folder: name a WAV file in it") from error
        if path.stat().st_size == 0:
            raise FileError(f"{path} is empty: a WAV file is needed") from error
        if not os.access(path, os.R_OK):  # libsndfile knows no more than "system error"
            raise unreadable(path, PermissionError(errno.EACCES, "permission denied")) from error
        raise FileError(f"{path} cannot be read as sound ({_reason(error)}): name a WAV file") from error


def check_is_wav(path: Path) -> None:
    """Raise `FileError` where its name promises another format than what is written, or it is a pipe."""
    if path.is_fifo():
        raise FileError(
            f"{path} is a pipe, and no WAV fits through one: name a file, or - for raw PCM on standard output"
        )
    if path.suffix.lower() in OTHER_SOUND:
        raise FileError(f"{path} would be a WAV file under another name: call it {path.with_suffix('.wav')}")


def check_writable(path: Path) -> None:
    """Raise `FileError` when `path` cannot be created or replaced. Leaves no trace."""
    if path.is_dir():
        raise FileError(f"{path} is a folder: name a file in it")
    if path.is_fifo():
        raise FileError(f"{path} is a pipe: name a file")
    existed = path.exists()
    try:
        with path.open("ab"):
            pass
        if not existed:
            path.resolve().unlink()  # of a link that leads nowhere, what was made at its end
    except OSError as error:
        raise unwritable(path, error) from error


def standard_input() -> BinaryIO:
    """The process's standard input as bytes. Raises `FileError` where it was closed."""
    if sys.stdin is None or sys.stdin.closed:
        raise FileError("standard input is closed: pipe sound into `--input -`, or name a file")
    return sys.stdin.buffer


def standard_output() -> BinaryIO:
    """The process's standard output as bytes."""
    return sys.stdout.buffer


def _reason(error: Exception) -> str:
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return str(text).rstrip(".").lower()
