"""Models of random weights are models: every engine loads them and works with them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from benchmarks.engines.make_models import TINY_VOICE, make_whisper
from localvoice.audio.samples import silence
from localvoice.config import EngineOptions, ReplyConfig
from localvoice.llm.llama_cpp import load_llama
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from localvoice.tiers import random_llama, random_piper, random_whisper
from localvoice.tts.piper import PiperSynthesizer
from tests.engines.test_chat_model import RUNTIMES, answer
from tests.fakes import user


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_a_language_model_of_bytes(tmp_path, runtime):
    path = random_llama.make(tmp_path / "model.gguf", random_llama.SIZES["tiny"])
    model = load_llama(path, EngineOptions(runtime=runtime), ReplyConfig(max_tokens=5))
    _, _, usage = await answer(model, user("Hello."))
    model.close()
    assert usage.prompt_tokens > len("Hello.")


async def test_a_recogniser(tmp_path, monkeypatch):
    monkeypatch.setattr(random_whisper, "BASE", random_whisper.WhisperShape(64, 1, 3_000))
    recogniser = FasterWhisperRecognizer(make_whisper(tmp_path / "whisper"))
    transcript = await recogniser.transcribe(silence(16_000))
    recogniser.close()
    assert transcript.engine == "faster-whisper"


async def test_a_voice(tmp_path):
    voice = PiperSynthesizer(random_piper.make(tmp_path / "voice.onnx", TINY_VOICE))

    async def text() -> AsyncIterator[str]:
        yield "What time is it?"

    chunks = [chunk async for chunk in voice.synthesize(text())]
    voice.close()
    assert "".join(chunk.text for chunk in chunks) == "What time is it?"
    assert 0.3 < sum(chunk.duration_s for chunk in chunks) < 5
    assert np.isfinite(np.concatenate([chunk.samples for chunk in chunks])).all()


def test_what_is_there_is_not_made_again(tmp_path):
    path = random_llama.make(tmp_path / "model.gguf", random_llama.SIZES["tiny"])
    before = path.stat().st_mtime_ns
    random_llama.make(path, random_llama.SIZES["tiny"])
    assert path.stat().st_mtime_ns == before
