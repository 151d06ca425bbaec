"""Sentences of the tiny test models as sound."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from piper import PiperVoice

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence

TINY = Path(__file__).parents[2] / "tests" / "models"
_SENTENCES = ("What is the capital of France?", "Set a timer for five minutes.", "Tell me another story.")
_GAP_S = 0.05


@lru_cache
def _voice() -> PiperVoice:
    return PiperVoice.load(TINY / "tts" / "en_US-tiny-test.onnx")


def spoken(text: str) -> Samples:
    """`text` by the tiny Piper voice, without the silence behind it."""
    parts = [chunk.audio_float_array for chunk in _voice().synthesize(text)]
    sound = resample(np.concatenate(parts).astype(np.float32), 22_050, SPEECH_RATE_HZ)
    return sound[: int(np.flatnonzero(np.abs(sound) > 1e-3)[-1]) + 1]


def turn_of(seconds: float) -> Samples:
    """Speech of that length, without a pause to speak of."""
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * SPEECH_RATE_HZ:
        parts += [spoken(_SENTENCES[len(parts) // 2 % len(_SENTENCES)]), silence(int(_GAP_S * SPEECH_RATE_HZ))]
    sound = np.concatenate(parts)[: int(seconds * SPEECH_RATE_HZ)]
    return sound[: int(np.flatnonzero(np.abs(sound) > 0.01)[-1]) + 1]
