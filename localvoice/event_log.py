"""The session's events as JSON lines: one dictionary per fact, in the order of emission, for every listener alike."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from localvoice.errors import FileError, LocalVoiceError, unwritable

Event = dict[str, Any]
Listener = Callable[[Event], None]

_HALVES = "backslashreplace"
"""Half of a letter of two units, as services send it where they cut text into pieces: `\\ud83d`, as JSON has it."""


class EventLog:
    """Hands each event to its listeners. Called from the event loop only.

    What happens before `session_started` is kept and follows it: that event is always the first. A listener that fails
    is told nothing more, and its error is raised once the others have heard the event.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._early: list[Event] | None = []

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event from now on."""
        self._listeners.append(listener)

    def emit(self, kind: str, at_s: float, **fields: Any) -> None:
        """Tell everyone that `kind` happened at `at_s` (capture seconds)."""
        event: Event = {"type": kind, "t": round(at_s, 4)} | {name: _plain(value) for name, value in fields.items()}
        if kind == "session_started":
            early, self._early = self._early or [], None
            for one in (event, *early):
                self._tell(one)
        elif self._early is not None:
            self._early.append(event)
        else:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        failed: Exception | None = None
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except (LocalVoiceError, OSError) as error:
                self._listeners.remove(listener)  # it has told what is wrong; the others hear everything
                failed = failed or error
        if failed is not None:
            raise failed


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4 if abs(value) >= 0.01 else 7)  # a turn may cost a hundredth of a cent
    if isinstance(value, tuple):
        return list(value)
    return value


def _opened(file: Path) -> TextIO:
    """A pipe as well, where somebody reads it: without a reader the system would wait for one."""
    if not file.is_fifo():
        return file.open("w", encoding="utf-8", errors=_HALVES)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise FileError(f"nobody reads the pipe {file}: start its reader first") from error
    os.set_blocking(descriptor, True)
    return open(descriptor, "w", encoding="utf-8", errors=_HALVES)  # noqa: PTH123 - a descriptor


class JsonLines:
    """A listener that writes each event as a line, at once, to a file of its own or to an open stream."""

    def __init__(self, target: Path | TextIO) -> None:
        self._owned = isinstance(target, Path)
        self._name = str(target) if isinstance(target, Path) else "standard output"
        try:
            self._stream: TextIO = _opened(target) if isinstance(target, Path) else target
        except OSError as error:
            raise unwritable(self._name, error) from error

    def __call__(self, event: Event) -> None:
        """Write the line and flush it: a reader follows along, and a kill loses nothing."""
        try:
            self._stream.write(json.dumps(event, ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError as error:
            raise unwritable(self._name, error) from error

    def close(self) -> None:
        """Close a file of its own."""
        if self._owned:
            with suppress(OSError):  # it would try again what failed, and was told, when it was written
                self._stream.close()
