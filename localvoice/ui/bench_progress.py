"""How far a benchmark has come: a bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self


class BenchProgress:
    """A context: the bar goes with its end."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)

    def __enter__(self) -> Self:
        """The engines are being loaded."""
        if self._bar is not None:
            self._task = self._bar.add_task("measuring", total=None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.stop()

    def said(self, lines: int, of: int) -> None:
        """So many lines of the dialogue have been said; from any thread, does not wait."""
        if self._bar is not None:
            self._bar.update(self._task, completed=lines, total=of)
