"""How far a benchmark has come: a bar on standard error, where that is a terminal."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Self

from localvoice.ui.terminal_bar import TerminalBar


def _columns(progress: ModuleType) -> tuple[Any, ...]:
    of_all = progress.MofNCompleteColumn()
    return progress.TextColumn("{task.description}"), progress.BarColumn(), of_all, progress.TimeElapsedColumn()


class BenchProgress(TerminalBar):
    """Lines of the dialogue."""

    def __init__(self) -> None:
        super().__init__(_columns, takes_errors=True)

    def __enter__(self) -> Self:
        """The engines are being loaded."""
        if self._bar is not None:
            self._task = self._bar.add_task("measuring", total=None)
            self._bar.start()
        return self

    def said(self, lines: int, of: int) -> None:
        """So many lines of the dialogue have been said; from any thread, does not wait."""
        if self._bar is not None:
            self._bar.update(self._task, completed=lines, total=of)
