"""When a sentence of the grammar is believed: it has to explain the sound about as well as free words do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Decoding:
    """What one search made of the sound."""

    text: str = ""
    log_likelihood: float = 0.0
    """Acoustic, summed over the segments, in the decoder's scaled units: comparable only on the same sound."""
    speech_frames: int = 0
    """Frames of 10 ms inside words."""


def agreement(sentence: Decoding, free: Decoding) -> tuple[float, float, float]:
    """The three measures of `AgreementRule`; neither text is empty."""
    ratio = 1000 * (sentence.log_likelihood - free.log_likelihood) / max(1, sentence.speech_frames)
    wanted, heard = sentence.text.replace(" ", ""), free.text.replace(" ", "")
    likeness = SequenceMatcher(None, wanted, heard, autojunk=False).ratio()
    return ratio, likeness, abs(math.log(len(wanted) / len(heard)))


@dataclass(frozen=True, slots=True)
class AgreementRule:
    """When a sentence of the grammar is believed: a weighted sum of how it compares with free decoding of the sound.

    The weights come from a logistic regression on synthetic speech (docs/starters.md).
    """

    likelihood: float = 2.0
    """Weight of the acoustic log-likelihood ratio per frame of speech, in thousandths."""
    letters: float = 4.5
    """Weight of the likeness of both texts' letters, 0..1: free decoding hears `the low` for `hello`."""
    length: float = -7.0
    """Weight of the difference of both texts' lengths, as a logarithm: one long word must not cover much speech."""
    threshold: float = 2.0
    """Loses about one right command in ten, and lets about one other sentence in fifty by."""
    coverage: float = 0.6
    """Least share of the speech heard freely that the sentence explains: it must not call half a story silence."""

    def accepts(self, sentence: Decoding, free: Decoding) -> bool:
        """Whether `sentence` may be acted upon."""
        if not sentence.text or not free.text:
            return False
        if sentence.speech_frames < self.coverage * free.speech_frames:
            return False
        measures = zip((self.likelihood, self.letters, self.length), agreement(sentence, free), strict=True)
        return sum(weight * measure for weight, measure in measures) >= self.threshold
