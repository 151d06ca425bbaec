"""What speaks for and against the end of a thought at one pause, and the probability that follows from it.

Votes are turned into log-odds, and these add up. Words and sound are weighed together where both vote; what was asked
and what the recogniser says are taken for independent of them. A vote that is missing adds nothing. Probabilities are
meant with as many ends as pauses inside a thought, as the word model's are. The weights: scripts/calibrate_votes.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from localvoice.turn.belief import believed
from localvoice.turn.context import NO_QUESTION, Question
from localvoice.turn.read_weights import READ, READ_BOTH
from localvoice.turn.vote_weights import BOTH, LOUDNESS, WORDS
from localvoice.turn.words import INSTANT_PROBABILITY, ends_in_number, is_instant

HEARD, AS_READ = 1.8, 0.4
"""Log-odds by which six in ten of people's ends are surer where the sound votes as well, and where a language model has
read the words (docs/decisions/062-beginnings-are-no-ends.md)."""

COMMAND = 1.0
"""Log-odds (0.73) of words that are a whole command of a skill: they mostly are the thought, but "what is seven plus
eight" may go on with "plus nine". Chosen: the corpus has few commands, and those are made to go on."""

_COMMAND_SOUND = 0.34
"""Slope of the sound beside a command: however unfinished that sounds, it never gets the longest wait."""

NUMBER_LIMIT = 0.45
"""A number that is being dictated never counts for more: three digits read like a whole answer, and the next three
follow. Only the pause tells (scripts/turnwords/README.md, "Weaknesses")."""

WANTS_MORE, WANTS_MORE_LIMIT = 0.03, 0.08
"""Words that read finished with less than the first never count for more than the second, for which the wait is the
longest: "with brown sugar and" in a voice that falls is no end. Of people's ends 1 in 100 reads so, of pauses laid
between their words 26 (2026-11-22). In English: the models of other languages doubt the ends of long sentences.

Two know more than the words: a recogniser that reads them and hears how they sound, and who asked for a short answer,
which leaves out what the question has said. "I'd love to", "this" and "ten to" read so, and may be whole behind "would
you", "this or that?" and "what time?". Chosen, not measured."""

SOUND_FROM_S = 0.5
"""Length of the turn from which on its sound counts: smart-turn is not made for single words. From 0.5 to 1.2 s it
tells people's ends from pauses between their words with an AUC of 0.84, later with 0.90; words alone with 0.81."""

_GOES_ON = re.compile(r"(?:[,;:]|\.{2,}|[\u2026\u2013\u2014-])\s*$")
_AGAINST = -2.0
"""Log-odds of a mark behind the last word that no sentence ends with, from a recogniser that sets any. In written text
a comma is worth -5 (scripts/turnwords/README.md), but recognisers guess: chosen. Full stops and question marks say
nothing: they are set behind fragments as well."""

WORDS_KEPT = 0.003
READ_KEPT = 1e-4
SOUND_KEPT = 0.03
_RECOGNISER_KEPT = 0.05
"""Probabilities count no further than to here: no vote is certain, and a melody that could not be more finished does
not finish "I would like to". What the recogniser itself says of the end of the turn is weighed by 1: chosen, not
measured."""


