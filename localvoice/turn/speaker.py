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


class Speaker:
    """The pauses after which the user went on with the same turn."""

    def __init__(self) -> None:
        self._count = 0
        self._log_sum = 0.0

    def paused(self, seconds: float) -> None:
        """Inside a thought."""
        if seconds > 0.0:
            self._count += 1
            self._log_sum += math.log(seconds / USUAL_PAUSE_S)

    @property
    def stretch(self) -> float:
        """Factor of the plain wait: 1 at first, more for who pauses long."""
        return min(max(math.exp(self._log_sum / (self._count + _DOUBT)), LEAST_STRETCH), MOST_STRETCH)
