from __future__ import annotations

from pathlib import Path

import pytest

from localvoice.errors import ConfigError, ModelError
from localvoice.model_store.catalogue import Kind, Tier, parse_catalogue, read_catalogue, size_text
from localvoice.model_store.offer import recommended_tier

OPEN_LICENCES = {"MIT", "Apache-2.0", "BSD-2-Clause", "public-domain"}

ENTRY = """
[[model]]
name = "{name}"
kind = "stt"
engine = "faster-whisper"
tiers = ["small"]
default = true
title = "A model"
licence = "MIT"
repo = "owner/repo"
revision = "{revision}"
pin = "{pin}"
files = [{{ path = "{path}", sha256 = "{sha256}" }}]
"""
GOOD = {"name": "a", "revision": "1" * 40, "pin": "verified", "path": "sub/model.bin", "sha256": "a" * 64}


@pytest.mark.parametrize("tier", list(Tier))
def test_every_tier_has_one_default_for_each_stage(tier: Tier) -> None:
    kinds = [model.kind for model in read_catalogue().tier(tier)]
    # what reads turns is no default for machines with little memory
    reads_turns = [] if tier is Tier.SMALL else [Kind.WORDS]
    assert sorted(kinds) == sorted([Kind.STT, Kind.LLM, Kind.TTS, Kind.TURN, *reads_turns])


def test_defaults_have_licences_without_conditions_on_use() -> None:
    assert {model.licence for model in read_catalogue() if model.default} <= OPEN_LICENCES


def test_models_with_conditions_on_use_say_them() -> None:
    restricted = [model for model in read_catalogue() if model.licence not in OPEN_LICENCES]
    assert restricted
    assert all(model.licence_note and not model.default for model in restricted)


def test_nothing_is_called_verified_that_nobody_has_downloaded() -> None:
    assert not any(model.pin_verified for model in read_catalogue())


def test_the_large_files_are_pinned() -> None:
    for model in read_catalogue():
        large = max(model.files, key=lambda file: file.expected_bytes)
        assert large.name.endswith((".bin", ".gguf", ".onnx"))
        assert large.sha256
        assert large.expected_bytes > 1_000_000
        assert model.revision != "main" or all(file.sha256 for file in model.files)


def test_recognisers_list_what_faster_whisper_loads() -> None:
    for model in read_catalogue():
        if model.engine == "faster-whisper":
            names = {file.name for file in model.files}
            assert {"model.bin", "config.json", "tokenizer.json"} < names
            assert ("vocabulary.txt" in names) != {"vocabulary.json", "preprocessor_config.json"}.issubset(names)


def test_a_voice_has_its_settings_beside_it() -> None:
    voice = read_catalogue().named("en_US-norman-medium")
    assert [file.name for file in voice.files] == ["en_US-norman-medium.onnx", "en_US-norman-medium.onnx.json"]
    assert voice.url_of(voice.files[0]) == (
        "https://huggingface.co/rhasspy/piper-voices/resolve/1162a9173d0ce503555aed757976b7a9912eae4c"
        "/en/en_US/norman/medium/en_US-norman-medium.onnx"
    )
    assert voice.url_of(voice.files[0], "http://mirror/").startswith("http://mirror/rhasspy/piper-voices/resolve/")


def test_default_downloads_come_from_the_hub_alone() -> None:
    assert all(not model.url for model in read_catalogue() if model.default)


def test_names_are_found_in_any_case() -> None:
    assert read_catalogue().named("QWEN3-0.6B").name == "qwen3-0.6b"


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean small\.en\?"):
        read_catalogue().named("smal.en")


def test_a_file_takes_its_local_name_from_its_path() -> None:
    [model] = parse_catalogue(ENTRY.format(**GOOD))
    assert (model.files[0].path, model.files[0].name) == ("sub/model.bin", "model.bin")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../evil"},
        {"name": "a.part"},
        {"path": "../../evil"},
        {"path": "/etc/evil"},
        {"revision": "v1"},
        {"pin": "maybe"},
        {"sha256": "A" * 64},
        {"sha256": "abc"},
    ],
)
def test_a_wrong_entry_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="is wrong"):
        parse_catalogue(ENTRY.format(**GOOD | wrong))


def test_a_name_may_stand_only_once() -> None:
    with pytest.raises(ModelError, match="twice"):
        parse_catalogue(ENTRY.format(**GOOD) + ENTRY.format(**GOOD | {"name": "A"}))


def test_the_catalogue_lies_where_the_wheel_takes_it_from() -> None:
    assert (Path(__file__).parents[2] / "models" / "catalogue.toml").is_file()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 kB"),
        (1, "1 kB"),
        (999_999, "1000 kB"),
        (8_679_182, "9 MB"),
        (999_499_999, "999 MB"),
        (1_617_884_929, "1.6 GB"),
    ],
)
def test_sizes_are_written_for_people(count: int, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("free_gb", "cores", "tier"),
    [(2, 2, Tier.SMALL), (7.9, 8, Tier.SMALL), (64, 2, Tier.SMALL), (8, 4, Tier.STANDARD), (64, 16, Tier.STANDARD)],
)
def test_memory_and_cores_choose_the_tier(free_gb: float, cores: int, tier: Tier) -> None:
    assert recommended_tier(int(free_gb * 1e9), cores).tier is tier


@pytest.mark.parametrize(
    ("tier", "language", "recogniser", "speaks"),
    [
        (Tier.SMALL, "en-GB", "base.en", True),
        (Tier.SMALL, "", "base.en", True),
        (Tier.SMALL, "de", "base", False),
        (Tier.STANDARD, "de-AT", "small", False),
        (Tier.LARGE, "ja", "large-v3-turbo", False),
    ],
)
def test_a_tier_holds_models_that_know_the_language(tier: Tier, language: str, recogniser: str, speaks: bool) -> None:
    found = {model.kind: model.name for model in read_catalogue().tier(tier, language)}
    assert found[Kind.STT] == recogniser
    assert (Kind.TTS in found) == speaks  # no voice of another language is known; espeak-ng speaks it
    assert {Kind.LLM, Kind.TURN} <= found.keys()
    assert Kind.WORDS not in found  # it reads English, and none of these is both English and more than small


def test_whisper_models_for_english_alone_say_so() -> None:
    for model in read_catalogue():
        if model.engine == "faster-whisper":
            assert model.knows("de") != (model.name.endswith(".en") or model.name.startswith("distil"))
