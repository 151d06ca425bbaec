"""Ctrl-C, SIGTERM, a closed terminal: before the conversation they cancel its start, in it they end it cleanly."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from localvoice.errors import ExitCode
from localvoice.session.conversation import Session
from localvoice.session.ending import EndedBy

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
if sys.platform != "win32":
    _CODES[signal.SIGHUP] = ExitCode.HUNG_UP


class Stopper:
    """Ends whatever is going on when a signal arrives."""

    def __init__(self) -> None:
        self.code: ExitCode | None = None
        """Of the signal that arrived."""
        self._session: Session | None = None
        self._start: asyncio.Task[Any] | None = asyncio.current_task()

    @contextmanager
    def installed(self) -> Iterator[Stopper]:
        """Take over the signals for this loop; one that is ignored, as `nohup` asks, stays so."""
        loop = asyncio.get_running_loop()
        taken = {number: code for number, code in _CODES.items() if not _is_ignored_hangup(number)}
        before = {number: signal.getsignal(number) for number in taken}
        by_loop = {number for number, code in taken.items() if self._take(loop, number, code)}
        try:
            yield self
        finally:
            for number in by_loop:
                loop.remove_signal_handler(number)
            with suppress(ValueError):  # not the main thread
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _take(self, loop: asyncio.AbstractEventLoop, number: int, code: ExitCode) -> bool:
        """Whether the loop itself brings this signal."""
        try:
            loop.add_signal_handler(number, self._arrived, code)
        except (NotImplementedError, ValueError, RuntimeError):  # Windows; or not the main thread
            with suppress(ValueError):  # not the main thread: whoever runs us has the signals
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._arrived, code))
            return False
        return True

    def watch(self, session: Session) -> None:
        """From now on a signal ends this session."""
        self._session = session

    def _arrived(self, code: ExitCode) -> None:
        self.code = code
        if self._session is not None:
            self._session.end(EndedBy.INTERRUPT, code)
        elif self._start is not None:
            self._start.cancel()


def _is_ignored_hangup(number: int) -> bool:
    return sys.platform != "win32" and number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
