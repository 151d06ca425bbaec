"""The terminal itself: keys come one by one and unseen, and it is left as it was found.

Rule of this file: the only one of the screen that touches a terminal. POSIX only: elsewhere there are lines.
"""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, TextIO

_PASTE_ON, _PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Bracketed paste: what is pasted is told from what is typed."""

_TAKES_WITHIN_S = 0.2
"""For the last words before the end. What is drawn meanwhile asks first, and waits for no one."""

_DUMB = frozenset({"", "dumb", "unknown"})


def can_be_drawn_on(stdin: TextIO, stdout: TextIO) -> bool:
    """Whether both are a terminal that understands escape codes."""
    try:
        is_terminal = stdin.isatty() and stdout.isatty()
    except (ValueError, AttributeError):  # closed, or none at all
        return False
    return is_terminal and sys.platform != "win32" and os.environ.get("TERM", "") not in _DUMB


class Terminal:
    """Standard input and output of the process. Enter and leave as often as you like."""

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        self.fd = stdin.fileno()
        self._stdout = stdout
        self._before: list[Any] | None = None
        self.is_unicode = _takes(stdout, "○█─")
        if isinstance(stdout, io.TextIOWrapper):
            stdout.reconfigure(errors="replace")  # a letter it cannot show is no reason to fail

    @property
    def is_entered(self) -> bool:
        """Whether it is ours at the moment."""
        return self._before is not None

    @property
    def is_in_front(self) -> bool:
        """Whether the shell lets us use it: not while we are in the background."""
        try:
            return os.tcgetpgrp(self.fd) == os.getpgrp()
        except OSError:
            return False

    def enter(self) -> None:
        """Keys come at once and are not echoed. Ctrl-C and Ctrl-Z stay signals; Ctrl-S does not stop us."""
        import termios

        if self._before is not None:
            return
        self._before = termios.tcgetattr(self.fd)
        wanted = termios.tcgetattr(self.fd)
        wanted[0] &= ~(termios.IXON | termios.ICRNL)
        wanted[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSANOW, wanted)
        self.write(_PASTE_ON)

    def leave(self) -> None:
        """As it was found."""
        import termios

        before, self._before = self._before, None
        if before is not None:
            self.write(_PASTE_OFF + "\x1b[?25h")
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(self.fd, termios.TCSANOW, before)

    def read(self) -> bytes:
        """What was typed; nothing once the terminal is gone."""
        try:
            return os.read(self.fd, 4096)
        except OSError:
            return b""

    def is_ready(self, within_s: float = 0.0) -> bool:
        """Whether it takes more: one that nobody reads, such as that of a lost connection, would hold us up."""
        try:
            return bool(select.select([], [self._stdout.fileno()], [], within_s)[1])
        except (OSError, ValueError):
            return False

    def write(self, text: str) -> None:
        """At once. A terminal that is gone, or takes nothing, is not waited for."""
        if self.is_ready(_TAKES_WITHIN_S):
            with suppress(OSError, ValueError):
                self._stdout.write(text)
                self._stdout.flush()

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        try:
            columns, rows = os.get_terminal_size(self._stdout.fileno())
        except (OSError, ValueError):
            columns, rows = 0, 0
        return columns or 80, rows or 24


def _takes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
