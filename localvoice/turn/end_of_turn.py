"""Whether the thought is finished: the votes on the present pause, and how long to wait for more speech."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from localvoice.config import Config
from localvoice.turn.context import NO_QUESTION, question_in
from localvoice.turn.decisions import EndReason
from localvoice.turn.endpointing import Endpointing, Pace
from localvoice.turn.observations import ReplyHeard, SoundSoFar, WaitsChosen, WordsSoFar
from localvoice.turn.speaker import EARLY_S, Speaker
from localvoice.turn.votes import Ear, Votes, log_odds, probability
from localvoice.turn.words import LANGUAGES, turn_words

_UNDECIDED = 0.5
"""Probability that the thought is finished, where nothing but silence speaks."""

_SURER_ANYWAY = 0.7
"""Log-odds by which ends and pauses alike are surer with the sound, before it is asked which of both told better: what
counts as sure moves along. With 0 half of the ends of synthetic voices came 60 ms later; with 0, 0.7 and 1.4 of their
pauses 15.8, 16.3 and 16.7 in 100 were taken for the end, of people's own 8.6, 8.9 and 9.3 (2026-11-22)."""

_WORD_S = 0.2
"""Speech of this length holds a word, or an "um" that the recogniser leaves out."""


@dataclass(slots=True)
class _Pause:
    """A pause that may be the end of a turn."""

    turn: int
    speech_end_s: float
    awaited: set[Ear]
    votes: Votes
    text: str = ""
    """The words at it, whatever they are worth."""
    went_on_s: float = 0.0
    """When speech went on after it."""
    was_end: bool = False
    """It was taken for the end of the turn."""


class EndOfTurn:
    """The votes on one pause after another, and what follows from them."""

    def __init__(self, config: Config, *, hears_sound: bool) -> None:
        self._endpointing = Endpointing(config.turn)
        self._speaker = Speaker()
        self._words_vote = _words_vote(config.session.language)
        hears_words = words_have_a_vote(config)
        self._ears = {ear for ear, is_there in ((Ear.SOUND, hears_sound), (Ear.WORDS, hears_words)) if is_there}
        self._speaks_english = _is_english(config.session.language)
        self._asked = NO_QUESTION
        self._pause: _Pause | None = None
        self._before: _Pause | None = None
        """The pause before, where it belongs to the same turn."""

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
        likely = None if self._pause is None else self._pause.votes.finished
        return None if likely is None else _with_caution(likely, self._speaker.caution)

    def pause_begins(self, turn: int, began_s: float, speech_end_s: float, *, loudness_db: float | None = None) -> None:
        """The turn, which began at `began_s`, may be over; `loudness_db` as in `Votes`."""
        votes = Votes(
            speech_end_s - began_s,
            self._asked,
            is_english=self._speaks_english,
            loudness_db=loudness_db,
            trust=self._speaker.trust,
        )
        self._pause = _Pause(turn, speech_end_s, set(self._ears), votes)

    def speech_goes_on(self, turn: int | None, onset_s: float) -> None:
        """What was said of the pause before is void. `turn`: the one that the speech belongs to; None: to none yet."""
        likely, surer = self._finished, self._pace.surer
        pause, self._pause = self._pause, None
        if pause is None:
            return
        pause.went_on_s, self._before = onset_s, pause if pause.turn == turn else None
        paused_s = onset_s - pause.speech_end_s
        if pause.was_end and paused_s > EARLY_S:  # sooner it may still have been the same thought
            self._speaker.finished(likely, surer)  # also where the answer takes so long that the turn goes on
            self._learn(pause, was_end=True)
        elif pause.turn == turn:
            self._learn(pause, was_end=False)
            self._speaker.paused(paused_s, was_taken_for_end=pause.was_end)

    def _learn(self, pause: _Pause, *, was_end: bool) -> None:
        with_sound, without = (pause.votes.finished_at(trust) for trust in (1.0, 0.0))
        if with_sound is not None and without is not None and pause.votes.sound is not None:
            told = probability(log_odds(with_sound) - _SURER_ANYWAY)
            self._speaker.heard(told, without, was_end=was_end)

    def take(self, seen: WordsSoFar | SoundSoFar | ReplyHeard) -> bool:
        """Take note; True where it is a vote on the present pause."""
        if isinstance(seen, ReplyHeard):
            self._asked = question_in(seen.text) if self._speaks_english else NO_QUESTION
            return False
        pause = self._pause
        if pause is None or seen.speech_end_s != pause.speech_end_s:
            return False
        if isinstance(seen, SoundSoFar):
            pause.awaited.discard(Ear.SOUND)
            pause.votes.sound = seen.probability
        else:
            if seen.is_settled and seen.is_read:
                pause.awaited.discard(Ear.WORDS)
            elif self._words_vote is not None:
                pause.awaited.add(Ear.WORDS)
            self._read(pause, seen)
        return True

    def _read(self, pause: _Pause, seen: WordsSoFar) -> None:
        pause.text, pause.votes.recogniser = seen.text, seen.end_of_turn
        tells = not (seen.is_settled and self._is_old(pause))
        pause.votes.is_command, pause.votes.confidence = tells and seen.is_command, seen.confidence
        if self._words_vote is not None:
            pause.votes.text = seen.text if tells else ""
            pause.votes.words = self._words_vote(seen.text) if tells else None
            pause.votes.read = seen.read if pause.votes.words is not None else None  # see `Votes`

    def _is_old(self, pause: _Pause) -> bool:
        """Whether its words are those of the pause before, though the user has spoken since.

        They went on with an "um", or the recogniser does not keep up: what was read does not tell that they are done.
        """
        before = self._before
        spoke_on = before is not None and pause.speech_end_s - before.went_on_s >= _WORD_S
        return before is not None and spoke_on and pause.text != "" and pause.text == before.text

    def decide(self, silence_s: float | None, turn_s: float) -> EndReason | None:
        """Why the turn is over now, or None (see `Endpointing.decide`)."""
        is_complete = self._pause is None or not self._pause.awaited
        reason = self._endpointing.decide(silence_s, turn_s, self._finished, pace=self._pace, is_complete=is_complete)
        if self._pause is not None:
            self._pause.was_end |= reason is not None
        return reason

    @property
    def _pace(self) -> Pace:
        if self._pause is None:
            return self._speaker.pace
        votes = self._pause.votes
        return replace(self._speaker.pace, is_read=votes.read is not None, surer=votes.surer)

    def is_full(self, turn_s: float) -> bool:
        """Whether a turn is as long as it may get: what follows opens another one."""
        return self._endpointing.is_full(turn_s)


def _with_caution(likely: float, caution: float) -> float:
    """What seems finished is less sure by so many log-odds, at most until nothing speaks for either."""
    odds = log_odds(likely)
    return likely if odds <= 0.0 else probability(max(odds - caution, 0.0))


def words_have_a_vote(config: Config) -> bool:
    """Whether words are known at a pause, and mean something in the language of the session."""
    return config.reply.prepare and _words_vote(config.session.language) is not None


def _words_vote(language: str) -> Callable[[str], float | None] | None:
    """The probability that words are a finished thought; None where nothing is known of the language."""
    name = _first_part(language)
    return turn_words(name).probability if name in LANGUAGES else None


def _is_english(language: str) -> bool:
    return _first_part(language) == "en"


def _first_part(language: str) -> str:
    return language.split("-", 1)[0].lower() or "en"
