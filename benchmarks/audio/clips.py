"""People who read aloud, cut into phrases: users who are not synthetic. The recordings stay where they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.audio.voices import at_speech_level
from localvoice.audio.duplex import BLOCK
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, to_mono
from localvoice.audio.vad import WINDOW, VoiceActivity

_LOUD_DB = 35.0
"""Below the loudest block of a recording: what is under it is a pause."""
_PAUSE_BLOCKS = 20
_LEAST_S, _MOST_S = 1.0, 3.0
_SPEECH = 0.9
"""Probability that a phrase reaches when it is heard alone; breath and crackle do not."""


def read_clips(folder: Path, vad: VoiceActivity) -> tuple[Samples, ...]:
    """The phrases in all WAV files of a folder, at the level of speech; empty where there are none."""
    phrases: list[Samples] = []
    for file in sorted(folder.glob("*.wav")):
        frames, rate_hz = soundfile.read(file, dtype="float32")
        phrases += [one for one in _phrases(resample(to_mono(frames), rate_hz, SPEECH_RATE_HZ)) if _is_speech(one, vad)]
    return tuple(at_speech_level(phrase) for phrase in phrases)


def _phrases(sound: Samples) -> Iterator[Samples]:
    powers = np.mean(np.square(sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)), axis=1)
    loud = np.flatnonzero(powers > powers.max() * 10 ** (-_LOUD_DB / 10))
    for run in np.split(loud, np.flatnonzero(np.diff(loud) > _PAUSE_BLOCKS) + 1):
        phrase = sound[max(0, run[0] - 2) * BLOCK : (run[-1] + 3) * BLOCK][: round(_MOST_S * SPEECH_RATE_HZ)]
        if len(phrase) >= _LEAST_S * SPEECH_RATE_HZ:
            yield phrase


def _is_speech(phrase: Samples, vad: VoiceActivity) -> bool:
    vad.reset()
    windows = phrase[: len(phrase) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return max(vad.probability(window) for window in windows) >= _SPEECH
