"""The native half of the reflex: the compiled library beside this file, opened twice.

Rule of this file: what takes longer than asking for the GIL again gives it away (`lib`); what takes less keeps it
(`brief`), since between two pure-Python threads a call that gives it away waits for milliseconds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import Samples, silence
from localvoice.audio.shared_library import UNUSABLE, library_file, open_library, why_unusable

_STRUCTS = ("lv_silero_net", "lv_silero", "lv_apm", "lv_linear", "lv_block")
"""In the order of `lv_reflex_size`."""

_WINDOW = 512


def library_path() -> Path:
    """Where installation puts the library; it is not there where no compiler was."""
    return library_file("reflex")


class ReflexLibrary:
    """The opened library. Raises what `open_library` does."""

    def __init__(self, path: Path) -> None:
        self.ffi, self.lib = open_library(path, "reflex.h", _STRUCTS, "lv_reflex")
        """What makes its structs; its functions, which give the GIL away."""
        self.brief: Any = ctypes.PyDLL(str(path))
        """Its functions, which keep the GIL."""
        self.brief.lv_resample.argtypes = *[ctypes.c_void_p] * 4, ctypes.c_int, ctypes.c_int
        self.brief.lv_resample.restype = None
        self.brief.lv_silero_hear.argtypes = ctypes.c_void_p, ctypes.c_void_p
        self.brief.lv_silero_hear.restype = ctypes.c_float
        self.lib.lv_reflex_begin()

    def address(self, of: Any) -> int:
        """Of a struct or of memory that C gave."""
        return int(self.ffi.cast("uintptr_t", of))

    def view(self, field: Any, kind: type[np.generic] = np.float32) -> Any:
        """An array field of a struct as an array; whoever keeps it keeps the struct alive."""
        return np.frombuffer(self.ffi.buffer(field), dtype=kind)

    def pointer(self, array: Samples) -> Any:
        """`array` for a struct; whoever keeps the pointer keeps the array alive too."""
        return self.ffi.cast("float *", array.ctypes.data)


@cache
def load() -> ReflexLibrary | None:
    """The library, or None where there is none that fits: `reason` says why. The file is looked for once."""
    try:
        return ReflexLibrary(library_path())
    except UNUSABLE:
        return None


def reason() -> str:
    """Why `load` gives None, in half a sentence; empty where it does not."""
    if load() is not None:
        return ""
    path = library_path()
    try:
        ReflexLibrary(path)
    except UNUSABLE as error:
        return why_unusable(path, error)
    return ""


class NativeSilero:
    """Silero's network in C. Not thread-safe."""

    runtime = "native"

    def __init__(self, library: ReflexLibrary, weights: Mapping[str, Samples]) -> None:
        self._library, self._weights = library, weights
        self._net = library.ffi.new("lv_silero_net *")
        for name, array in weights.items():
            setattr(self._net, name, library.pointer(array))
        self._begin()

    def _begin(self) -> None:
        self._state = self._library.ffi.new("lv_silero *")
        self._state.net = self._net
        self._window = silence(_WINDOW)
        self._places = self._library.address(self._state), self._window.ctypes.data

    def another(self) -> NativeSilero:
        """One with a memory of its own and the same weights."""
        return NativeSilero(self._library, self._weights)

    def reset(self) -> None:
        """State and context to zeros."""
        for part in (self._state.hidden, self._state.cell, self._state.context):
            self._library.view(part)[:] = 0.0

    def hear(self, window: Samples) -> float:
        """Speech probability of the next 512 samples."""
        self._window[:] = window
        heard: float = self._library.brief.lv_silero_hear(*self._places)
        return heard
