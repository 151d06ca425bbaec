"""The ONNX path of Silero against Silero's own package, on speech."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, Reblocker, Samples, silence
from localvoice.audio.vad import WINDOW, VoiceActivity, load_vad
from localvoice.config import VadConfig
from localvoice.turn.speech_gate import WINDOW_S, Edge, SpeechGate
from tests.e2e.spoken import speech

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(find_spec("silero_vad") is None, reason="needs the extra `torch`: run `make test-full`"),
]

SENTENCES = (
    "What is the capital of France?",
    "Tell me a story about a little fox.",
    "Set a timer for five minutes.",
    "I would like to know how the weather is going to be tomorrow.",
    "Stop.",
)
VOICES = ("en-us", "en-us+f3", "en-gb", "en-us+m4")


@pytest.fixture(scope="module")
def sound() -> Samples:
    """Every sentence in every voice, with 1.2 s of faint noise between them."""
    parts = [silence(SPEECH_RATE_HZ)]
    for voice in VOICES:
        for sentence in SENTENCES:
            parts += [speech(sentence, voice), silence(int(1.2 * SPEECH_RATE_HZ))]
    joined = np.concatenate(parts)
    return joined + np.random.default_rng(3).normal(0, 0.001, len(joined)).astype(np.float32)


def edges(vad: VoiceActivity, sound: Samples) -> Iterator[tuple[Edge, float]]:
    gate = SpeechGate(VadConfig())
    for count, window in enumerate(Reblocker(WINDOW).feed(sound), start=1):
        edge = gate.step(count * WINDOW_S, vad.probability(window))
        if edge is not None:
            yield edge, gate.onset_s if edge is Edge.STARTED else gate.end_s


def test_onnx_and_torch_hear_speech_begin_and_end_within_two_windows(sound):
    ours = list(edges(load_vad("silero"), sound))
    theirs = list(edges(load_vad("silero", runtime="torch"), sound))
    assert len(theirs) >= 2 * len(SENTENCES) * len(VOICES)
    matched = sum(
        any(edge is other and abs(at_s - other_s) <= 2 * WINDOW_S + 1e-6 for other, other_s in ours)
        for edge, at_s in theirs
    )
    assert matched >= 0.95 * len(theirs)
    assert abs(len(ours) - len(theirs)) <= 0.1 * len(theirs)
