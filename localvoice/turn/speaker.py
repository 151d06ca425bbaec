"""How this speaker pauses inside a thought, and how sure their ends are: what both do to the waits."""

from __future__ import annotations

import math

from localvoice.turn.endpointing import SURE, Pace
from localvoice.turn.votes import log_odds, probability

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

_CAUTION, _KEPT = 0.5, 0.3
"""Log-odds that an early end takes from what seems finished, and the share of them that outlasts a turn which stood:
who goes on after one pause mostly has more of them in the same turn; of later turns it tells little."""

_FAST_SHARE = 0.6
"""Of this speaker's ends so many get the shortest wait, so that the median of all is one of them: how sure that is
depends on what they say, on how they say it and on the recogniser."""

_STRIDE = 0.3
"""Log-odds by which an end moves the mark in all: up by the rest of the share where it was above it, else down by the
share, which come to the same where the share holds. 0.2 and 0.4 are as good on the corpora."""

_LEAST_SURE, _MOST_SURE = 0.55, 0.88
"""The mark stays between these. With less than the first, votes that tell nothing would end half of the turns at once:
with 0.5, smart-turn alone took 50 of 100 pauses of synthetic voices for the end, instead of 33."""


class Speaker:
    """The pauses after which the user went on with the same turn, and those after which they did not."""

    def __init__(self) -> None:
        self._sure_odds = log_odds(SURE)
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

    def finished(self, likely: float | None) -> None:
        """A turn of theirs ended where it was taken to. `likely`: how probable it was; None: nothing had voted."""
        self._caution *= _KEPT
        if likely is not None:
            step = _STRIDE * (1.0 - _FAST_SHARE if log_odds(likely) >= self._sure_odds else -_FAST_SHARE)
            self._sure_odds = min(max(self._sure_odds + step, log_odds(_LEAST_SURE)), log_odds(_MOST_SURE))

    @property
    def pace(self) -> Pace:
        """The plain wait is longer for who pauses long, and what is sure is what is so for six in ten of their ends."""
        stretch = math.exp(self._log_sum / (self._count + _DOUBT))
        return Pace(min(max(stretch, LEAST_STRETCH), MOST_STRETCH), probability(self._sure_odds))

    @property
    def caution(self) -> float:
        """Log-odds to take from what seems finished: 0 until a pause of theirs was taken for the end."""
        return self._caution
