"""Whether the thought is finished: the votes on the present pause, and how long to wait for more speech."""

from __future__ import annotations

from collections.abc import Callable

from localvoice.config import TurnConfig
from localvoice.turn.decisions import EndReason
from localvoice.turn.endpointing import COMMAND, Endpointing
from localvoice.turn.words import turn_words

_UNDECIDED = 0.5
"""Probability that the thought is finished, where nothing but silence speaks."""


class EndOfTurn:
    """The votes on one pause after another, and what follows from them."""

    def __init__(self, turn: TurnConfig, language: str) -> None:
        self._endpointing = Endpointing(turn)
        self._vote = _words_vote(language)
        self._finished: float | None = None

    @property
    def probability(self) -> float:
        """That the thought is finished, by all that is known of the present pause."""
        return _UNDECIDED if self._finished is None else self._finished

    def speech_goes_on(self) -> None:
        """What was said of the pause before is void."""
        self._finished = None

    def hear_words(self, text: str, *, is_command: bool) -> None:
        """The words up to the present pause; `is_command`: a skill would take the whole of them."""
        likely = self._vote(text)
        self._finished = max(COMMAND, likely or 0.0) if is_command else likely

    def decide(self, silence_s: float | None, turn_s: float) -> EndReason | None:
        """Why the turn is over now, or None (see `Endpointing.decide`)."""
        return self._endpointing.decide(silence_s, turn_s, self._finished)

    def is_full(self, turn_s: float) -> bool:
        """Whether a turn is as long as it may get: what follows opens another one."""
        return self._endpointing.is_full(turn_s)


def _words_vote(language: str) -> Callable[[str], float | None]:
    """The probability that words are a finished thought; without a model for the language they have no vote."""
    if language.split("-", 1)[0].lower() in {"", "en"}:
        return turn_words().probability
    return lambda _: None
