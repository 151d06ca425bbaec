"""The terminal itself: keys come one by one and unseen, and it is left as it was found.

Rule of this file: with windows_console.py the only one of the screen that touches a terminal.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TextIO

from localvoice.ui.live import windows_console
from localvoice.ui.live.window_size import window_size

_PASTE_ON, _PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Bracketed paste: what is pasted is told from what is typed."""

_TAKES_WITHIN_S = 0.2
"""The last words before the end are waited for; nothing else is."""

_SIGNS = "○█─"
_DUMB = frozenset({"", "dumb", "unknown"})


def can_be_drawn_on(stdin: TextIO, stdout: TextIO) -> bool:
    """Whether both are a terminal that understands escape codes."""
    try:
        is_terminal = stdin.isatty() and stdout.isatty()
    except (ValueError, AttributeError):  # closed, or none at all
        return False
    if sys.platform == "win32":
        return is_terminal and windows_console.takes_escape_codes()
    return is_terminal and os.environ.get("TERM", "") not in _DUMB


def open_terminal(stdin: TextIO, stdout: TextIO) -> Terminal:
    """The one of this system."""
    if sys.platform == "win32":
        return windows_console.WindowsConsole(stdout, is_unicode=_takes(stdout, _SIGNS))
    return PosixTerminal(stdin, stdout)


class Terminal(Protocol):
    """Standard input and output of the process. Enter and leave as often as you like."""

    is_unicode: bool
    """Whether it takes the signs that the screen is drawn with."""

    @property
    def is_entered(self) -> bool:
        """Whether it is ours at the moment."""

    @property
    def is_in_front(self) -> bool:
        """Whether the shell lets us use it: not while we are in the background."""

    @property
    def is_gone(self) -> bool:
        """Whether its window was closed."""

    def enter(self) -> None:
        """Keys come at once and are not echoed; Ctrl-C stays a signal."""

    def leave(self) -> None:
        """As it was found."""

    def watch(self, came: Callable[[], None]) -> None:
        """Call `came` in this loop whenever there is something to read."""

    def unwatch(self) -> None:
        """Call it no more."""

    def read(self) -> bytes:
        """What was typed, as a terminal of Unix sends it; nothing once the terminal is gone."""

    @property
    def is_ready(self) -> bool:
        """Whether it has taken all that was written."""

    def write(self, text: str) -> None:
        """As much as it takes now; the rest with the next call. One that is gone takes nothing, and says nothing."""

    def size(self) -> tuple[int, int]:
        """Columns and rows."""


class PosixTerminal:
    """The terminal of Linux and macOS."""

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        self._fd = stdin.fileno()
        self._stdout = stdout
        self._before: list[Any] | None = None
        self.is_unicode = _takes(stdout, _SIGNS)
        self._out = _own_way_out(stdout)
        self._waiting = b""
        """What it has not taken yet."""

    @property
    def is_entered(self) -> bool:
        """Whether it is ours at the moment."""
        return self._before is not None

    @property
    def is_in_front(self) -> bool:
        """Whether the shell lets us use it: not while we are in the background."""
        return _in_front(self._fd) == os.getpgrp()

    @property
    def is_gone(self) -> bool:
        """Whether its window was closed."""
        return _in_front(self._fd) is None

    def enter(self) -> None:
        """Keys come at once and are not echoed. Ctrl-C and Ctrl-Z stay signals; Ctrl-S does not stop us."""
        import termios

        if self._before is not None:
            return
        self._stdout.flush()
        self._before = termios.tcgetattr(self._fd)
        wanted = termios.tcgetattr(self._fd)
        wanted[0] &= ~(termios.IXON | termios.ICRNL)
        wanted[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._fd, termios.TCSANOW, wanted)
        self.write(_PASTE_ON)

    def leave(self) -> None:
        """As it was found."""
        import termios

        before, self._before = self._before, None
        if before is not None:
            self.write(_PASTE_OFF + "\x1b[?25h")
            self._finish()
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(self._fd, termios.TCSANOW, before)

    def watch(self, came: Callable[[], None]) -> None:
        """By the loop itself."""
        asyncio.get_running_loop().add_reader(self._fd, came)

    def unwatch(self) -> None:
        """As the protocol says."""
        asyncio.get_running_loop().remove_reader(self._fd)

    def read(self) -> bytes:
        """What was typed; nothing once the terminal is gone."""
        try:
            return os.read(self._fd, 4096)
        except OSError:
            return b""

    @property
    def is_ready(self) -> bool:
        """Whether it has taken all that was written: one that nobody reads, as behind a lost connection, does not."""
        self._push()
        return not self._waiting

    def write(self, text: str) -> None:
        """As much as it takes now; the rest with the next call. One that is gone takes nothing, and says nothing."""
        self._waiting += text.encode(self._stdout.encoding or "ascii", "replace")
        self._push()

    def _push(self) -> None:
        while self._waiting:
            try:
                written = os.write(self._out, self._waiting)
            except BlockingIOError:
                return
            except OSError:
                self._waiting = b""
                return
            self._waiting = self._waiting[written:]

    def _finish(self) -> None:
        """Wait for the rest, a moment."""
        until_s = time.monotonic() + _TAKES_WITHIN_S
        while not self.is_ready and time.monotonic() < until_s:
            select.select([], [self._out], [], _TAKES_WITHIN_S / 10)
        self._waiting = b""

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return window_size(self._stdout)


def _in_front(fd: int) -> int | None:
    """The group of processes that has the terminal; None without a terminal."""
    try:
        return os.tcgetpgrp(fd)
    except OSError:
        return None


def _own_way_out(stdout: TextIO) -> int:
    """The same terminal, opened again: to make standard output itself not wait would change it for the shell, too."""
    try:
        return os.open(os.ttyname(stdout.fileno()), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:  # it has no name here
        return stdout.fileno()


def _takes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
