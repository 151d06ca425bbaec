"""Threads that carry sound run before all ordinary ones, where the system lets us say so.

Rule of this file: only threads that run no Python and wait for a device between two blocks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PRIORITY = 1
"""The lowest of the real-time ones: sound servers run at 5 and more, and have to."""


@contextmanager
def foremost_threads() -> Iterator[None]:
    """Threads of C libraries, and programs, that are started within run in real time (docs/decisions/044).

    Linux alone: Windows and macOS see to it themselves. Needs root or a limit `rtprio` (docs/audio.md); without it, and
    where this thread has been given another class than the ordinary one, nothing is done. Niceness would not do: Linux
    weighs it between the threads of one terminal only.
    """
    cores = _go_first()
    if cores is None:
        yield
        return
    try:
        yield
    finally:
        _step_back(cores)


def may_go_first() -> bool:
    """Whether this machine lets them, or sees to it itself."""
    if sys.platform != "linux":
        return True
    cores = _go_first()
    if cores is not None:
        _step_back(cores)
    return cores is not None


def _go_first() -> set[int] | None:
    """Put this thread forward, and all that it starts from now on; where it ran before, None where it may not.

    All of them on one core: they wake each other some 500 times a second, and each time another core is free at once
    for a thread of this class, with nothing of theirs in its caches (docs/audio.md).
    """
    if sys.platform != "linux":
        return None
    try:
        if os.sched_getscheduler(0) != os.SCHED_OTHER:
            return None
        cores = os.sched_getaffinity(0)
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))
    except OSError:  # not allowed to, or a C library that does not know how (musl)
        return None
    with suppress(OSError):
        os.sched_setaffinity(0, {max(cores)})
    return cores


def _step_back(cores: set[int]) -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setaffinity(0, cores)
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
