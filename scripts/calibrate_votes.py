"""Writes the weights of the votes on the end of a turn: `python -m scripts.calibrate_votes [--recordings DIR ...]`.

The weight of the words is fitted on the choosing half of the labelled pauses (benchmarks/turns/corpus.py). Its
synthetic voices say nothing about melody (smart-turn cannot tell their ends from their pauses: AUC 0.51), so the
weight of the sound is fitted on recordings of people, where folders of them are given, a speaker each: each file is a
whole utterance, its end is one, and the pauses inside it are none. The weights here are of Debian's
asterisk-core-sounds-en-wav, -es-wav and -fr-wav without their digits, letters, phonetics and silences (1608 pauses of
two speakers in three languages, read out, some of them between two sentences); without a folder the weights of the
sound stay as they are. Needs espeak-ng and flite for the corpus,
and smart-turn from scripts/ensure_smart_turn.sh for the sound; no network. The same input gives the same weights.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.turns.corpus import in_a_room, pauses
from benchmarks.turns.dialogue import SMART_TURN
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_mono
from localvoice.audio.smart_turn import BEFORE_ONSET_S, SmartTurn
from localvoice.audio.vad import WINDOW, WINDOW_S, load_vad
from localvoice.config import VadConfig
from localvoice.skills.catalog import Skills
from localvoice.turn import vote_weights
from localvoice.turn.speech_gate import Edge, SpeechGate
from localvoice.turn.votes import log_odds_of_words, of_sound
from localvoice.turn.words import ends_in_number, is_instant, turn_words

WEIGHTS = Path(vote_weights.__file__)
_SHORTEST_S = 1.2
"""Recordings below this are single words."""
_ROUNDS = 50
_PRIOR = 1e-3

Fit = NDArray[np.float64]


def fitted(features: Fit, is_end: NDArray[np.bool_]) -> Fit:
    """Logistic regression, ends and pauses weighing the same in all."""
    weights = np.where(is_end, 0.5 / is_end.mean(), 0.5 / (1 - is_end.mean()))
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
            rows.append((log_odds_of_words(likely), 1.0))
            is_end.append(pause.is_finished)
    return fitted(np.array(rows), np.array(is_end)), len(rows)


def of_sounds(turns: Iterable[tuple[Samples, float, bool]]) -> tuple[Fit, int]:
    """Slopes of the sound below and above even, and bias; and from how many pauses."""
    ear, rows, is_end = SmartTurn(SMART_TURN), [], []
    for turn, turn_s, is_finished in turns:
        rows.append(of_sound(asyncio.run(ear.probability(turn)), turn_s))
        is_end.append(is_finished)
    return fitted(np.array(rows), np.array(is_end)), len(rows)


def recorded_turns(folder: Path) -> Iterator[tuple[Samples, float, bool]]:
    """The turn so far, its length, and whether it is over, at each pause in recordings."""
    for file in sorted(folder.rglob("*.wav")):
        frames, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
        if len(frames) < _SHORTEST_S * rate_hz:
            continue
        sound = resample(to_mono(frames), rate_hz, SPEECH_RATE_HZ)
        stops = list(_stops(in_a_room(np.concatenate((silence(8000), sound, silence(16000))), seed=1)))
        yield from ((turn, turn_s, turn is stops[-1][0]) for turn, turn_s in stops)


def _stops(sound: Samples) -> Iterator[tuple[Samples, float]]:
    """The turn so far, and its length, wherever the program would find a pause."""
    vad, gate, began_s = load_vad("silero"), SpeechGate(VadConfig()), -1.0
    for count in range(1, len(sound) // WINDOW + 1):
        at_s = count * WINDOW_S
        edge = gate.step(at_s, vad.probability(sound[(count - 1) * WINDOW : count * WINDOW]))
        began_s = gate.onset_s if edge is Edge.STARTED and began_s < 0 else began_s
        if edge is Edge.STOPPED:
            first_s = max(0.0, began_s - BEFORE_ONSET_S)
            yield sound[int(first_s * SPEECH_RATE_HZ) : int(at_s * SPEECH_RATE_HZ)], gate.end_s - began_s


def module(words: Fit, sound: tuple[float, ...]) -> str:
    """The file of weights."""
    slope, bias = (round(float(one), 2) for one in words)
    return f'''"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = ({slope}, {bias})
"""Slope and bias of the word model's log-odds."""

SOUND = ({", ".join(str(round(float(one), 2)) for one in sound)})
"""Slopes of smart-turn's log-odds below and above even, and bias."""
'''


def main() -> None:
    """Fit, write, and say from how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, nargs="+", help="folders of WAV files, each a whole utterance")
    options = parser.parse_args()
    words, count = of_words()
    print(f"words: {count} pauses, slope, bias {words.round(3)}")
    sound: tuple[float, ...] = vote_weights.SOUND
    if options.recordings is not None:
        found, count = of_sounds(turn for folder in options.recordings for turn in recorded_turns(folder))
        print(f"sound: {count} pauses, below, above, bias {found.round(3)}")
        sound = tuple(found)
    WEIGHTS.write_text(module(words, sound), encoding="utf-8")
    print(f"written to {WEIGHTS.name}")


if __name__ == "__main__":
    main()
