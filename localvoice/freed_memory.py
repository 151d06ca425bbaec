"""Memory that was freed goes back to the system: C's allocator keeps it, scattered, in the heap of each thread.

One utterance of a minute leaves 30 MB behind, and the next long one lies elsewhere (docs/audio.md, "A session that goes
on").
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

_WORTH_IT_BYTES = 32 * 2**20
"""Freed and kept: what an ordinary turn needs again, 15 to 30 MB, stays, for asking the system for it costs time."""


_GROWN_BYTES = 8 * 2**20
"""What the process must have come to hold since the last time: what was given back still counts as free there."""

_STATM = Path("/proc/self/statm")


class _Usage(ctypes.Structure):
    """`struct mallinfo2` of malloc.h."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


@cache
def _allocator() -> Any:
    """The C library; None where it is not glibc 2.33 or later, or cannot be asked, or nobody tells what is held."""
    if sys.platform != "linux" or not _STATM.exists():
        return None
    library = ctypes.CDLL(None)
    if not (hasattr(library, "mallinfo2") and hasattr(library, "malloc_trim")):
        return None
    library.mallinfo2.restype = _Usage
    return library


class _Held:
    """What the process held behind the last time, or less where it held less since."""

    least_bytes = 0

    def has_grown(self) -> bool:
        """Whether it holds so much more by now that looking through all heaps again is worth it."""
        resident = _resident()
        self.least_bytes = min(self.least_bytes, resident)
        return resident >= self.least_bytes + _GROWN_BYTES


_held = _Held()


def _resident() -> int:
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def give_back() -> bool:
    """Give it back where it is much, and more than at the last time; whether it was.

    Takes 1 to 10 ms then, without the GIL, else microseconds; any thread. For a moment in which nobody waits: who
    allocates meanwhile in a heap that is being looked through does.
    """
    library = _allocator()
    if library is None or library.mallinfo2().fordblks <= _WORTH_IT_BYTES or not _held.has_grown():
        return False
    library.malloc_trim(0)
    _held.least_bytes = _resident()
    return True
