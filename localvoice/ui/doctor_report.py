"""How an examination looks: a line for each check as it is made, what to do below it, and a last line."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from localvoice.doctor.examination import Outcome, Result
from localvoice.errors import ExitCode
from localvoice.printable import printable

_STYLES = {Outcome.OK: "green", Outcome.ADVICE: "yellow", Outcome.FAILED: "bold red", Outcome.SKIPPED: "dim"}
_NAME_WIDTH = 15
_WORD_WIDTH = max(map(len, Outcome))


class DoctorReport:
    """Lines on standard output; colours where that is a terminal that wants them."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console: Any = Console(file=sys.stdout, highlight=False, soft_wrap=True)

    def line(self, result: Result) -> None:
        """A check has been made."""
        from rich.text import Text

        outcome = result.finding.outcome
        head = Text(f"{outcome.value:<{_WORD_WIDTH}}  ", style=_STYLES[outcome])
        head.append(f"{result.name:<{_NAME_WIDTH}}  ", style="bold")
        head.append(f"{printable(result.finding.found)} ", style="default")
        head.append(f"({result.took_ms:.0f} ms)", style="dim")
        self._console.print(head)
        if result.finding.fix:
            self._console.print(" " * (_WORD_WIDTH + 2) + f"-> {printable(result.finding.fix)}", markup=False)

    def end(self, results: Sequence[Result]) -> None:
        """What it comes to."""
        self._console.print(f"\n{summary(results)}", markup=False)


def summary(results: Sequence[Result]) -> str:
    """One line about all of them."""
    failed = [one.name for one in results if one.finding.outcome is Outcome.FAILED]
    better = [one.name for one in results if one.finding.outcome is Outcome.ADVICE]
    if failed and all(name.startswith("service ") for name in failed):
        return f"A conversation would start, without {', '.join(failed)}."
    if failed:
        return f"A conversation would not start: see {', '.join(failed)}."
    if better:
        return f"A conversation would start; it could be better: see {', '.join(better)}."
    return "Everything is as it should be."


def as_json(results: Sequence[Result], code: ExitCode) -> str:
    """The same for programs."""
    return json.dumps({"exit_code": int(code), "checks": [one.as_json() for one in results]}, indent=2)
