"""A terminal with somebody in front of it: a program runs in it, keys are pressed, and what it shows is read."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte

_COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3|4|9|10)[0-7](?:;\d+)*m")


class Glass:
    """An emulated terminal whose other end a process has as its own."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        *,
        size: tuple[int, int] = (80, 24),
        screen: pyte.HistoryScreen | None = None,
        **streams: Any,
    ) -> None:
        """`size`: columns and rows, of `screen` where one is given; `streams`: those that are not the terminal."""
        self._ours, theirs = os.openpty()
        self.sent = b""
        """Everything that was written to the terminal."""
        columns, rows = size
        self.screen = screen or pyte.HistoryScreen(columns, rows, history=500)
        self._stream = pyte.ByteStream(self.screen)
        self.resize(columns, rows)
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            [*command],
            **({"stdin": theirs, "stdout": theirs, "stderr": theirs} | streams),
            cwd=folder,
            env=dict(environ),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no other way to a terminal
        )
        os.close(theirs)

    def close(self) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the window."""
        if self._ours >= 0:
            os.close(self._ours)
        self._ours = -1

    @property
    def rows(self) -> list[str]:
        """What is to be seen."""
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.rows).rstrip()

    @property
    def modes(self) -> list[Any]:
        """How the terminal treats keys and output."""
        return termios.tcgetattr(self._ours)[:4]

    @property
    def has_colour(self) -> bool:
        """Whether anything was written in colour."""
        return _COLOUR.search(self.sent) is not None

    def press(self, keys: str | bytes) -> None:
        """Type."""
        os.write(self._ours, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, rows: int) -> None:
        """Another window."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def until(self, holds: str | Callable[[], bool], within_s: float = 30.0) -> None:
        """Wait for a text to be seen, or for something to hold."""
        check = holds if callable(holds) else lambda: holds in self.text
        deadline = time.monotonic() + within_s
        while not check():
            self._read()
            if time.monotonic() > deadline:
                raise AssertionError(f"{holds!r} never came; the screen:\n{self.text}")

    def ended(self, within_s: float = 15.0) -> int:
        """The exit code, once everything that was written is read."""
        deadline = time.monotonic() + within_s
        while self.process.poll() is None:
            self._read()
            assert time.monotonic() < deadline, self.text
        while self._read():
            pass
        return self.process.returncode

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.05)[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # nobody holds the other end
            return False
        self.sent += data
        self._stream.feed(data)
        return True
