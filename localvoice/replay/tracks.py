"""The sound of a recording, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from localvoice.audio.decoding import decode, open_recording
from localvoice.audio.samples import Reblocker, Samples
from localvoice.errors import FileError


def track_blocks(path: Path, frames: int) -> Iterator[Samples]:
    """A track in blocks of `frames` at 16 kHz; a rest that fills none is left out. Raises `FileError`."""
    blocks = Reblocker(frames)
    with open_recording(path) as file:
        try:
            for samples in decode(file, str(path)):
                yield from blocks.feed(samples)
        except FileError as error:
            raise FileError(f"{path} is damaged: the sound cannot be read") from error
