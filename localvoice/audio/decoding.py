"""Recordings of any format, decoded to mono at 16 kHz by FFmpeg's libraries (PyAV).

Rule of this file: FFmpeg sees bytes, never a name. A name may be an address, and a playlist may hold some; neither is
followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.errors import FileError, unreadable

_OPTIONS = {"protocol_whitelist": "pipe"}
"""Keeps playlists (HLS, concat) from opening other files and addresses: without it one was dialled."""


def open_recording(path: Path) -> BinaryIO:
    """The file's bytes. Raises `FileError` where it cannot be read or is empty."""
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder: name a recording in it")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise FileError(f"there is no file {path}: check the name") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if path.is_file() and path.stat().st_size == 0:
        file.close()
        raise FileError(f"{path} is empty: name a recording")
    return file


def check_recording(file: BinaryIO, name: str) -> None:
    """Raise `FileError` where `file` (seekable, at its beginning) holds no sound; leaves it at its beginning."""
    with _opened(file, name):
        pass
    file.seek(0)


def decode(file: BinaryIO, name: str) -> Iterator[Samples]:
    """The first sound track, block by block at 16 kHz. Damaged places are left out.

    Raises:
        FileError: `file`, called `name`, is no recording, or nothing in it could be decoded.
    """
    import av

    heard = False
    with _opened(file, name) as container, _foreign_errors(name):
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SPEECH_RATE_HZ)
        for packet in container.demux(audio=0):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            for block in _resampled(resampler, frames):
                heard = True
                yield block
        yield from _resampled(resampler, [None] if heard else [])
    if not heard:
        raise FileError(f"{name} holds no sound: name another recording")


def _resampled(resampler: Any, frames: list[Any]) -> Iterator[Samples]:
    """`None` among the frames empties the filter."""
    for frame in frames:
        for block in resampler.resample(frame):
            if block.samples:
                yield np.ascontiguousarray(block.to_ndarray()[0])


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Any]:
    import av

    with _foreign_errors(name):
        container = av.open(file, options=_OPTIONS)
    with container:
        if not container.streams.audio:
            raise FileError(f"{name} has no sound track: name another recording")
        yield container


@contextmanager
def _foreign_errors(name: str) -> Iterator[None]:
    import av

    try:
        yield
    except av.FFmpegError as error:
        raise FileError(f"{name} is no recording ({_reason(error)}): name a sound or video file") from error


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).rstrip(".").lower()
