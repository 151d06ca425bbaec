"""smart-turn: the features against its makers' own, and what it makes of speech."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.audio.smart_turn import Features, SmartTurn
from localvoice.errors import ModelError, ProviderBroken
from tests.e2e.spoken import speech
from tests.smart_turn import REFERENCE, SMART_TURN, needs_smart_turn


@pytest.fixture(scope="module")
def smart_turn() -> SmartTurn:
    return SmartTurn(SMART_TURN)


def reference(turn: np.ndarray) -> np.ndarray:
    spec = importlib.util.spec_from_file_location("reference", REFERENCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    wanted = 8 * SPEECH_RATE_HZ
    return module.compute_whisper_log_mel_features(np.pad(turn, (wanted, 0))[-wanted:])


@needs_smart_turn
@pytest.mark.parametrize("seconds", [0.4, 3.0, 8.0, 11.0])
def test_the_features_are_those_of_the_reference(seconds):
    words = speech("please remind me to call my mother tomorrow in the afternoon, " * 3)
    turn = words[: round(seconds * SPEECH_RATE_HZ)]
    assert Features().of(turn) == pytest.approx(reference(turn), abs=1e-3)


def heard(smart_turn: SmartTurn, turn: np.ndarray) -> float:
    return asyncio.run(smart_turn.probability(turn))


@needs_smart_turn
def test_a_sentence_sounds_more_finished_than_its_beginning(smart_turn):
    pause = silence(SPEECH_RATE_HZ // 5)
    whole = np.concatenate((speech("What is the weather like in London?"), pause))
    begun = np.concatenate((speech("What is the weather like in, um,"), pause))
    finished, unfinished = (asyncio.run(smart_turn.opinion(one)).answer for one in (whole, begun))  # no person speaks
    assert unfinished < 0.1
    assert finished > 10 * unfinished  # espeak-ng never speaks twice alike: 0.17 to 0.91 in eight runs


@needs_smart_turn
def test_of_a_long_turn_the_last_eight_seconds_count(smart_turn):
    turn = np.tile(speech("Once upon a time there was a fox, "), 5)
    assert len(turn) > 9 * SPEECH_RATE_HZ
    assert heard(smart_turn, turn) == heard(smart_turn, turn[-8 * SPEECH_RATE_HZ :])


@needs_smart_turn
def test_the_caller_may_go_on_writing_into_the_sound(smart_turn):
    turn = speech("What time is it?")
    expected = heard(smart_turn, turn)

    async def overwritten() -> float:
        before = asyncio.create_task(smart_turn.probability(turn.copy()))  # keeps the worker busy
        asked = asyncio.create_task(smart_turn.probability(turn))
        await asyncio.sleep(0)
        turn[:] = 0.0
        await before
        return await asked

    assert asyncio.run(overwritten()) == expected


@needs_smart_turn
def test_a_closed_one_says_so():
    closed = SmartTurn(SMART_TURN)
    closed.close()
    closed.close()
    with pytest.raises(ProviderBroken, match="closed"):
        heard(closed, silence(SPEECH_RATE_HZ))


_MEMORY = """
import asyncio, pathlib, sys
import numpy as np, onnxruntime, psutil
from localvoice.audio.smart_turn import SmartTurn
before = psutil.Process().memory_info().rss
model = SmartTurn(pathlib.Path(sys.argv[1]))
sound = np.random.default_rng(0).standard_normal(128_000, np.float32)
for _ in range(10):
    asyncio.run(model.probability(sound))
print((psutil.Process().memory_info().rss - before) // 1_000_000)
"""


@needs_smart_turn
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux counts it")
def test_its_working_memory_is_small():
    own = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as in the program
    program = [sys.executable, "-c", _MEMORY, str(SMART_TURN)]
    taken_mb = int(subprocess.run(program, env=own, capture_output=True, text=True, check=True).stdout)
    assert taken_mb < 90  # 52; 130 in C's heap


def test_a_missing_or_foreign_file_is_named(tmp_path: Path):
    foreign = tmp_path / "smart-turn.onnx"
    with pytest.raises(ModelError, match=r"is missing.*models download"):
        SmartTurn(foreign)
    foreign.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cut off, or no smart-turn model"):
        SmartTurn(foreign)


def test_another_model_is_not_taken_for_it():
    from localvoice.audio.vad import bundled_silero

    with pytest.raises(ModelError, match="is not smart-turn v3"):
        SmartTurn(bundled_silero())
