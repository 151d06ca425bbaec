"""What smart-turn hears of people who talk to each other: `python -m benchmarks.turns.calls ONE.wav OTHER.wav ...`.

Recordings in pairs, each of one side of a call. A pause is an end where the other one speaks before this one goes on,
and inside a thought where nobody does and this one goes on within 3 s; what is neither is left out. Sound alone: no
words are known of calls. smart-turn's file comes from scripts/ensure_smart_turn.sh. Figures: docs/turn-taking.md.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.turns.dialogue import SMART_TURN
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, to_mono
from localvoice.audio.smart_turn import BEFORE_ONSET_S, SmartTurn
from localvoice.audio.vad import WINDOW, WINDOW_S, load_vad
from localvoice.config import VadConfig
from localvoice.turn.speech_gate import Edge, SpeechGate

_WORD_S, _LONGEST_S = 0.3, 3.0
"""The other one has spoken for so long at least; a longer silence of both is no pause inside a thought."""
_SHORT_WAIT_S, _SHORT_SHARE = 0.24, 0.4
"""What is sure waits for the first, in six of ten ends (turn/endpointing.py)."""


class Stretch(NamedTuple):
    """Speech of one side: from when to when, and when its end was noticed."""

    start_s: float
    end_s: float
    at_s: float


class Pause(NamedTuple):
    """One of them, of a turn that began at `began_s`."""

    began_s: float
    at_s: float
    pause_s: float
    is_end: bool


def stretches(sound: Samples) -> list[Stretch]:
    """As the program's VAD and gate find them."""
    vad, gate, found = load_vad("silero"), SpeechGate(VadConfig()), []
    for count in range(1, len(sound) // WINDOW + 1):
        likely = vad.probability(sound[(count - 1) * WINDOW : count * WINDOW])
        if gate.step(count * WINDOW_S, likely) is Edge.STOPPED:
            found.append(Stretch(gate.onset_s, gate.end_s, count * WINDOW_S))
    return found


def pauses(own: list[Stretch], other: list[Stretch]) -> Iterator[Pause]:
    """Those of one side whose meaning is known."""
    began_s: float | None = None
    for one, following in pairwise([*own, Stretch(np.inf, np.inf, np.inf)]):
        began_s = one.start_s if began_s is None else began_s
        answers = [each for each in other if each.end_s - each.start_s > _WORD_S and each.end_s > one.end_s]
        is_end = any(each.start_s < following.start_s for each in answers)
        if is_end or following.start_s - one.end_s < _LONGEST_S:
            yield Pause(began_s, one.at_s, following.start_s - one.end_s, is_end)
        began_s = began_s if following.start_s - one.end_s < _LONGEST_S and not is_end else None


def heard(files: list[Path], model: SmartTurn) -> Iterator[tuple[Pause, float, float]]:
    """Each pause of a call, with smart-turn's own answer to it, and as it is weighed."""
    sounds = [_read(file) for file in files]
    spoken = [stretches(sound) for sound in sounds]
    for number, sound in enumerate(sounds):
        for pause in pauses(spoken[number], spoken[1 - number]):
            start = max(0, int((pause.began_s - BEFORE_ONSET_S) * SPEECH_RATE_HZ))
            opinion = asyncio.run(model.opinion(sound[start : int(pause.at_s * SPEECH_RATE_HZ)]))
            yield pause, opinion.answer, model.weighed(opinion)


def auc(votes: NDArray[np.float64], is_end: NDArray[np.bool_]) -> float:
    """Chance that an end has the larger vote than a pause, ties by halves."""
    differences = votes[is_end][:, None] - votes[~is_end]
    return float((differences > 0).mean() + (differences == 0).mean() / 2)


def _read(file: Path) -> Samples:
    shape, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    return resample(to_mono(shape), rate_hz, SPEECH_RATE_HZ)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    files = parser.parse_args().files
    if len(files) % 2:
        parser.error("two files to a call")
    model = SmartTurn(SMART_TURN)
    rows = [row for call in range(0, len(files), 2) for row in heard(files[call : call + 2], model)]
    is_end = np.array([pause.is_end for pause, _, _ in rows])
    outlasts = np.array([pause.pause_s > _SHORT_WAIT_S for pause, _, _ in rows])
    print(f"{is_end.sum()} ends, {(~is_end).sum()} pauses inside a thought")
    for name, column in (("smart-turn's answer", 1), ("as weighed", 2)):
        votes = np.array([row[column] for row in rows])
        is_early = (votes > np.quantile(votes[is_end], _SHORT_SHARE)) & outlasts
        print(
            f"{name}: AUC {auc(votes, is_end):.2f}, early by the short wait {100 * is_early[~is_end].mean():.0f} of 100"
        )


if __name__ == "__main__":
    main()
