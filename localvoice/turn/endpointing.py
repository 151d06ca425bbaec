"""When the user has finished: the surer that the thought is complete, the shorter the wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from localvoice.config import TurnConfig
from localvoice.turn.decisions import EndReason
from localvoice.turn.votes import log_odds
from localvoice.turn.votes import probability as probability_of

SURE = 0.62
"""Probability that the thought is finished from which on the wait is short, where no sound votes: with it ends are
surer (`HEARD` in votes.py). It follows the speaker. Where median and 95th percentile of the delay are given, steps cost
the fewest early ends: half of the ends get the shortest wait, and 5 in 100 more than the plain one
(docs/decisions/028-waits-in-steps.md, 029-the-sure-half.md)."""

_FAR = 2.3
"""Log-odds below the mark of what is sure, up to which the wait is the longest: 1 to 5 in 100 ends of people lie there,
and most of their pauses inside a thought (docs/decisions/064-what-seems-unfinished-follows-too.md)."""
_FAR_READ = 2.8
"""The same where a language model has read the words, and ends are spread wider
(docs/decisions/062-beginnings-are-no-ends.md)."""
_FARTHER = 0.36
"""And so much farther for each log-odd by which ends are surer: where the sound votes, the last five lie there."""
MOST_UNFINISHED = 0.4
"""The longest wait ends here, however sure others are: what is hardly less likely than not gets the plain one."""

_VERY_SURE = 0.95
"""From here on the wait is the shortest: "stop", "yes", "thank you" where nothing else is likely; a third of people's
ends where the sound votes, with no more early ones than if all that is sure waited longer."""
_STEP_MS = 40
"""What is sure waits for so much longer than that: four in ten pauses of people who read aloud last 0.2 s and more,
three in ten 0.24 s, and the median of the delay may be 0.25 s (docs/decisions/048-how-long-to-wait.md)."""

_LEAST_PLAIN_MS, _LEAST_PLAIN = 400, 2
"""However briefly a speaker pauses, the plain wait is no shorter than the first, or so many times the shortest one:
`fast` and `patient` keep theirs, `normal` comes down to 400 ms."""

_RISE = 0.2
"""Log-odds over which one wait passes into the next."""

_COMPLETE = 0.25
"""From here on an end is called `complete`, however long it was waited for: what the word means does not move with the
marks."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a speaker makes of the waits."""

    stretch: float = 1.0
    """Factor of the plain wait; it never gets beyond the other two."""
    sure: float = SURE
    """From which probability on the wait is short, where the sound does not vote."""
    is_read: bool = False
    """A language model has read the words."""
    surer: float = 0.0
    """Log-odds by which what is sure has to be surer: the sound votes, or the words were read (`Votes.surer`)."""

    @property
    def unfinished(self) -> float:
        """Up to which probability the wait is the longest."""
        far = (_FAR_READ if self.is_read else _FAR) + _FARTHER * self.surer
        return min(probability_of(log_odds(self.sure) + self.surer - far), MOST_UNFINISHED)


_STRANGER = Pace()


class Endpointing:
    """Decides at each moment of silence. Without votes (`probability` None) only the pause speaks."""

    def __init__(self, config: TurnConfig) -> None:
        self._sure_ms, self._silence_ms, self._limit_ms = config.waits_ms
        self._max_turn_s = config.max_turn_s

    def choose_waits(self, sure_ms: int, silence_ms: int, limit_ms: int) -> None:
        """Other waits from now on."""
        self._sure_ms, self._silence_ms, self._limit_ms = sure_ms, silence_ms, limit_ms

    def wait_ms(self, probability: float | None, pace: Pace = _STRANGER) -> float:
        """How long to wait after the end of speech. `probability`: that the thought is finished; None: no vote."""
        plain_ms = self._plain_ms(pace.stretch)
        if probability is None:
            return plain_ms
        sure = log_odds(pace.sure) + pace.surer
        unfinished = log_odds(pace.unfinished)
        short_ms = max(self._sure_ms, min(self._sure_ms + _STEP_MS, plain_ms))
        very = max(log_odds(_VERY_SURE), sure + 2 * _RISE)
        odds = (unfinished, unfinished + _RISE, sure - _RISE, sure, very - _RISE, very)
        waits = (self._limit_ms, plain_ms, plain_ms, short_ms, short_ms, self._sure_ms)
        return float(np.interp(log_odds(probability), odds, waits))

    def _plain_ms(self, stretch: float) -> float:
        least = min(max(_LEAST_PLAIN_MS, _LEAST_PLAIN * self._sure_ms), self._silence_ms)
        most = max(self._sure_ms, self._silence_ms, self._limit_ms)
        return min(max(self._silence_ms * stretch, least), most)

    def decide(
        self,
        silence_s: float | None,
        turn_s: float,
        probability: float | None,
        *,
        pace: Pace = _STRANGER,
        is_complete: bool = True,
    ) -> EndReason | None:
        """Why the turn is over now, or None.

        Args:
            silence_s: Since the end of speech; None while speech goes on.
            turn_s: Since the turn began.
            probability: That the thought is finished; None where nothing votes.
            pace: What the speaker makes of the waits.
            is_complete: All votes are in. A vote on its way is not overtaken by a wait shorter than the plain one.
        """
        if self.is_full(turn_s):
            return EndReason.LIMIT
        wait_ms = self.wait_ms(probability, pace)
        if not is_complete:
            wait_ms = max(wait_ms, self._plain_ms(pace.stretch))
        if silence_s is None or silence_s * 1000 < wait_ms - 1e-3:
            return None
        if probability is None:
            return EndReason.SILENCE
        if probability <= pace.unfinished:
            return EndReason.LIMIT
        return EndReason.COMPLETE if probability > _COMPLETE else EndReason.SILENCE

    def is_full(self, turn_s: float) -> bool:
        """Whether a turn is as long as it may get: what follows opens another one."""
        return turn_s >= self._max_turn_s
