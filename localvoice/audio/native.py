"""Our own audio callbacks: the compiled library beside this file, opened by cffi, and its rings.

Rule of this file: calls give the GIL away for a moment, reading a field does not; so counters are read as fields, and
only what moves data or gives a command is a call.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import Samples, silence
from localvoice.audio.shared_library import UNUSABLE, StaleLibraryError, library_file, open_library, why_unusable

__all__ = ["UNDECIDED", "Library", "RingReader", "StaleLibraryError", "hold", "library_path", "load", "reason"]

_STRUCTS = ("lv_ring", "lv_capture", "lv_reply", "lv_output")
"""In the order of `lv_size`."""


_HOLD_LOOKS = 25
_HOLD_LOOK_S = 0.0002

UNDECIDED = 2**64 - 1
"""LV_UNDECIDED of callback.h."""


def library_path() -> Path:
    """Where installation puts the library; it is not there where no compiler was."""
    return library_file("callback")


class Library:
    """The opened library: `ffi` makes its structs, `lib` holds its functions. It is never unloaded.

    Raises `OSError` or `AttributeError` for a file that is not that library, `StaleLibraryError` for an old one.
    """

    def __init__(self, path: Path) -> None:
        self.ffi, self.lib = open_library(path, "callback.h", _STRUCTS)

    def pointer(self, array: Samples) -> Any:
        """`array` for a C function or struct; whoever keeps the pointer keeps the array alive too."""
        return self.ffi.cast("float *", array.ctypes.data)

    def callback(self, name: str) -> int:
        """The address of the callback of that name."""
        return int(self.ffi.cast("uintptr_t", getattr(self.lib, name)))


@cache
def load() -> Library | None:
    """The library, or None where there is none that fits: `reason` says why. The file is looked for once."""
    try:
        return Library(library_path())
    except UNUSABLE:
        return None


def reason() -> str:
    """Why `load` gives None, in half a sentence; empty where it does not."""
    if load() is not None:
        return ""
    try:
        Library(library_path())
    except UNUSABLE as error:
        return why_unusable(library_path(), error)
    return ""


def hold(library: Library, output: Any, reply: Any) -> int:
    """Fade a reply out and hold it; the first frame that does not sound.

    The command itself takes no time; the answer takes up to 5 ms in the rare case that the callback has just lost its
    processor in the middle of a block, and may then be a block early.
    """
    for _ in range(_HOLD_LOOKS):
        frame: int = library.lib.lv_hold(output, reply)
        if frame != UNDECIDED:
            return frame
        time.sleep(_HOLD_LOOK_S)
    return min(int(reply.end_if_held), int(reply.written))


class RingReader:
    """Frames of a ring (field `name` of `state`, whose memory must stay) by their number. Any thread."""

    def __init__(self, library: Library, state: Any, name: str) -> None:
        self._library = library
        self._state = state
        self._ring = library.ffi.addressof(state, name)

    @property
    def written(self) -> int:
        """Frames written so far: those before have been there."""
        count: int = self._ring.written
        return count

    def read(self, first: int, frames: int) -> tuple[Samples, int]:
        """Frames `first` to `first + frames`, and how many of them were there; the others are zeros.

        Missing are those not yet written and those overwritten, which is noticed also while it happens.
        """
        before = min(max(0, -first), frames)
        samples = np.empty(frames - before, dtype=np.float32)
        count: int = self._library.lib.lv_read(
            self._ring, max(0, first), self._library.pointer(samples), frames - before
        )
        return (np.concatenate((silence(before), samples)) if before else samples), count
