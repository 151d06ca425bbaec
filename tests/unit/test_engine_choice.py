"""Which engines a stage gets from names, settings and what is installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from localvoice.config import Config, EngineOptions, EnginesConfig, SessionConfig, SpeechConfig
from localvoice.engine_choice import EngineChoice
from localvoice.errors import ConfigError, ModelError
from localvoice.model_store.store import ModelStore
from localvoice.skills.catalog import Skills
from tests.e2e.spoken import MODELS

VOICE = MODELS / "tts" / "en_US-tiny-test.onnx"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """With one voice, called `tiny.en`."""
    folder = tmp_path / "models" / "tts" / "tiny.en"
    folder.mkdir(parents=True)
    for suffix in ("", ".json"):
        (folder / f"{VOICE.name}{suffix}").symlink_to(f"{VOICE}{suffix}")
    return ModelStore(tmp_path / "models")


def names(store: ModelStore, *wanted: str, stage: str = "tts", voice: str = "", options: EngineOptions | None = None):
    """The engines that `wanted` comes to."""
    engines = replace(EnginesConfig(), **{stage: wanted}, options={"piper": options} if options else {})
    config = Config(engines=engines, speech=SpeechConfig(voice=voice))
    return [one.name for one in EngineChoice(config, store, Skills()).candidates(stage)]


def test_auto_is_the_installed_model_and_the_starter_behind_it(store):
    assert names(store, "auto") == ["piper", "espeak"]
    assert names(store, "auto", stage="stt") == ["pocketsphinx"]


def test_a_model_is_found_by_name_even_with_a_dot_in_it(store):
    assert names(store, "piper:tiny.en") == ["piper"]


def test_a_list_of_names_is_taken_literally(store):
    assert names(store, "espeak", "piper") == ["espeak", "piper"]


@pytest.mark.parametrize(
    ("stage", "wanted", "said"),
    [
        ("stt", "faster-whisper:base.en", "localvoice models download base.en"),
        ("llm", "llama-cpp:qwen3-0.6b", "localvoice models download qwen3-0.6b"),
        ("llm", "llama-cpp:smollm2-135m-q4", "localvoice models list"),
        ("llm", "llama-cpp:gone.gguf", "check the path"),
        ("stt", "faster-whisper:some/folder", "check the path"),
        ("stt", "faster-whisper:nonsense", "localvoice models list"),
        ("llm", "llama-cpp", "localvoice models download"),
        ("stt", "pocketsphinx:small", "write pocketsphinx alone"),
        ("llm", "skills:large", "write skills alone"),
    ],
)
def test_a_model_that_is_not_here_names_the_cure(store, stage, wanted, said):
    with pytest.raises(ModelError, match=said):
        names(store, wanted, stage=stage)


def test_a_missing_model_is_said_when_it_is_loaded_where_another_engine_is_there(store):
    assert names(store, "piper:gone.onnx", "espeak") == ["piper", "espeak"]
    config = Config(engines=EnginesConfig(tts=("espeak", "piper:gone.onnx")))
    with pytest.raises(ModelError, match="check the path"):
        EngineChoice(config, store, Skills()).candidates("tts")[1].load()


@pytest.mark.parametrize(
    ("voice", "expected"),
    [("tiny.en", ["piper", "espeak"]), ("en-gb", ["espeak"]), ("", ["piper", "espeak"])],
)
def test_a_voice_belongs_to_the_synthesiser_that_has_it(store, voice, expected):
    assert names(store, "auto", voice=voice) == expected


def test_a_voice_of_the_catalogue_that_is_not_here_is_said_so_by_its_synthesiser(store):
    with pytest.raises(ModelError, match="localvoice models download en_US-norman-medium"):
        names(store, "piper", voice="en_US-norman-medium")


def test_the_starter_speaks_in_its_own_voice_behind_a_model_that_was_named(store):
    config = Config(speech=SpeechConfig(voice="tiny.en"))
    starter = EngineChoice(config, store, Skills()).candidates("tts")[-1]
    assert starter.load().name == "espeak"


def test_the_voice_of_an_engines_own_section_counts(store):
    assert names(store, "piper", options=EngineOptions(voice="tiny.en")) == ["piper"]
    with pytest.raises(ModelError, match=r"gone\.onnx"):
        names(store, "piper", options=EngineOptions(voice="gone.onnx"))


def test_kokoro_is_taken_where_it_is_the_voice_that_is_here_or_is_named(tmp_path: Path):
    folder = tmp_path / "tts" / "kokoro-v1.0"
    folder.mkdir(parents=True)
    for file in (MODELS / "tts" / "kokoro-tiny").iterdir():
        (folder / file.name.replace("tiny", "v1.0")).symlink_to(file)
    store = ModelStore(tmp_path)
    assert names(store, "auto") == ["kokoro", "espeak"]
    assert names(store, "auto", voice="bm_george") == ["kokoro", "espeak"]
    assert names(store, "kokoro") == ["kokoro"]
    with pytest.raises(ModelError, match="piper has no model here"):
        names(store, "piper")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("pipper", "the nearest one is piper"), ("groq", "give it to --stt"), ("elevenlabs", "ELEVENLABS_API_KEY")],
)
def test_an_engine_that_cannot_be_is_refused(store, wanted, said):
    with pytest.raises(ConfigError, match=said):
        names(store, wanted)


@pytest.mark.parametrize(
    ("language", "stage", "expected"),
    [
        ("en", "stt", ["faster-whisper", "pocketsphinx"]),
        ("de", "stt", ["pocketsphinx"]),
        ("en", "tts", ["piper", "espeak"]),
        ("de", "tts", ["espeak"]),
    ],
)
def test_auto_takes_no_model_of_another_language(tmp_path, language, stage, expected):
    store = ModelStore(tmp_path)
    for folder, model in (("stt/base.en", MODELS / "stt"), ("tts/en_US-anna-low", VOICE.parent)):
        (tmp_path / folder).parent.mkdir()
        (tmp_path / folder).symlink_to(model)
    config = Config(session=SessionConfig(language=language))
    assert [one.name for one in EngineChoice(config, store, Skills()).candidates(stage)] == expected


@pytest.mark.parametrize(("stages", "hears"), [(("llm",), False), (("llm", "stt"), True)])
def test_the_language_model_is_told_of_a_recogniser_that_takes_cores(tmp_path, monkeypatch, stages, hears):
    told: list[bool] = []
    monkeypatch.setattr("localvoice.llm.llama_cpp.load_llama", lambda *_, hears: told.append(hears))
    for folder, model in (("stt/base.en", "stt"), ("llm/tiny", "llm")):
        (tmp_path / folder).parent.mkdir()
        (tmp_path / folder).symlink_to(MODELS / model)
    choice = EngineChoice(Config(), ModelStore(tmp_path), Skills())
    candidates = {stage: choice.candidates(stage) for stage in stages}
    candidates["llm"][0].load()
    assert told == [hears]
