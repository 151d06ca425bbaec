"""Which language a recogniser of many is told: a fixed one, or one that was found once, until it no longer fits.

Rule of this file: finding out costs Whisper one more pass of its encoder, so it is done where there is a reason.
"""

from __future__ import annotations

SURE = 0.7
"""Probability from which on a language that was found is kept; below it the next words are asked again. Chosen: short
turns of one language are found with 0.9 and more, mixed and unclear ones far below."""

DOUBTFUL = -0.8
"""Mean log probability of a word piece below which a text may be of another language: read in the wrong language, sound
gives words that the model does not believe in. Chosen; Whisper itself gives up at -1.0."""

_IN_A_ROW = 2
"""Doubtful texts that make it ask again: one may be a cough, or a name."""


class SpokenLanguage:
    """Told what a recogniser finds, from its thread."""

    def __init__(self, fixed: str = "") -> None:
        """`fixed`: a code that is kept in any case; empty = to be found."""
        self._is_fixed = bool(fixed)
        self._doubts = 0
        self.code = fixed
        """What to tell the recogniser; empty = let it find out."""
        self.last = fixed
        """Of the last words."""

    def found(self, code: str, probability: float) -> None:
        """The recogniser found out by itself."""
        if not self._is_fixed:
            self.last = code
            self.code = code if probability >= SURE else ""
            self._doubts = 0

    def heard(self, logprob: float) -> None:
        """A text was read, told which language it is, with this mean log probability."""
        if self._is_fixed or not self.code:
            return
        self._doubts = self._doubts + 1 if logprob < DOUBTFUL else 0
        if self._doubts >= _IN_A_ROW:
            self.code, self._doubts = "", 0
