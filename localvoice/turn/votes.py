"""What speaks for and against the end of a thought at one pause, and the probability that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

COMMAND = 0.8
"""Probability of words that are a whole command of a skill: "what is seven plus eight" may go on with "plus nine"."""

_SOUND, _WORDS, _BIAS = 0.19, 1.33, 1.30
"""Weights of the log-odds (scripts/turnwords/README.md, "With sound")."""

_EDGE = 0.001
"""Probabilities count no further than to here: no vote is certain."""


class Ear(Enum):
    """Where a vote comes from."""

    SOUND = "sound"
    WORDS = "words"


@dataclass(slots=True)
class Votes:
    """The votes on one pause. None: not there, or no opinion."""

    sound: float | None = None
    """How finished it sounds (smart-turn)."""
    words: float | None = None
    """How finished it reads (the word model)."""
    is_command: bool = False
    """A skill would take the whole of it."""

    @property
    def finished(self) -> float | None:
        """Probability that the thought is finished; None without a vote."""
        if self.is_command:
            return max(COMMAND, self.words or 0.0)
        if self.words is None:
            return self.sound
        if self.sound is None:
            return self.words
        return probability(_SOUND * log_odds(self.sound) + _WORDS * log_odds(self.words) + _BIAS)


def log_odds(chance: float) -> float:
    """Of a probability, kept within what a vote can say."""
    kept = min(max(chance, _EDGE), 1.0 - _EDGE)
    return float(np.log(kept / (1.0 - kept)))


def probability(odds: float) -> float:
    """Of log-odds."""
    return float(1.0 / (1.0 + np.exp(-odds)))
