"""Pauses and ends of people as the votes on them see them, for scripts/calibrate_votes.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from benchmarks.turns import prompts
from benchmarks.turns.corpus import LabelledPause, SpokenTurn
from benchmarks.turns.dialogue import Ear, heard
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.smart_turn import BEFORE_ONSET_S
from localvoice.config import VadConfig
from localvoice.turn.loudness import Loudness
from localvoice.turn.speech_gate import Edge, SpeechGate
from localvoice.turn.votes import LOUDNESS_FROM_S, SOUND_KEPT, WORDS_KEPT, log_odds
from localvoice.turn.words import turn_words

_NEAR_S = 0.25
"""The gate hears the end of speech within so much of where it is labelled."""

OWN = 0.5
"""Weight of the pauses that a recording has by itself: most lie where a sentence could end, and neither melody nor
words tell that another one follows."""

_OWN = frozenset({"natural", prompts.OWN})
_EVEN = 0.5
"""Of words that say nothing."""

BEGINNINGS, FOREIGN = -1, -2
"""Folders: beginnings of English sentences with whole prompts behind; prompts in other languages."""

Column = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pauses:
    """One row each: what votes, and what it turned out to be."""

    words: Column
    answers: Column
    """Log-odds of the words, and of smart-turn's own answer."""
    texts: NDArray[np.object_]
    """The words themselves."""
    pooled: NDArray[np.float32]
    """The features behind the answer, shape (rows, FEATURES)."""
    loudness_db: Column
    """0 where it does not count."""
    is_end: Marks
    weights: Column
    """Of each row: `OWN`, or 1."""
    folders: NDArray[np.int_]
    """Number of the folder, or one of those below."""


def gathered(folders: Iterable[Iterable[SpokenTurn]], ear: Ear) -> Pauses:
    """The pauses of all folders whose words the model of words can read."""
    return joined(of_folder(turns, ear, number) for number, turns in enumerate(folders))


def joined(parts: Iterable[Pauses]) -> Pauses:
    """One behind the other."""
    kept = list(parts)
    return Pauses(**{one.name: np.concatenate([getattr(part, one.name) for part in kept]) for one in fields(Pauses)})


def of_folder(turns: Iterable[SpokenTurn], ear: Ear, number: int, *, is_english: bool = True) -> Pauses:
    """Those of one folder. Words in another language count as none."""
    found = [
        (log_odds(likely, WORDS_KEPT), ear.opinion(stop.sound), stop.loudness_db, pause)
        for turn in turns
        for pause, stop in paused(turn)
        if (likely := turn_words().probability(pause.words) if is_english else _EVEN) is not None
    ]
    ear.keep()
    return Pauses(
        words=np.array([words for words, *_ in found]),
        texts=np.array([pause.words for *_, pause in found], object),
        answers=np.array([log_odds(opinion.answer, SOUND_KEPT) for _, opinion, *_ in found]),
        pooled=np.array([opinion.pooled for _, opinion, *_ in found]),
        loudness_db=np.array([loud for *_, loud, _ in found]),
        is_end=np.array([pause.is_finished for *_, pause in found]),
        weights=np.array([OWN if pause.kind in _OWN and not pause.is_finished else 1.0 for *_, pause in found]),
        folders=np.full(len(found), number),
    )


@dataclass(frozen=True, eq=False)
class Stop:
    """Where the program would find a pause."""

    sound: Samples
    """The turn so far, as smart-turn hears it."""
    speech_end_s: float
    at_s: float
    """When it is known."""
    turn_s: float
    """From the beginning of the turn to its end."""
    loudness_db: float
    """As in `Votes`; 0 where it does not count."""


def paused(turn: SpokenTurn) -> Iterator[tuple[LabelledPause, Stop]]:
    """Each pause at which the program would ask, with what it would hear."""
    *inside, end = turn.pauses()
    stops = list(_stops(end.samples))
    for pause in (*inside, end):
        latest_s = pause.speech_end_s + pause.pause_s
        near = [(abs(stop.speech_end_s - pause.speech_end_s), stop) for stop in stops if stop.at_s < latest_s]
        if near and min(near, key=itemgetter(0))[0] < _NEAR_S:
            yield pause, min(near, key=itemgetter(0))[1]


def _stops(sound: Samples) -> Iterator[Stop]:
    gate, loudness, began_s = SpeechGate(VadConfig()), Loudness(), -1.0
    for window in heard(sound):
        loudness.hear(window)
        edge = gate.step(window.at_s, window.probability)
        began_s = gate.onset_s if edge is Edge.STARTED and began_s < 0 else began_s
        if edge is Edge.STOPPED:
            first_s, end_s = max(0.0, began_s - BEFORE_ONSET_S), gate.end_s
            own = sound[int(first_s * SPEECH_RATE_HZ) : int(window.at_s * SPEECH_RATE_HZ)]
            above_db = loudness.at_pause(began_s, end_s) if end_s - began_s >= LOUDNESS_FROM_S else None
            yield Stop(own, end_s, window.at_s, end_s - began_s, above_db or 0.0)
