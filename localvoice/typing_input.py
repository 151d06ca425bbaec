"""Lines typed by the user: beside the microphone on a terminal, one after the other from a pipe."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable
from enum import Enum
from typing import TextIO

from localvoice.session.inbox import Arrival, InputDone
from localvoice.turn.observations import Interrupted, Typed

_LONGEST = 100_000
"""Characters of a line that are kept: no model here reads more, and a film piped in by mistake has no end of line."""


class StandardInput(Enum):
    """What stands at the other end of standard input."""

    TERMINAL = "terminal"
    PIPE = "pipe or file"
    NOTHING = "nothing"


def standard_input_kind() -> StandardInput:
    """`/dev/null` and a closed standard input count as nothing."""
    try:
        if sys.stdin is None or sys.stdin.closed:
            return StandardInput.NOTHING
        if sys.stdin.isatty():
            return StandardInput.TERMINAL
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return StandardInput.NOTHING
    return StandardInput.NOTHING if stat.S_ISCHR(mode) else StandardInput.PIPE


class TypedLines:
    """Reads lines in a thread of its own and posts them. It cannot be stopped while it waits for a key: a daemon."""

    def __init__(
        self,
        post: Callable[[Arrival], None],
        now_s: Callable[[], float],
        *,
        from_terminal: bool,
        ends_session: bool,
        stream: TextIO | None = None,
    ) -> None:
        self._post = post
        self._now_s = now_s
        self._from_terminal = from_terminal
        self._ends_session = ends_session
        self._stream = stream

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._run, name="typing", daemon=True).start()

    def _run(self) -> None:
        for line in iter(self._next, ""):
            text = line.strip()
            if text:
                self._post(self._typed(text))
            elif self._from_terminal:
                self._post(Interrupted(self._now_s()))
        if self._ends_session:
            self._post(InputDone())

    def _next(self) -> str:
        """A line with its end; nothing where there are no more, as of a terminal that was closed."""
        stream = self._stream or sys.stdin
        try:
            line = rest = stream.readline(_LONGEST)
            while len(rest) == _LONGEST and not rest.endswith("\n"):
                rest = stream.readline(_LONGEST)
        except OSError:
            return ""
        return line

    def _typed(self, text: str) -> Typed:
        over_thought = self._from_terminal and not self._ends_session
        return Typed(self._now_s(), text, interrupts=self._from_terminal, over_thought=over_thought)
