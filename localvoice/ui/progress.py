"""How far a transcription has come, on a terminal; elsewhere only what has to be said."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from localvoice.ui.terminal_bar import TerminalBar


def _columns(progress: ModuleType) -> tuple[Any, ...]:
    left = progress.TimeRemainingColumn(compact=True)
    return progress.TextColumn("{task.description}"), progress.BarColumn(), left


class TranscriptionProgress(TerminalBar):
    """A bar per recording. The transcript goes where it was to go: the bar takes nothing."""

    def __init__(self) -> None:
        super().__init__(_columns)

    def loading(self, what: str) -> None:
        """An engine is being loaded."""
        self._begin(what, None)

    def began(self, name: str, seconds: float) -> None:
        """A recording of that length is being worked on."""
        self._begin(name, seconds)

    def _begin(self, what: str, total: float | None) -> None:
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(what, total=total)
            self._bar.start()

    def heard(self, until_s: float) -> None:
        """Everything before that time is done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=until_s)

    def warn(self, text: str) -> None:
        """One line on standard error."""
        if self._bar is not None:
            self._bar.console.print(f"warning: {text}", markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(f"warning: {text}\n")
