"""Whether the thought is finished: the votes on the present pause, and how long to wait for more speech."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localvoice.config import Config
from localvoice.turn.context import NO_QUESTION, question_in
from localvoice.turn.decisions import EndReason
from localvoice.turn.endpointing import Endpointing
from localvoice.turn.observations import ReplyHeard, SoundSoFar, WaitsChosen, WordsSoFar
from localvoice.turn.speaker import Speaker
from localvoice.turn.votes import Ear, Votes
from localvoice.turn.words import turn_words

_UNDECIDED = 0.5
"""Probability that the thought is finished, where nothing but silence speaks."""


@dataclass(slots=True)
class _Pause:
    """A pause that may be the end of a turn."""

    turn: int
    speech_end_s: float
    awaited: set[Ear]
    votes: Votes


class EndOfTurn:
    """The votes on one pause after another, and what follows from them."""

    def __init__(self, config: Config, *, hears_sound: bool) -> None:
        self._endpointing = Endpointing(config.turn)
        self._speaker = Speaker()
        self._words_vote = _words_vote(config.session.language)
        hears_words = config.reply.prepare and self._words_vote is not None
        self._ears = {ear for ear, is_there in ((Ear.SOUND, hears_sound), (Ear.WORDS, hears_words)) if is_there}
        self._asked = NO_QUESTION
        self._pause: _Pause | None = None

    def choose_waits(self, chosen: WaitsChosen) -> None:
        """Other waits from now on."""
        self._endpointing.choose_waits(chosen.sure_ms, chosen.silence_ms, chosen.limit_ms)

    @property
    def probability(self) -> float:
        """That the thought is finished, by all that is known of the present pause."""
        likely = self._finished
        return _UNDECIDED if likely is None else likely

    @property
    def _finished(self) -> float | None:
        return None if self._pause is None else self._pause.votes.finished

    def pause_begins(self, turn: int, began_s: float, speech_end_s: float) -> None:
        """The turn, which began at `began_s`, may be over."""
        votes = Votes(speech_end_s - began_s, self._asked)
        self._pause = _Pause(turn, speech_end_s, set(self._ears), votes)

    def speech_goes_on(self, turn: int | None, onset_s: float) -> None:
        """What was said of the pause before is void. `turn`: the one that the speech belongs to; None: to none yet."""
        if self._pause is not None and self._pause.turn == turn:
            self._speaker.paused(onset_s - self._pause.speech_end_s)
        self._pause = None

    def take(self, seen: WordsSoFar | SoundSoFar | ReplyHeard) -> bool:
        """Take note; True where it is a vote on the present pause."""
        if isinstance(seen, ReplyHeard):
            self._asked = question_in(seen.text) if self._words_vote is not None else NO_QUESTION
            return False
        pause = self._pause
        if pause is None or seen.speech_end_s != pause.speech_end_s:
            return False
        if isinstance(seen, SoundSoFar):
            pause.awaited.discard(Ear.SOUND)
            pause.votes.sound = seen.probability
        else:
            if seen.is_settled:
                pause.awaited.discard(Ear.WORDS)
            elif self._words_vote is not None:
                pause.awaited.add(Ear.WORDS)
            pause.votes.is_command, pause.votes.recogniser = seen.is_command, seen.end_of_turn
            if self._words_vote is not None:
                pause.votes.text, pause.votes.words = seen.text, self._words_vote(seen.text)
        return True

    def decide(self, silence_s: float | None, turn_s: float) -> EndReason | None:
        """Why the turn is over now, or None (see `Endpointing.decide`)."""
        is_complete = self._pause is None or not self._pause.awaited
        stretch = self._speaker.stretch
        return self._endpointing.decide(silence_s, turn_s, self._finished, stretch=stretch, is_complete=is_complete)

    def is_full(self, turn_s: float) -> bool:
        """Whether a turn is as long as it may get: what follows opens another one."""
        return self._endpointing.is_full(turn_s)


def _words_vote(language: str) -> Callable[[str], float | None] | None:
    """The probability that words are a finished thought; None without a model for the language."""
    is_english = language.split("-", 1)[0].lower() in {"", "en"}
    return turn_words().probability if is_english else None
