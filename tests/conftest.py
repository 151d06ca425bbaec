"""What holds for all tests."""

from __future__ import annotations

import signal
import sys

from hypothesis import settings

settings.register_profile("localvoice", deadline=None)  # a busy machine fails no test
settings.load_profile("localvoice")

if sys.platform != "win32":
    # a run behind nohup or `&` ignores these, and would hand that on to the programs it starts and interrupts
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
