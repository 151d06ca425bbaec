"""What speaks for and against the end of a thought at one pause, and the probability that follows from it.

Each vote is turned into log-odds of its own, and these add up: what is said, how it sounds and what was asked are
taken for independent of each other. A vote that is missing adds nothing. Probabilities are meant with as many ends as
pauses inside a thought, as the word model's are. The weights: scripts/calibrate_votes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from localvoice.turn.context import NO_QUESTION, Question
from localvoice.turn.vote_weights import SOUND, WORDS
from localvoice.turn.words import INSTANT_PROBABILITY, ends_in_number, is_instant

COMMAND = 1.0
"""Log-odds (0.73) of words that are a whole command of a skill: they mostly are the thought, but "what is seven plus
eight" may go on with "plus nine". Chosen: the corpus has few commands, and those are made to go on."""

NUMBER_LIMIT = 0.3
"""A number that is being dictated never counts for more: three digits read like a whole answer, and the next three
follow. Only the pause tells (scripts/turnwords/README.md, "Weaknesses")."""

SOUND_FROM_S, SOUND_FULL_S = 0.5, 2.5
"""Length of the turn from which on its sound counts, and at which it counts in full: in recorded prompts under 2 s it
told next to nothing (AUC 0.54; above 0.63; 568 pauses of one speaker, 2026-11-21), and it is not made for them."""

SOUND_BESIDE_WORDS = 0.5
"""Share of the sound's weight that is left where words vote as well. It is fitted without them; fitted together, sound
has 0.37 +- 0.23 (below even) and 0.01 +- 0.13 (above) on 265 pauses of one speaker, and on the corpus's voices nothing
(-0.04 +- 0.08, -0.02 +- 0.14)."""

_WORDS_KEPT = 0.01
_SOUND_KEPT = 0.001
_RECOGNISER_KEPT = 0.05
"""Probabilities count no further than to here: no vote is certain. What the recogniser itself says of the end of the
turn is weighed by 1: chosen, not measured."""


class Ear(Enum):
    """Where a vote comes from that takes its time."""

    SOUND = "sound"
    WORDS = "words"


@dataclass(slots=True)
class Votes:
    """The votes on one pause."""

    turn_s: float = 0.0
    """From the beginning of the turn to the pause."""
    asked: Question = NO_QUESTION
    """What we had just asked."""
    sound: float | None = None
    """How finished it sounds (smart-turn); None: not heard."""
    text: str = ""
    """The words up to here, as far as they are known."""
    words: float | None = None
    """How finished they read (the word model); None: not known, or no opinion."""
    is_command: bool = False
    """A skill would take the whole of them."""
    recogniser: float | None = None
    """The recogniser's own opinion; None: it has none."""

    @property
    def finished(self) -> float | None:
        """Probability that the thought is finished; None without a vote."""
        if is_instant(self.text):
            return INSTANT_PROBABILITY
        parts = [part for part in (self._of_words(), self._of_sound(), self._of_recogniser()) if part is not None]
        if not parts:
            return None
        likely = probability(sum(parts) + self.asked.log_odds(self.text, self.words))
        needs_pause = ends_in_number(self.text) and not self.is_command
        return min(likely, NUMBER_LIMIT) if needs_pause else likely

    def _of_words(self) -> float | None:
        if self.is_command:
            return COMMAND
        if self.words is None:
            return None
        slope, bias = WORDS
        return slope * log_odds_of_words(self.words) + bias

    def _of_sound(self) -> float | None:
        if self.sound is None:
            return None
        odds = sum(weight * part for weight, part in zip(SOUND, of_sound(self.sound, self.turn_s), strict=True))
        return odds if self._of_words() is None else SOUND_BESIDE_WORDS * odds

    def _of_recogniser(self) -> float | None:
        return None if self.recogniser is None else log_odds(self.recogniser, _RECOGNISER_KEPT)


def log_odds_of_words(likely: float) -> float:
    """What the word model's probability is before it is weighed."""
    return log_odds(likely, _WORDS_KEPT)


def of_sound(likely: float, turn_s: float) -> tuple[float, float, float]:
    """What smart-turn's probability is before it is weighed: log-odds below and above even, and one for the bias.

    Of a short turn all three are smaller.
    """
    counts = min(max((turn_s - SOUND_FROM_S) / (SOUND_FULL_S - SOUND_FROM_S), 0.0), 1.0)
    odds = log_odds(likely, _SOUND_KEPT)
    return counts * min(odds, 0.0), counts * max(odds, 0.0), counts


def log_odds(chance: float, kept: float = 1e-6) -> float:
    """Of a probability, which counts no further than to `kept` from certainty."""
    inside = min(max(chance, kept), 1.0 - kept)
    return float(np.log(inside / (1.0 - inside)))


def probability(odds: float) -> float:
    """Of log-odds."""
    return float(1.0 / (1.0 + np.exp(-odds)))
