from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest
from store_bench import STT_FILES, VOICE_FILES, Bench, fill

import localvoice
from localvoice.errors import ModelError
from localvoice.model_store import store as store_module
from localvoice.model_store.catalogue import Kind, Tier
from localvoice.model_store.store import ModelStore, models_root, verify


def test_the_variable_chooses_the_store(tmp_path: Path) -> None:
    assert models_root({"LOCALVOICE_MODELS": str(tmp_path)}) == tmp_path


def test_a_source_checkout_keeps_its_models_beside_the_package() -> None:
    assert models_root({}) == Path(localvoice.__file__).resolve().parents[1] / "models"


def test_an_installed_program_keeps_models_in_the_users_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_PACKAGE_PARENT", tmp_path)
    assert models_root({}) == platformdirs.user_data_path("localvoice", appauthor=False) / "models"


def test_an_absent_store_is_empty(bench: Bench) -> None:
    assert bench.store.installed() == []
    assert bench.store.path_of("mini.en") is None


def test_a_model_put_there_by_hand_counts_when_its_engine_has_all_it_needs(bench: Bench) -> None:
    folder = fill(bench.store.root / "stt" / "mini.en", STT_FILES)
    assert bench.store.path_of("mini.en") == folder
    assert bench.store.path_of("MINI.EN") == folder
    (folder / "tokenizer.json").unlink()
    assert bench.store.path_of("mini.en") is None


def test_a_model_under_a_name_of_its_own_is_found(bench: Bench) -> None:
    folder = fill(bench.store.root / "llm" / "mine", {"weights.gguf": b"GGUF"})
    found = bench.store.find("llm", "mine")
    assert found is not None
    assert (found.path, found.model, found.kind) == (folder / "weights.gguf", None, Kind.LLM)
    assert [one.name for one in bench.store.installed()] == ["mine"]


def test_a_voice_without_its_settings_is_not_installed(bench: Bench) -> None:
    folder = fill(bench.store.root / "tts" / "en_US-ann-medium", VOICE_FILES)
    assert bench.store.path_of("en_US-ann-medium") == folder / "en_US-ann-medium.onnx"
    (folder / "en_US-ann-medium.onnx.json").unlink()
    assert bench.store.path_of("en_US-ann-medium") is None


def test_an_empty_file_is_no_model(bench: Bench) -> None:
    fill(bench.store.root / "llm" / "mine", {"weights.gguf": b""})
    assert bench.store.find("llm", "mine") is None


def test_a_file_with_the_wrong_size_makes_a_model_incomplete(bench: Bench) -> None:
    bench.get("mini.en")
    path = bench.store.root / "stt" / "mini.en" / "model.bin"
    path.write_bytes(path.read_bytes()[:-1])
    assert bench.store.path_of("mini.en") is None
    assert [fault.path.name for fault in bench.store.damaged()] == ["mini.en"]


@pytest.mark.parametrize("name", ["../stt/mini.en", "..", ".", "", "/etc"])
def test_names_do_not_lead_out_of_the_store(bench: Bench, name: str) -> None:
    fill(bench.store.root / "stt" / "mini.en", STT_FILES)
    assert all(bench.store.find(kind, name) is None for kind in Kind)
    with pytest.raises(ModelError):
        bench.store.remove(name)
    assert bench.store.path_of("mini.en")


def test_a_model_is_found_under_its_own_kind_only(bench: Bench) -> None:
    fill(bench.store.root / "stt" / "mini.en", STT_FILES)
    assert bench.store.find("stt", "mini.en")
    assert bench.store.find("llm", "mini.en") is None


@pytest.mark.parametrize(
    ("here", "tier", "expected"),
    [
        (["base.en", "small.en", "large-v3-turbo"], Tier.STANDARD, "small.en"),
        (["base.en", "large-v3-turbo"], Tier.STANDARD, "base.en"),
        (["distil-small.en", "small.en"], Tier.STANDARD, "small.en"),
        (["distil-small.en", "base.en"], Tier.STANDARD, "distil-small.en"),
        (["large-v3-turbo", "small.en"], Tier.SMALL, "small.en"),
        (["large-v3-turbo", "mine"], Tier.SMALL, "large-v3-turbo"),
        (["mine"], Tier.SMALL, "mine"),
        ([], Tier.SMALL, None),
    ],
)
def test_the_preferred_model_suits_the_machine(
    tmp_path: Path, here: list[str], tier: Tier, expected: str | None
) -> None:
    for name in here:
        fill(tmp_path / "stt" / name, STT_FILES | {"preprocessor_config.json": b"{}"})
    found = ModelStore(tmp_path).preferred("stt", tier)
    assert (found.name if found else None) == expected


def test_verify_names_the_file_whose_bytes_changed(bench: Bench) -> None:
    bench.get("mini.en")
    path = bench.store.root / "stt" / "mini.en" / "config.json"
    path.write_bytes(b"[]")
    [fault] = verify(bench.store.find("stt", "mini.en"))
    assert fault.path == path


def test_verify_compares_what_was_put_there_by_hand_with_the_catalogue(bench: Bench) -> None:
    folder = fill(bench.store.root / "stt" / "mini.en", STT_FILES)
    assert verify(bench.store.find("stt", "mini.en")) == []
    (folder / "model.bin").write_bytes(b"other")
    [fault] = verify(bench.store.find("stt", "mini.en"))
    assert fault.path == folder / "model.bin"


def test_remove_frees_the_model_and_its_unfinished_download(bench: Bench) -> None:
    fill(bench.store.root / "stt" / "mini.en", STT_FILES)
    fill(bench.store.root / "stt" / "mini.en.part", {"model.bin.part": b"12345"})
    assert bench.store.remove("mini.en") == sum(map(len, STT_FILES.values())) + 5
    assert list((bench.store.root / "stt").iterdir()) == []


def test_removing_a_link_leaves_what_it_points_to(bench: Bench, tmp_path: Path) -> None:
    folder = fill(tmp_path / "elsewhere", STT_FILES)
    (bench.store.root / "stt").mkdir(parents=True)
    (bench.store.root / "stt" / "mini.en").symlink_to(folder)
    bench.store.remove("mini.en")
    assert bench.store.path_of("mini.en") is None
    assert len(list(folder.iterdir())) == len(STT_FILES)


def test_a_receipt_that_cannot_be_read_counts_as_none(bench: Bench) -> None:
    fill(bench.store.root / "stt" / "mini.en", STT_FILES | {".localvoice.json": b'{"files": []}'})
    found = bench.store.find("stt", "mini.en")
    assert found is not None
    assert found.receipt is None
