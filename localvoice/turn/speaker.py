"""How long this speaker pauses inside a thought, and what that does to the wait."""

from __future__ import annotations

import math

USUAL_PAUSE_S = 0.41
"""Geometric mean of the pauses inside a thought at which the presets are left as they are: about that of the pauses of
100 to 900 ms which the benchmark has, as far as the gate sees them."""

_DOUBT = 6.0
"""Pauses after which one's own count for half."""

LEAST_STRETCH, MOST_STRETCH = 0.85, 1.5
"""However one pauses, the plain wait changes no further. Who pauses briefly gains little by less, and is cut off when
they pause for once: with 0.75 the corpus's speakers, without models, had 3 more early ends in 100 for 25 ms."""

EARLY_S = 2.0
"""Speech that goes on within this time of the end of a turn shows that the end was none."""

_CAUTION, _KEPT = 1.0, 0.2
"""Log-odds that an early end takes from what seems finished, and the share of them that outlasts a turn which stood:
who goes on after one pause mostly has more of them in the same turn; of later turns it tells little. On the corpus's
choosing half it is 25 instead of 27 early ends in 100, for 22 ms in the median (2026-11-21); (0.5, 0.5) is as good."""


class Speaker:
    """The pauses after which the user went on with the same turn."""

    def __init__(self) -> None:
        self._count = 0
        self._log_sum = 0.0
        self._caution = 0.0

    def paused(self, seconds: float, *, was_taken_for_end: bool = False) -> None:
        """Inside a thought."""
        if seconds > 0.0:
            self._count += 1
            self._log_sum += math.log(seconds / USUAL_PAUSE_S)
            if was_taken_for_end and seconds <= EARLY_S:
                self._caution += _CAUTION

    def finished(self) -> None:
        """A turn of theirs ended where it was taken to."""
        self._caution *= _KEPT

    @property
    def stretch(self) -> float:
        """Factor of the plain wait: 1 at first, more for who pauses long."""
        return min(max(math.exp(self._log_sum / (self._count + _DOUBT)), LEAST_STRETCH), MOST_STRETCH)

    @property
    def caution(self) -> float:
        """Log-odds to take from what seems finished: 0 until a pause of theirs was taken for the end."""
        return self._caution