LOUDNESS_FROM_S = 1.2
"""Length of the turn from which on its loudness counts: in a shorter one the last half second is most of it."""


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
    read: float | None = None
    """That a sentence ends behind them, by a language model; None: none reads along. Beside the word model only: where
    that knows too few of the words they are of another language, or noise."""
    is_english: bool = True
    """The language, in which alone what the words say was measured with people."""
    is_command: bool = False
    """A skill would take the whole of them."""
    recogniser: float | None = None
    """The recogniser's own opinion; None: it has none."""
    confidence: float | None = None
    """How sure the recogniser is of the words (`Transcript.confidence`); None: it does not say, and is believed."""
    loudness_db: float | None = None
    """The last half second above the stressed syllables of the turn; None: not known. No vote by itself: beside none it
    leaves the wait to the pauses."""

    trust: float = 1.0
    """How far the sound is believed, from 0 (as if it had not been heard) to 1: not every voice tells by melody."""

    @property
    def surer(self) -> float:
        """Log-odds by which an end is surer here than by words alone, as far as the sound is believed.

        Nothing for what is an end by other rules: instant commands, commands of skills, short answers to our question,
        and words that want more where the recogniser knows better. As far as the words are not believed, as without.
        """
        share = believed(self.confidence)
        if share == 1.0:  # asked with every window of a pause
            return self._surer
        return share * self._surer + (1.0 - share) * self._wordless._surer  # noqa: SLF001 - of the same votes

    @property
    def _surer(self) -> float:
        """With words that are believed."""
        by_rule = self._is_whole or self.is_command or self.asked.log_odds(self.text, self.words) > 0.0
        if by_rule or (self._wants_more and self.recogniser is not None):
            return 0.0
        by_sound = self.trust * HEARD if self.sound is not None and self.turn_s >= SOUND_FROM_S else 0.0
        return by_sound + (AS_READ if self.read is not None else 0.0)

    @property
    def finished(self) -> float | None:
        """Probability that the thought is finished; None without a vote."""
        return self.finished_at(self.trust)

    def finished_at(self, trust: float) -> float | None:
        """The same with another trust in the sound."""
        likely, share = self._finished_at(trust), believed(self.confidence)
        if likely is None or share == 1.0:
            return likely
        without = self._wordless._finished_at(trust)  # noqa: SLF001 - of the same votes
        if without is None:
            return probability(share * log_odds(likely)) if share else None
        return probability(share * log_odds(likely) + (1.0 - share) * log_odds(without))

    @property
    def _wordless(self) -> Votes:
        return replace(self, text="", words=None, read=None, is_command=False, confidence=None)

    def _finished_at(self, trust: float) -> float | None:
        """With words that are believed."""
        if self._is_whole:
            return INSTANT_PROBABILITY
        parts = [part for part in (self._of_ears(trust), self._of_recogniser()) if part is not None]
        if not parts:
            return None
        odds = sum(parts) + self._of_loudness() + self.asked.log_odds(self.text, self.words) + self._goes_on * _AGAINST
        likely = probability(odds)
        return min(likely, self._limit)

    @property
    def _goes_on(self) -> bool:
        return _GOES_ON.search(self.text) is not None

    @property
    def _is_whole(self) -> bool:
        """An instant command, in the language of the user."""
        return is_instant(self.text) and self.words in {None, INSTANT_PROBABILITY} and not self._goes_on

    @property
    def _limit(self) -> float:
        """What no other vote outweighs."""
        if self.is_command:
            return 1.0
        of_number = NUMBER_LIMIT if ends_in_number(self.text) else 1.0
        if not self._wants_more or self.asked.takes(self.text):
            return of_number
        return min(of_number, max(WANTS_MORE_LIMIT, self.recogniser or 0.0))

    @property
    def _wants_more(self) -> bool:
        return self.is_english and self.words is not None and self.words < WANTS_MORE

    def _of_ears(self, trust: float) -> float | None:
        """Words and sound, each with the weight that it has where the other one votes as well, or does not."""
        said = self._of_words()
        if self.sound is None or self.turn_s < SOUND_FROM_S:
            return said
        heard = log_odds(self.sound, SOUND_KEPT)
        if said is None:
            return trust * heard
        if self.is_command or self.words is None:
            return said + trust * _COMMAND_SOUND * heard
        read = self._as_read
        weights, odds = (BOTH, log_odds(self.words, WORDS_KEPT)) if read is None else (READ_BOTH, read)
        both = weights[0] * odds + weights[1] * heard + weights[2]
        return trust * both + (1.0 - trust) * said

    def _of_words(self) -> float | None:
        if self.is_command:
            return COMMAND
        if self.words is None:
            return None
        read = self._as_read
        return WORDS[0] * log_odds(self.words, WORDS_KEPT) + WORDS[1] if read is None else read

    @property
    def _as_read(self) -> float | None:
        """Log-odds of the words where a language model has read them as well."""
        if self.words is None or self.read is None:
            return None
        return READ[0] * log_odds(self.words, WORDS_KEPT) + READ[1] * log_odds(self.read, READ_KEPT) + READ[2]

    def _of_loudness(self) -> float:
        return 0.0 if self.loudness_db is None or self.turn_s < LOUDNESS_FROM_S else LOUDNESS * self.loudness_db

    def _of_recogniser(self) -> float | None:
        return None if self.recogniser is None else log_odds(self.recogniser, _RECOGNISER_KEPT)


def log_odds(chance: float, kept: float = 1e-6) -> float:
    """Of a probability, which counts no further than to `kept` from certainty; what is no number is unlikely."""
    inside = min(1.0 - kept, max(kept, chance))  # in this order: a comparison with NaN is false
    return float(np.log(inside / (1.0 - inside)))


def probability(odds: float) -> float:
    """Of log-odds."""
    return float(1.0 / (1.0 + np.exp(-odds)))
