"""How much a count says about the rate behind it."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, lgamma, log

_EDGE = 0.025
"""Of either side: 95 % lie between."""


def per_hour(count: int, hours: float) -> list[float]:
    """Least and greatest rate an hour that `count` in `hours` leaves possible (95 %, exact for a Poisson count)."""
    low = 0.0 if count == 0 else _where(lambda mean: 1.0 - _at_most(count - 1, mean), _EDGE)
    high = _where(lambda mean: 1.0 - _at_most(count, mean), 1.0 - _EDGE)
    return [round(low / hours, 2), round(high / hours, 2)]


def _at_most(count: int, mean: float) -> float:
    return sum(exp(number * log(mean) - mean - lgamma(number + 1)) for number in range(count + 1))


def _where(rising: Callable[[float], float], value: float) -> float:
    low, high = 1e-9, 1e5
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return middle
