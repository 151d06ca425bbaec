"""What a count of rare events says about their rate."""

from __future__ import annotations

import pytest

from benchmarks.audio.intervals import per_hour


@pytest.mark.parametrize(
    ("count", "hours", "interval"),
    [(0, 1.0, [0.0, 3.69]), (3, 1.0, [0.62, 8.77]), (10, 2.0, [2.4, 9.2]), (0, 10.0, [0.0, 0.37])],
)
def test_the_interval_is_the_one_of_the_tables(count, hours, interval):
    assert per_hour(count, hours) == interval
