"""A WAV that stands under its name only once it is complete."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from localvoice.audio.files import WavSink, check_is_wav
from localvoice.audio.samples import Samples, resample
from localvoice.errors import FileError, unwritable


class WholeWav:
    """A mono s16le WAV at the rate of its first sound, written beside its place and put there by `finish`.

    What is no file (a device, a pipe) is written to directly. Methods block as the disk does.
    """

    def __init__(self, path: Path) -> None:
        """Raises `FileError` where `path` cannot be written; nothing is changed there before `finish`."""
        check_is_wav(path)
        self._path = Path(os.path.realpath(path))
        self._part: Path | None = None
        self._sink: WavSink | None = None
        self._rate_hz = 0
        if self._path.is_dir():
            raise FileError(f"{path} is a folder: name a file in it")
        if self._path.exists() and not self._path.is_file():
            return
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            if self._path.exists() and not os.access(self._path, os.W_OK):
                raise PermissionError(0, "the file is read-only")
            part.open("wb").close()
        except OSError as error:
            raise unwritable(path, error) from error
        self._part = part

    def write(self, samples: Samples, rate_hz: int) -> None:
        """Append sound. Raises `FileError` when the disk is full."""
        if self._sink is None:
            self._rate_hz = rate_hz
            self._sink = WavSink(self._part or self._path, rate_hz, self._path)
        self._sink.write(resample(samples, rate_hz, self._rate_hz))

    def finish(self) -> None:
        """Put the file in its place. Raises `FileError`."""
        if self._sink is None:
            return
        self._sink.close()
        self._sink = None
        if self._part is None:
            return
        try:
            if self._path.exists():
                shutil.copymode(self._path, self._part)
            self._part.replace(self._path)
        except OSError as error:
            raise unwritable(self._path, error) from error
        self._part = None

    def close(self) -> None:
        """Remove what is not finished. May be called twice."""
        sink, self._sink = self._sink, None
        if sink is not None:
            with suppress(Exception):  # it is thrown away
                sink.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)
            self._part = None
