"""How this speaker pauses, how sure their ends are, and whether their melody tells: what each does to the waits."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from localvoice.turn.endpointing import SURE, Pace
from localvoice.turn.votes import log_odds, probability

USUAL_LONG_S = 0.55
"""Four in five of one's pauses inside a thought are shorter: where that is so, the presets are left as they are, and
the plain wait of `normal` is a tenth longer. People who read aloud have 0.33 s (281 pauses, 2026-11-22)."""

_SHORTER, _PAUSES_KEPT = 0.8, 20
"""That length is taken from the last pauses, and from a usual one before them: it takes five to believe that somebody
pauses briefly. The mean tells less of it: briefly paused is in between all of the time, also by who pauses long."""

LEAST_STRETCH, MOST_STRETCH = 2 / 3, 1.0
"""However one pauses, the plain wait changes no further: nobody waits longer than the preset says. With 1.05 answers to
who pauses long came within 679 ms for 95 in 100 instead of 647, and 1.6 of 100 drawn pauses were cut short instead of
2.0; by silence alone the median was 654 ms instead of 624 (people, simulated, 2026-11-22)."""

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


_TRUST, _MOST_TRUST, _SURPRISE = 3.0, 4.0, 1.0
"""Log-odds that the sound of this speaker is worth its weight: to begin with, at most either way, and how much one
pause moves them at most. Of a voice whose melody tells nothing (synthetic ones: AUC 0.51) the sound is given up after
some ten turns; of people it is kept. With 2 and 3 for the first two, people had 1 to 2 early ends in 100 more."""

_LEAST = 1e-3
"""No probability counts for less."""


class Speaker:
    """The pauses after which the user went on with the same turn, and those after which they did not."""

    def __init__(self) -> None:
        self._sure_odds = log_odds(SURE)
        self._pauses_s = deque((USUAL_LONG_S,), maxlen=_PAUSES_KEPT)
        self._stretch = 1.0
        self._caution = 0.0
        self._trust_odds = _TRUST

    def paused(self, seconds: float, *, was_taken_for_end: bool = False) -> None:
        """Inside a thought."""
        if seconds > 0.0:
            self._pauses_s.append(seconds)
            stretch = float(np.quantile(self._pauses_s, _SHORTER)) / USUAL_LONG_S
            self._stretch = min(max(stretch, LEAST_STRETCH), MOST_STRETCH)
            if was_taken_for_end and seconds <= EARLY_S:
                self._caution += _CAUTION

    def finished(self, likely: float | None, surer: float = 0.0) -> None:
        """A turn of theirs ended where it was taken to.

        `likely`: how probable it was; None: nothing had voted. `surer`: as in `Pace`.
        """
        self._caution *= _KEPT
        if likely is not None:
            is_sure = log_odds(likely) >= self._sure_odds + surer
            step = _STRIDE * (1.0 - _FAST_SHARE if is_sure else -_FAST_SHARE)
            self._sure_odds = min(max(self._sure_odds + step, log_odds(_LEAST_SURE)), log_odds(_MOST_SURE))

    def heard(self, with_sound: float, without: float, *, was_end: bool) -> None:
        """What a pause turned out to be; and how likely an end had been with the sound and without it."""
        told, untold = (one if was_end else 1.0 - one for one in (with_sound, without))
        gain = min(max(math.log(max(told, _LEAST) / max(untold, _LEAST)), -_SURPRISE), _SURPRISE)
        self._trust_odds = min(max(self._trust_odds + gain, -_MOST_TRUST), _MOST_TRUST)

    @property
    def trust(self) -> float:
        """How far the sound of this speaker is believed, 0..1: by whether it told better than the words alone."""
        return probability(self._trust_odds)

    @property
    def pace(self) -> Pace:
        """The plain wait follows their long pauses, and what is sure is what is so for six in ten of their ends."""
        return Pace(self._stretch, probability(self._sure_odds))

    @property
    def caution(self) -> float:
        """Log-odds to take from what seems finished: 0 until a pause of theirs was taken for the end."""
        return self._caution
