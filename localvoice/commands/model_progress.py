"""How downloads look: bars on a terminal, plain lines elsewhere. All of it on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich import progress as rich_progress

    from localvoice.model_store.transfer import Progress

_SHARES = 4
"""Lines per file where no bar can be drawn: each quarter."""
_SHARE_FROM_BYTES = 50_000_000
"""Smaller files are there before a quarter would be worth a line."""


@contextmanager
def shown_progress(total_bytes: int) -> Iterator[Progress]:
    """Show a download of about `total_bytes` in all while the context lasts."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as bars:
        yield Bars(bars, total_bytes)


class Lines:
    """A line per quarter of a large file and per finished file."""

    def __init__(self) -> None:
        self._shares: dict[str, int] = {}

    def moved(self, label: str, have_bytes: int, total_bytes: int | None) -> None:
        """Say each quarter once."""
        if not total_bytes or total_bytes < _SHARE_FROM_BYTES:
            return
        share = have_bytes * _SHARES // total_bytes
        if self._shares.get(label, 0) < share < _SHARES:
            print(f"{label}: {100 * share // _SHARES} %", file=sys.stderr, flush=True)  # noqa: T201 - plain log lines
        self._shares[label] = share

    def finished(self, label: str) -> None:
        """Say it."""
        self.note(f"{label}: done")

    def note(self, message: str) -> None:
        """Say it."""
        print(message, file=sys.stderr, flush=True)  # noqa: T201 - plain log lines


class Bars:
    """A bar per file under way, and one for all."""

    def __init__(self, bars: rich_progress.Progress, total_bytes: int) -> None:
        self._bars = bars
        self._all = bars.add_task("all", total=total_bytes or None)
        self._all_bytes = total_bytes
        self._tasks: dict[str, rich_progress.TaskID] = {}
        self._have: dict[str, int] = {}

    def moved(self, label: str, have_bytes: int, total_bytes: int | None) -> None:
        """Move the bar of `label`, making it at the first call."""
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(label, total=total_bytes, completed=have_bytes)
            self._have[label] = have_bytes
            # what an earlier run brought must not count as speed
            self._bars.reset(self._all, total=self._total, completed=sum(self._have.values()))
            return
        self._have[label] = have_bytes
        self._bars.update(self._tasks[label], completed=have_bytes, total=total_bytes)
        self._bars.update(self._all, completed=sum(self._have.values()), total=self._total)

    @property
    def _total(self) -> int | None:
        """The whole, where sizes known beforehand were too small."""
        return max(self._all_bytes, sum(self._have.values())) or None

    def finished(self, label: str) -> None:
        """Take the bar away and leave a line."""
        if (task := self._tasks.pop(label, None)) is not None:
            self._bars.remove_task(task)
        self._bars.console.print(f"{label}: done", markup=False, highlight=False)

    def note(self, message: str) -> None:
        """Print above the bars."""
        self._bars.console.print(message, markup=False, highlight=False)
