"""Writes the weights of the votes on the end of a turn: `python -m scripts.calibrate_votes [--people DIR ...]`.

The weight of the words where no sound votes is fitted on the choosing half of the labelled pauses
(benchmarks/turns/corpus.py). Its synthetic voices say nothing about melody (smart-turn cannot tell their ends from
their pauses: AUC 0.51), so sound, and both together, are fitted on the choosing half of recordings of people
(benchmarks/turns/people.py), folders that weigh the same; without a folder those weights stay as they are. The
weights here are of three: 115 orders of coffee by some of 50 people (the repository
Picovoice/speech-to-intent-benchmark; words decoded with a grammar made of its labels), 167 telephone prompts of one
speaker (Debian's asterisk-core-sounds-en-wav, with its punctuation), and 18 sentences of three readers (LJ Speech in
the tests of coqui-ai-TTS, LibriVox in those of pocketsphinx and in moonshine-voice). Needs espeak-ng and flite for
the corpus, and smart-turn from scripts/ensure_smart_turn.sh for the sound; no network. The same input gives the same
weights.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.turns.corpus import LabelledPause, SpokenTurn, pauses
from benchmarks.turns.dialogue import SMART_TURN, heard
from benchmarks.turns.people import turns_of_people
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.smart_turn import BEFORE_ONSET_S, SmartTurn
from localvoice.config import VadConfig
from localvoice.skills.catalog import Skills
from localvoice.turn import vote_weights
from localvoice.turn.loudness import Loudness
from localvoice.turn.speech_gate import Edge, SpeechGate
from localvoice.turn.votes import LOUDNESS_FROM_S, SOUND_KEPT, WORDS_KEPT, log_odds
from localvoice.turn.words import ends_in_number, is_instant, turn_words

WEIGHTS = Path(vote_weights.__file__)
_BETWEEN_SENTENCES = 0.5
"""Weight of the pauses that a recording has by itself: most lie between two sentences, where neither melody nor words
tell that another one follows."""
_NEAR_S = 0.25
"""The gate hears the end of speech within so much of where it is labelled."""
_ROUNDS = 50
_PRIOR = 1e-3

Fit = NDArray[np.float64]


def fitted(features: Fit, is_end: NDArray[np.bool_], counts: Fit | None = None) -> Fit:
    """Logistic regression, ends and pauses weighing the same in all; `counts`: the weight of each beside that."""
    weights = np.where(is_end, 0.5 / is_end.mean(), 0.5 / (1 - is_end.mean())) * (1.0 if counts is None else counts)
    slopes = np.zeros(features.shape[1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-features @ slopes))
        gradient = features.T @ (weights * (is_end - chance)) - _PRIOR * slopes
        curvature = (features * (weights * chance * (1 - chance))[:, None]).T @ features
        slopes += np.linalg.solve(curvature + _PRIOR * np.eye(len(slopes)), gradient)
    return slopes


def of_words() -> tuple[Fit, int]:
    """Slope and bias; and from how many pauses. Words with a rule of their own are left out."""
    skills, rows, is_end = Skills(), [], []
    for pause in pauses("choosing"):
        likely = turn_words().probability(pause.words)
        has_rule = is_instant(pause.words) or ends_in_number(pause.words) or skills.match(pause.words) is not None
        if likely is not None and not has_rule:
            rows.append((log_odds(likely, WORDS_KEPT), 1.0))
            is_end.append(pause.is_finished)
    return fitted(np.array(rows), np.array(is_end)), len(rows)


def of_people(folders: list[Path]) -> tuple[Fit, Fit, int]:
    """Slopes of sound and loudness, and bias; of words, sound and loudness, and bias; and from how many pauses."""
    ear, rows, is_end, counts = SmartTurn(SMART_TURN), [], [], []
    for folder in folders:
        found = [
            (likely, asyncio.run(ear.probability(stop.sound)), stop.loudness_db, pause)
            for turn in turns_of_people(folder, "choosing")
            for pause, stop in paused(turn)
            if (likely := turn_words().probability(pause.words)) is not None
        ]
        rows += [
            (log_odds(words, WORDS_KEPT), log_odds(sound, SOUND_KEPT), loud, 1.0) for words, sound, loud, _ in found
        ]
        is_end += [pause.is_finished for *_, pause in found]
        between = [pause.kind == "natural" and not pause.is_finished for *_, pause in found]
        counts += list(np.where(between, _BETWEEN_SENTENCES, 1.0) / len(found))
    features, ended, weights = np.array(rows), np.array(is_end), np.array(counts) * len(rows) / len(folders)
    return fitted(features[:, 1:], ended, weights), fitted(features, ended, weights), len(rows)


@dataclass(frozen=True, eq=False)
class Stop:
    """Where the program would find a pause."""

    sound: Samples
    """The turn so far, as smart-turn hears it."""
    speech_end_s: float
    at_s: float
    """When it is known."""
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
            yield Stop(own, end_s, window.at_s, above_db or 0.0)


def module(words: tuple[float, ...], sound: tuple[float, ...], both: tuple[float, ...], loudness: float) -> str:
    """The file of weights."""
    told = [", ".join(str(round(float(one), 2) + 0.0) for one in weights) for weights in (words, sound, both)]
    return f'''"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = ({told[0]})
"""Slope and bias of the word model's log-odds, where no sound votes."""

SOUND = ({told[1]})
"""Slope and bias of smart-turn's log-odds, where no words vote."""

BOTH = ({told[2]})
"""Slopes of words and sound, and bias, where both vote."""

LOUDNESS = {round(float(loudness), 2)}
"""Slope of how loud the last half second was, per dB, beside any other vote."""
'''


def main() -> None:
    """Fit, write, and say from how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=Path, nargs="+", help="folders of recordings, as benchmarks/turns/people.py")
    options = parser.parse_args()
    words, count = of_words()
    print(f"words: {count} pauses, slope, bias {words.round(3)}")
    sound, both, loudness = vote_weights.SOUND, vote_weights.BOTH, vote_weights.LOUDNESS
    if options.people is not None:
        sound_fit, both_fit, count = of_people(options.people)
        print(f"people: {count} pauses, sound, loudness, bias {sound_fit.round(3)}")
        print(f"words, sound, loudness, bias {both_fit.round(3)}")
        (*sound, _, sound_bias), (*both, loudness, both_bias) = sound_fit, both_fit
        sound, both = (*sound, sound_bias), (*both, both_bias)
    WEIGHTS.write_text(module(tuple(words), sound, both, loudness), encoding="utf-8")
    print(f"written to {WEIGHTS.name}")


if __name__ == "__main__":
    main()
