"""When the user has finished: the surer that the thought is complete, the shorter the wait."""

from __future__ import annotations

from localvoice.config import TurnConfig
from localvoice.turn.events import EndReason

SURE = 0.9
"""Probability from which the shortest wait applies."""

UNFINISHED = 0.2
"""Probability below which the longest wait applies."""


class Endpointing:
    """Decides at each moment of silence. Without votes (`probability` None) only the pause speaks."""

    def __init__(self, config: TurnConfig) -> None:
        self._sure_ms, self._silence_ms, self._limit_ms = config.waits_ms
        self._max_turn_s = config.max_turn_s

    def wait_ms(self, probability: float | None) -> float:
        """How long to wait after the end of speech."""
        if probability is None:
            return self._silence_ms
        if probability >= SURE:
            return self._sure_ms
        if probability <= UNFINISHED:
            return self._limit_ms
        middle = (SURE + UNFINISHED) / 2
        if probability >= middle:
            share = (SURE - probability) / (SURE - middle)
            return self._sure_ms + share * (self._silence_ms - self._sure_ms)
        share = (middle - probability) / (middle - UNFINISHED)
        return self._silence_ms + share * (self._limit_ms - self._silence_ms)

    def decide(self, silence_s: float | None, turn_s: float, probability: float | None) -> EndReason | None:
        """Why the turn is over now, or None.

        Args:
            silence_s: Since the end of speech; None while speech goes on.
            turn_s: Since the turn began.
            probability: That the thought is finished; None where nothing votes.
        """
        if self.is_full(turn_s):
            return EndReason.LIMIT
        if silence_s is None or silence_s * 1000 < self.wait_ms(probability) - 1e-3:
            return None
        if probability is None:
            return EndReason.SILENCE
        return EndReason.COMPLETE if probability > UNFINISHED else EndReason.LIMIT

    def is_full(self, turn_s: float) -> bool:
        """Whether a turn is as long as it may get: what follows opens another one."""
        return turn_s >= self._max_turn_s
