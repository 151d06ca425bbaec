"""What our last words make one expect: a short answer, a number that is dictated, or nothing. English."""

from __future__ import annotations

import re
from enum import Enum

from localvoice.turn.words import ends_in_number, words_of

_SHORT_ANSWER_WORDS = 4
"""An answer of so many words is whole more often than not, where the question asks for one."""

_OPEN = 0.2
"""Words below this are marked unfinished by the word model, whatever was asked: "yes but"."""

_GOING_ON = frozenset({"and", "but", "or", "because", "if", "the", "a", "an", "with", "um", "uh", "er", "hmm"})
"""No answer ends with one of these, whatever was asked: "yes and"."""

_TOWARDS, _AGAINST = 1.5, -2.0
"""Log-odds that a question adds: chosen, not measured (there are no recordings of answers). 1.5 turns an even chance
into 0.82, and "two" after "how many" into an answer; -2 an even chance into 0.12: a code comes in several groups."""

_QUESTION = re.compile(r"([^.!?]*)\?[\"')\s]*$")
_AUXILIARY = re.compile(
    r"(?:(?:and|so|okay|ok|well|or|but|then|now|sorry)\b[\s,]*)*"
    r"(?:do|does|did|is|are|am|was|were|can|could|would|should|shall|will|have|has|had|may|isn't|aren't|don't)\b",
)
_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|old|long|far|often|tall|big|late|soon)|what (?:time|year|day|date|age)|when)\b"
)
_DICTATED = re.compile(
    r"\b(?:number|code|pin|digits|postcode|zip|password|iban|meeting id)\b",
)
_CHOICE = re.compile(r"\bor\b|\b(?:right|correct|okay)\s*$")


class Question(Enum):
    """What was asked."""

    NONE = "none"
    OPEN = "open"
    """Anything may follow."""
    SHORT = "short"
    """Yes or no, one of two, a quantity or a time."""
    DICTATED = "dictated"
    """A number or code, which comes in groups."""

    def log_odds(self, text: str, words: float | None) -> float:
        """What the question adds to the odds that `text` is a whole answer; `words`: the word model's own vote."""
        if self is Question.DICTATED and ends_in_number(text, shortest=1):
            return _AGAINST
        reads_whole = words is None or words >= _OPEN
        if self.takes(text) and (reads_whole or words_of(text)[-1].isdecimal()):
            return _TOWARDS
        return 0.0

    def takes(self, text: str) -> bool:
        """Whether `text` is as short as the answers it asks for, which leave out what has been said: "I'd love to"."""
        said = words_of(text)
        return self is Question.SHORT and 0 < len(said) <= _SHORT_ANSWER_WORDS and said[-1] not in _GOING_ON


NO_QUESTION = Question.NONE


def question_in(said: str) -> Question:
    """What the end of our words asks for."""
    found = _QUESTION.search(said.strip())
    if found is None:
        return Question.NONE
    asked = found[1].lower().replace("\u2019", "'").strip()
    if _DICTATED.search(asked):
        return Question.DICTATED
    if _AUXILIARY.match(asked) or _QUANTITY.search(asked) or _CHOICE.search(asked):
        return Question.SHORT
    return Question.OPEN
