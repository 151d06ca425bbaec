"""One check after another: what was found, how long it took, what to do about it, and the exit code of it all.

Rule of this file: it knows nothing of what is checked.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from localvoice.errors import ExitCode, LocalVoiceError


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    ADVICE = "advice"
    """It works, and could be better."""
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    outcome: Outcome
    found: str
    fix: str = ""
    """What to do about it."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """What was measured; units in the names."""
    exit_code: ExitCode = ExitCode.OK
    """Of the program, where nothing failed before it."""


def fine(found: str, **figures: float) -> Finding:
    """Nothing to do."""
    return Finding(Outcome.OK, found, figures=figures)


def advice(found: str, fix: str, **figures: float) -> Finding:
    """It works; `fix` makes it better."""
    return Finding(Outcome.ADVICE, found, fix, figures)


def skipped(found: str) -> Finding:
    """There was nothing to look at."""
    return Finding(Outcome.SKIPPED, found)


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at. `examine` may raise `LocalVoiceError`: that is its finding then."""

    name: str
    examine: Callable[[], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Result:
    """A check that was made."""

    name: str
    finding: Finding
    took_ms: float

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        finding = self.finding
        return {
            "name": self.name,
            "outcome": finding.outcome.value,
            "found": finding.found,
            "fix": finding.fix,
            "figures": dict(finding.figures),
            "took_ms": round(self.took_ms, 1),
        }


async def examine(checks: Iterable[Check], told: Callable[[Result], None]) -> list[Result]:
    """Make the checks in order; `told` hears of each as soon as it is made."""
    results = []
    for check in checks:
        began_s = time.perf_counter()
        finding = await _finding(check)
        results.append(Result(check.name, finding, (time.perf_counter() - began_s) * 1000))
        told(results[-1])
    return results


async def _finding(check: Check) -> Finding:
    try:
        return await check.examine()
    except LocalVoiceError as error:
        found, _, fix = str(error).partition(": " if ": " in str(error) else "; ")
        return Finding(Outcome.FAILED, found, fix, exit_code=error.exit_code)


def exit_code(results: Iterable[Result]) -> ExitCode:
    """0 where a conversation would start, else what it would end with: that of the first check that failed."""
    failed = (one.finding.exit_code for one in results if one.finding.outcome is Outcome.FAILED)
    return next(failed, ExitCode.OK)
