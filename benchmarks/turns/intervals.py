"""Shares with their intervals, and quantiles, as the tables print them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_Z = 1.96


def share_95(count: int, of: int) -> tuple[float, float]:
    """95 % interval of a share, after Wilson; (0, 1) of nothing. It takes the cases for independent."""
    if not of:
        return 0.0, 1.0
    share, weight = count / of, _Z * _Z / of
    middle = share + weight / 2
    reach = _Z * ((share * (1 - share) + weight / 4) / of) ** 0.5
    return max(0.0, (middle - reach) / (1 + weight)), min(1.0, (middle + reach) / (1 + weight))


def quantile_ms(values_s: Sequence[float], share: float) -> float | None:
    """In whole milliseconds; None of nothing."""
    return round(1000 * float(np.quantile(values_s, share))) if values_s else None
