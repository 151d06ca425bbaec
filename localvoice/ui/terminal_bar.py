"""A bar on standard error that goes when its work ends: what the bars of all commands have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import ModuleType, TracebackType
from typing import Any, Self


class TerminalBar:
    """A bar where standard error is a terminal, elsewhere none. A context: the bar goes with its end."""

    def __init__(
        self, columns: Callable[[ModuleType], Iterable[Any]], *, takes_output: bool = False, takes_errors: bool = False
    ) -> None:
        """`columns` makes them out of `rich.progress`; what is taken is printed above the bar, on standard error."""
        self._bar: Any = None
        """None where nobody sees it."""
        self._task: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                *columns(progress),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=takes_output,
                redirect_stderr=takes_errors,
            )

    def __enter__(self) -> Self:
        """Nothing is shown yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self.hide()

    def hide(self) -> None:
        """Take the bar away until the next piece of work: something is going to be printed."""
        if self._bar is not None:
            self._bar.stop()
