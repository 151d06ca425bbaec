"""Our own audio callbacks: the compiled library beside this file, opened by cffi, and its rings.

Rule of this file: counters are read as fields; only what moves data or gives a command is a call. What an interruption
waits for keeps the GIL (`brief`): it takes a microsecond, and beside a busy thread of Python getting it back takes
milliseconds.
"""

from __future__ import annotations

import ctypes
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.quiet_room import LOOK_OVER, LOOK_RISE, LOOK_S, LOOK_WINDOWS
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.shared_library import UNUSABLE, StaleLibraryError, library_file, open_library, why_unusable
from localvoice.audio.vad import WINDOW_S

__all__ = [
    "UNDECIDED",
    "Library",
    "RingLook",
    "RingReader",
    "StaleLibraryError",
    "hold",
    "library_path",
    "load",
    "reason",
]

_STRUCTS = ("lv_ring", "lv_capture", "lv_reply", "lv_output", "lv_pulse", "lv_server", "lv_look")
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
        self.brief: Any = ctypes.PyDLL(str(path))
        """Its functions, called without giving the GIL away."""
        self.brief.lv_read.argtypes = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64
        self.brief.lv_hold.argtypes = ctypes.c_void_p, ctypes.c_void_p
        self.brief.lv_read.restype = self.brief.lv_hold.restype = ctypes.c_uint64

    def address(self, of: Any) -> int:
        """Of a struct or one of its fields."""
        return int(self.ffi.cast("uintptr_t", of))

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
        frame: int = library.brief.lv_hold(library.address(output), library.address(reply))
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
        self._place = library.address(self._ring)

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
        count: int = self._library.brief.lv_read(self._place, max(0, first), samples.ctypes.data, frames - before)
        return (np.concatenate((silence(before), samples)) if before else samples), count


class RingLook:
    """Waits until a ring (field `name` of `state`) holds something louder than the room. One thread; `call`: any."""

    def __init__(self, library: Library, state: Any, name: str, rate_hz: int) -> None:
        self._lib = library.lib
        self._state = state
        self._ring = library.ffi.addressof(state, name)
        self._look = library.ffi.new("lv_look *")
        self._look.windows, self._look.frames = LOOK_WINDOWS, round(WINDOW_S * rate_hz)
        self._look.step = max(1, round(rate_hz / SPEECH_RATE_HZ))
        self._look.every_us = round(1e6 * LOOK_S)
        self._look.ground, self._look.rise, self._look.over = 1.0, LOOK_RISE, LOOK_OVER

    def wait(self, first_s: float, looks: int) -> int:
        """Wait for `first_s`, then for `LOOK_S` again and again, without the GIL; how many looks were taken."""
        return int(self._lib.lv_await(self._look, self._ring, round(1e6 * first_s), looks))

    def call(self) -> None:
        """Let the present wait end with its next look, or the next one with its first."""
        self._look.is_called = 1

    def heed(self) -> None:
        """Whoever called so far has been heard."""
        self._look.is_called = 0
