"""What something takes, and what one way of doing it takes more than another, on a machine that does other work too.

Rule of this file: only pairs are compared. The two of a pair follow each other in random order, so that a change of the
machine's speed falls on either of them as often, and what is told is the median of the pairs with its interval.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

_DRAWS = 2000
_TAIL = 0.025

Work = Callable[[int], Awaitable[Any]]
"""The n-th task."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What something took: by the clock, and of the processor, which does not see what else the machine does."""

    wall_s: float
    cpu_s: float


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def read(self) -> Taken:
        """Since then."""
        wall_s, cpu_s = self._began
        return Taken(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def ms(seconds: float) -> float:
    """Rounded milliseconds."""
    return round(1000 * seconds, 1)


def medians(taken: Iterable[Taken]) -> dict[str, float]:
    """Of both clocks, in ms."""
    wall, cpu = (statistics.median(column) for column in zip(*((one.wall_s, one.cpu_s) for one in taken), strict=True))
    return {"ms": ms(wall), "cpu_ms": ms(cpu)}


@dataclass(slots=True)
class Pairs:
    """The same tasks by us and by the library alone."""

    ours: list[Taken] = field(default_factory=list)
    bare: list[Taken] = field(default_factory=list)

    def figures(self, units: int = 1) -> dict[str, Any]:
        """Medians in ms, and the percentage that we add, with its 95 % interval; `units`: pieces of a task."""
        ours, bare = medians(self.ours), medians(self.bare)
        added = [one.cpu_s - other.cpu_s for one, other in self._each()]
        return {
            "pairs": len(self.ours),
            "bare_ms": bare["ms"],
            "ours_ms": ours["ms"],
            "bare_cpu_ms": bare["cpu_ms"],
            "ours_cpu_ms": ours["cpu_ms"],
            "added_cpu_us_a_unit": round(1e6 * statistics.median(added) / units),
            "overhead_cpu_percent": _percent([one.cpu_s / other.cpu_s for one, other in self._each()]),
            "overhead_cpu_interval": _interval([one.cpu_s / other.cpu_s for one, other in self._each()]),
            "overhead_wall_percent": _percent([one.wall_s / other.wall_s for one, other in self._each()]),
            "overhead_wall_interval": _interval([one.wall_s / other.wall_s for one, other in self._each()]),
        }

    def _each(self) -> Iterable[tuple[Taken, Taken]]:
        return zip(self.ours, self.bare, strict=True)


async def nothing(_: int) -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Way:
    """Of doing the tasks; what prepares one is not counted."""

    work: Work
    prepare: Work = nothing


async def in_pairs(ours: Way, bare: Way, count: int, found: Pairs, seed: int = 1) -> None:
    """Add `count` tasks in both ways to `found`; one before them is not counted."""
    order = random.Random(seed)
    for number in range(count + 1):
        ways = [(ours, found.ours), (bare, found.bare)]
        order.shuffle(ways)
        for way, taken in ways:
            await way.prepare(number)
            watch = Watch()
            await way.work(number)
            if number:
                taken.append(watch.read())


def _percent(ratios: Sequence[float]) -> float:
    return round(100 * (statistics.median(ratios) - 1), 1)


def _interval(ratios: Sequence[float]) -> list[float]:
    """Of the median, by drawing the pairs again."""
    chance = random.Random(1)
    drawn = sorted(_percent(chance.choices(ratios, k=len(ratios))) for _ in range(_DRAWS))
    return [drawn[round(_TAIL * (_DRAWS - 1))], drawn[round((1 - _TAIL) * (_DRAWS - 1))]]
