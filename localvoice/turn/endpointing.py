"""When the user has finished: the surer that the thought is complete, the shorter the wait."""

from __future__ import annotations

import numpy as np

from localvoice.config import TurnConfig
from localvoice.turn.decisions import EndReason

UNFINISHED, DOUBTFUL, LIKELY, SURE = 0.05, 0.2, 0.5, 0.9
"""Marks of the probability that the thought is finished: up to the first the longest wait, between the middle two the
plain one, from the last the shortest, and in between in proportion. 0.2 and 0.5 are the word model's own marks: below
it is unfinished, above it complete, and between them "let sound and pause decide" (scripts/turnwords/README.md)."""


class Endpointing:
    """Decides at each moment of silence. Without votes (`probability` None) only the pause speaks."""

    def __init__(self, config: TurnConfig) -> None:
        self._sure_ms, self._silence_ms, self._limit_ms = config.waits_ms
        self._max_turn_s = config.max_turn_s

    def wait_ms(self, probability: float | None) -> float:
        """How long to wait after the end of speech."""
        if probability is None:
            return self._silence_ms
        waits_ms = (self._limit_ms, self._silence_ms, self._silence_ms, self._sure_ms)
        return float(np.interp(probability, (UNFINISHED, DOUBTFUL, LIKELY, SURE), waits_ms))

    def decide(
        self, silence_s: float | None, turn_s: float, probability: float | None, *, is_complete: bool = True
    ) -> EndReason | None:
        """Why the turn is over now, or None.

        Args:
            silence_s: Since the end of speech; None while speech goes on.
            turn_s: Since the turn began.
            probability: That the thought is finished; None where nothing votes.
            is_complete: All votes are in. A vote on its way is not overtaken by a wait shorter than the plain one.
        """
        if self.is_full(turn_s):
            return EndReason.LIMIT
        wait_ms = self.wait_ms(probability)
        if not is_complete:
            wait_ms = max(wait_ms, self._silence_ms)
        if silence_s is None or silence_s * 1000 < wait_ms - 1e-3:
            return None
        if probability is None:
            return EndReason.SILENCE
        if probability <= UNFINISHED:
            return EndReason.LIMIT
        return EndReason.COMPLETE if probability > DOUBTFUL else EndReason.SILENCE

    def is_full(self, turn_s: float) -> bool:
        """Whether a turn is as long as it may get: what follows opens another one."""
        return turn_s >= self._max_turn_s
