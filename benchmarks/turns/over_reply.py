"""A reply that never ends, and what turn-taking does when something sounds over it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from benchmarks.turns.corpus import frames
from benchmarks.turns.dialogue import heard
from benchmarks.turns.overlap_sounds import Stream
from benchmarks.turns.whispered import Whispered
from localvoice.audio.backchannel import SoundJudge, judged
from localvoice.audio.samples import silence
from localvoice.audio.vad import WINDOW_S
from localvoice.config import Config, TurnConfig
from localvoice.messages import Origin
from localvoice.turn.decisions import (
    BargeIn,
    Decision,
    JudgeOverlap,
    OverlapDismissed,
    OverlapStarted,
    ReadOverlap,
    SpeakUnasked,
    TurnEnded,
    TurnState,
)
from localvoice.turn.observations import (
    NothingSaid,
    Observation,
    OverlapJudged,
    OverlapRead,
    ReplyStarted,
    SpeakRequested,
    Window,
)
from localvoice.turn.taking import TurnTaking

_REPLYING = frozenset({TurnState.SPEAKING, TurnState.OVERLAP})


_MARGIN = silence(frames(0.5))
"""Around a short sound, as the program has it (`localvoice.session.overlap_reading`)."""

_SETTLED_S = 0.5
"""From the end of the user's turn to our next reply."""


@dataclass(frozen=True)
class Reader:
    """Who tells what was said over the reply: a recogniser, which reads all of it, and the judge of its sound."""

    words_s: float | None
    """What the recogniser takes; None where there is none."""
    judge: SoundJudge | None = None
    whispered: Whispered | None = None
    """Reads the words in the sound; None: they are those that were said."""
    is_doubted: bool = True
    """Its words count as far as it is sure of them."""


@dataclass
class Outcome:
    """What came of one sound; times in seconds, None where it did not happen."""

    onset_s: float
    end_s: float
    held_s: float | None = None
    cut_s: float | None = None
    resumed_s: float | None = None


@dataclass
class Played:
    """What came of a stream."""

    outcomes: list[Outcome]
    reply_s: float = 0.0
    """How long a reply was in hand, held or not."""
    holds: int = 0
    cuts: int = 0

    def note(self, decision: Decision) -> None:
        """Take a decision about an overlap."""
        outcome = next(one for one in reversed(self.outcomes) if one.onset_s <= decision.at_s + WINDOW_S)
        match decision:
            case OverlapStarted():
                self.holds += 1
                outcome.held_s = outcome.held_s or decision.at_s
            case BargeIn():
                self.cuts += 1
                outcome.cut_s = outcome.cut_s or decision.at_s
            case OverlapDismissed():
                outcome.resumed_s = decision.at_s


class OverReply:
    """One stream of sounds, heard once, over replies that are decided as often as wanted."""

    def __init__(self, sounds: Stream) -> None:
        self._sounds = sounds
        self.windows = list(heard(sounds.sound))
        """What the front end heard."""

    def run(self, turn: TurnConfig, reader: Reader) -> Played:
        """What each sound came to."""
        played = Played([Outcome(onset_s, end_s) for onset_s, end_s, _ in self._sounds.sounds])
        deciding = _Deciding(self._sounds, Config(turn=turn), reader)
        for decision in deciding.all(self.windows):
            played.note(decision)
        played.reply_s = deciding.reply_s
        return played


class _Deciding:
    """Turn-taking with a reply that begins again whenever it was cut."""

    def __init__(self, sounds: Stream, config: Config, reader: Reader) -> None:
        self._sounds = sounds
        self._reader = reader
        self._taking = TurnTaking(config)
        self._due: list[tuple[float, int, Observation]] = []
        self._order = count()
        self.reply_s = 0.0

    def all(self, windows: list[Window]) -> Iterator[Decision]:
        """Every decision about an overlap."""
        for window in windows:
            while self._due and self._due[0][0] <= window.at_s:
                yield from self._see(heapq.heappop(self._due)[2])
            yield from self._see(window)
            self.reply_s += WINDOW_S * (self._taking.state in _REPLYING)

    def _see(self, seen: Observation) -> Iterator[Decision]:
        for decision in self._taking.step(seen):
            match decision:
                case OverlapStarted() | OverlapDismissed() | BargeIn():
                    yield decision
                case SpeakUnasked():
                    self._later(0.0, ReplyStarted(decision.at_s, decision.turn))
                case ReadOverlap() if self._reader.words_s is not None:
                    self._later(self._reader.words_s, self._read(decision))
                case JudgeOverlap() if self._reader.judge is not None:
                    start_s, end_s = judged(decision.onset_s, decision.at_s)
                    sound = self._sounds.sound[frames(start_s) : frames(end_s)]
                    likely = self._reader.judge.judge(sound)
                    self._later(0.0, OverlapJudged(decision.at_s, decision.turn, *likely))
                case TurnEnded():
                    self._later(0.0, NothingSaid(decision.at_s, decision.turn))
                    self._later(_SETTLED_S, SpeakRequested(decision.at_s, Origin.PROMPT, "On."))

    def _read(self, asked: ReadOverlap) -> OverlapRead:
        reader = self._reader
        if reader.whispered is None:
            words = self._sounds.words_at(asked.start_s, asked.end_s)
            return OverlapRead(asked.at_s, asked.turn, words, rejected=False)
        sound = self._sounds.sound[frames(asked.start_s) : frames(asked.end_s)]
        words, confidence = reader.whispered.read(np.concatenate((_MARGIN, sound, _MARGIN)))
        doubt = confidence if reader.is_doubted else None
        return OverlapRead(asked.at_s, asked.turn, words, rejected=False, confidence=doubt)

    def _later(self, delay_s: float, seen: Observation) -> None:
        due_s = seen.at_s + delay_s
        heapq.heappush(self._due, (due_s, next(self._order), replace(seen, at_s=due_s)))
