"""Memory that was freed goes back to the system: C's allocator keeps it, scattered, in the heap of each thread.

One utterance of a minute leaves 30 MB behind, and the next long one lies elsewhere (docs/audio.md, "A session that goes
on").
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

_WORTH_IT_BYTES = 32 * 2**20
"""Freed and kept: what an ordinary turn needs again, 15 to 30 MB, stays, for asking the system for it costs time."""


class _Usage(ctypes.Structure):
    """`struct mallinfo2` of malloc.h."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


@cache
def _allocator() -> Any:
    """The C library; None where it is not glibc 2.33 or later, or cannot be asked."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    if not (hasattr(library, "mallinfo2") and hasattr(library, "malloc_trim")):
        return None
    library.mallinfo2.restype = _Usage
    return library


def give_back() -> None:
    """Give it back where it is much. Takes 1 to 10 ms then, without the GIL, else microseconds; any thread.

    For a moment in which nobody waits: who allocates meanwhile in a heap that is being looked through does.
    """
    library = _allocator()
    if library is not None and library.mallinfo2().fordblks > _WORTH_IT_BYTES:
        library.malloc_trim(0)
