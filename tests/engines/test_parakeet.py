"""Parakeet through onnx-asr's real loader and decoder, with a model that knows six tones as words."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.config import Config, EnginesConfig
from localvoice.engine_choice import EngineChoice
from localvoice.errors import ConfigError, ModelError, ProviderBroken
from localvoice.model_store.store import ModelStore
from localvoice.skills.catalog import Skills
from localvoice.stt.parakeet import ParakeetRecognizer

MODEL = Path(__file__).parents[1] / "models" / "stt-parakeet"
TONES_HZ = {"hello": 400, "there": 700, "what": 1100, "time": 1700, "is": 2600, "it": 3900}
"""As tests/models/build/parakeet_build.py has them."""


def said(text: str, edge_s: float = 0.25) -> Samples:
    """Tones of 0.3 s for words, 0.1 s apart."""
    time = np.arange(round(0.3 * SPEECH_RATE_HZ)) / SPEECH_RATE_HZ
    tones = [0.3 * np.sin(2 * np.pi * TONES_HZ[word] * time) for word in text.split()]
    edge = silence(round(edge_s * SPEECH_RATE_HZ))
    words = [np.concatenate((tone.astype(np.float32), silence(SPEECH_RATE_HZ // 10))) for tone in tones]
    sound = np.concatenate((edge, *words, edge))
    noise = np.random.default_rng(7).normal(0.0, 0.01, len(sound))  # covers the clicks where tones begin and end
    return (sound + noise).astype(np.float32)


@pytest.fixture(scope="module")
def parakeet() -> Iterator[ParakeetRecognizer]:
    recognizer = ParakeetRecognizer(MODEL)
    yield recognizer
    recognizer.close()


@pytest.mark.parametrize("text", ["hello there", "what time is it"])
async def test_words_are_right_and_begin_where_they_sound(parakeet: ParakeetRecognizer, text: str):
    transcript = await parakeet.transcribe(said(text))
    assert (transcript.text, transcript.engine, transcript.language) == (text, "parakeet", "en")
    assert transcript.segments[0].start_s == pytest.approx(0.25, abs=0.09)


async def test_partials_grow_into_the_words(parakeet: ParakeetRecognizer):
    async def blocks() -> AsyncIterator[Samples]:
        sound = said("what time is it")
        for at in range(0, len(sound), 512):
            yield sound[at : at + 512]

    partials = [partial async for partial in parakeet.stream(blocks())]
    assert partials[-1].is_final
    assert partials[-1].text == "what time is it"


async def test_a_long_recording_is_cut_between_words_and_loses_none(parakeet: ParakeetRecognizer):
    sound = np.concatenate([said("time is it", edge_s=1.2) for _ in range(10)])
    segments = [segment async for segment in parakeet.transcribe_recording(sound)]
    assert len(sound) > 30 * SPEECH_RATE_HZ
    assert len(segments) > 1
    assert " ".join(segment.text for segment in segments) == " ".join(["time is it"] * 10)
    assert segments[-1].end_s == pytest.approx(len(sound) / SPEECH_RATE_HZ)


async def test_a_closed_one_does_no_more_work():
    recognizer = ParakeetRecognizer(MODEL)
    recognizer.close()
    recognizer.close()
    with pytest.raises(ProviderBroken, match="closed"):
        await recognizer.transcribe(said("hello there"))


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda folder: (folder / "vocab.txt").unlink(), "lacks a file"),
        (lambda folder: (folder / "decoder_joint-model.onnx").unlink(), "lacks a file"),
        (lambda folder: (folder / "encoder-model.onnx").write_bytes(b"nonsense"), "encoder-model.onnx is cut off"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json is cut off"),
        (
            lambda folder: shutil.copy(folder / "encoder-model.onnx", folder / "decoder_joint-model.onnx"),
            "no whole Parakeet",
        ),
        (lambda folder: (folder / "vocab.txt").write_text("<unk> 0\n<b"), "vocab.txt is cut off"),
        (lambda folder: (folder / "vocab.txt").write_text(""), "no whole Parakeet"),
        (shutil.rmtree, "no recogniser in"),
    ],
)
def test_a_damaged_model_is_one_clear_line(tmp_path: Path, break_it: Callable[[Path], object], reason: str):
    folder = tmp_path / "parakeet"
    shutil.copytree(MODEL, folder)
    break_it(folder)
    with pytest.raises(ModelError, match=reason) as caught:
        ParakeetRecognizer(folder)
    assert "\n" not in str(caught.value)


def test_a_language_it_does_not_know_is_said():
    with pytest.raises(ConfigError, match="'ja-JP'"):
        ParakeetRecognizer(MODEL, language="ja-JP")


def test_it_is_taken_where_it_is_the_recogniser_that_is_here_or_is_named(tmp_path: Path):
    folder = tmp_path / "stt" / "parakeet-tdt-0.6b-v3"
    shutil.copytree(MODEL, folder)
    store = ModelStore(tmp_path)

    def names(*wanted: str) -> list[str]:
        config = Config(engines=EnginesConfig(stt=wanted))
        return [one.name for one in EngineChoice(config, store, Skills()).candidates("stt")]

    assert names("auto") == ["parakeet", "pocketsphinx"]
    assert names(f"parakeet:{MODEL}") == ["parakeet"]
    with pytest.raises(ModelError, match="faster-whisper has no model here"):
        names("faster-whisper")
