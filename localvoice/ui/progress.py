"""How far a transcription has come, on a terminal; elsewhere only what has to be said."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self


class TranscriptionProgress:
    """A bar per recording on standard error, where that is a terminal. A context: the bar goes with its end."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
            self._bar = Progress(
                *columns,
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,  # or the transcript would go where the bar goes
                redirect_stderr=False,
            )

    def __enter__(self) -> Self:
        """Nothing is shown yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self.hide()

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

    def hide(self) -> None:
        """Take the bar away until the next recording: something is going to be printed."""
        if self._bar is not None:
            self._bar.stop()

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
