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

    Linux alone: Windows and macOS see to it themselves. Needs root or a limit `rtprio`, as members of the group `audio`
    have on most distributions; without it, and where this thread has been given another class than the ordinary one,
    nothing is done. Niceness would not do: Linux weighs it between the threads of one terminal only.
    """
    if sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_OTHER:
        yield
        return
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))  # of this thread; a new one inherits it
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
