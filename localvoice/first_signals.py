"""Ctrl-C, SIGTERM and a closed terminal from the first moment on, until a conversation takes them over.

An exception raised by a signal's handler is lost in two places, and the program would go on: in a callback of the
garbage collector, and in Python's import machinery, where it can also leave a lock taken that the next import in
another thread waits for, for ever (CPython 3.11, `importlib._bootstrap._get_module_lock`). So nothing is raised
while an import is under way, and what was lost is raised again.

Rule of this file: it imports next to nothing, because until `take` has run nobody heeds a signal.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time

TYPE_CHECKING = False
"""Not from `typing`: that takes a moment."""
if TYPE_CHECKING:
    from types import FrameType

_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""The exit codes of `localvoice.errors`, which a signal does not wait for."""
if sys.platform != "win32":
    _CODES[signal.SIGHUP] = 129

_MAIN = _thread.get_ident()
_AGAIN_S = 0.01
_has_begun = False
"""Whether a command is at work: from then on there may be something to close."""


class Signalled(SystemExit):
    """A signal other than Ctrl-C ends the program; `code` is its exit code."""


def take() -> None:
    """Heed the signals from now on; a SIGHUP that is ignored, as `nohup` asks, stays so."""
    for number in _CODES:
        if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGTERM:
            signal.signal(number, _arrived)


def begin() -> None:
    """From now on a signal is raised, so that files are closed on the way out; before, it ends the process at once."""
    global _has_begun  # noqa: PLW0603 - one process, one command
    _has_begun = True


def finish() -> None:
    """Everything is closed: from now on a signal ends the process at once again."""
    global _has_begun  # noqa: PLW0603 - as above
    _has_begun = False


def raise_again(lost: BaseException) -> bool:
    """Have a signal's exception that reached nobody raised once more; False for any other exception."""
    if not isinstance(lost, KeyboardInterrupt | Signalled):
        return False
    code = _CODES[signal.SIGINT] if isinstance(lost, KeyboardInterrupt) else lost.code
    _thread.start_new_thread(_deliver_again, (next(number for number in _CODES if _CODES[number] == code),))
    return True


def _arrived(number: int, frame: FrameType | None) -> None:
    code = _CODES[signal.Signals(number)]
    if not _has_begun:
        os._exit(code)
    if _is_importing(frame):
        _thread.start_new_thread(_deliver_again, (number,))
    elif number == signal.SIGINT:
        raise KeyboardInterrupt
    else:
        raise Signalled(code)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _deliver_again(number: int) -> None:
    time.sleep(_AGAIN_S)
    if sys.platform == "win32":
        _thread.interrupt_main(signal.Signals(number))
    else:  # a call that waits would not notice `interrupt_main`
        signal.pthread_kill(_MAIN, number)
