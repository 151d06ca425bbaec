from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from store_bench import STT_FILES, VOICE_FILES, Bench, Recorded, fill

from localvoice.errors import FileError
from localvoice.model_store.importing import ImportReport, import_models
from localvoice.model_store.store import verify


def take(bench: Bench, source: Path) -> ImportReport:
    return import_models(bench.store, source, bench.progress)


def test_a_copied_store_is_imported_with_its_receipts(bench: Bench, tmp_path: Path) -> None:
    bench.get("mini.en", "en_US-ann-medium")
    stick = Path(shutil.move(bench.store.root, tmp_path / "stick"))
    report = take(bench, stick)
    assert sorted(report.imported) == ["en_US-ann-medium", "mini.en"]
    assert report.skipped == []
    found = bench.store.find("stt", "mini.en")
    assert verify(found) == []
    assert found.receipt.source == "test/mini"
    assert not list(bench.store.root.rglob("*.part"))


def test_loose_files_are_known_by_name_and_checksum(bench: Bench, tmp_path: Path) -> None:
    fill(tmp_path / "stick" / "whisper", STT_FILES)
    fill(tmp_path / "stick", VOICE_FILES | {"holiday.jpg": b"beach"})
    report = take(bench, tmp_path / "stick")
    assert sorted(report.imported) == ["en_US-ann-medium", "mini.en"]
    assert [skipped.path.name for skipped in report.skipped] == ["holiday.jpg"]
    assert verify(bench.store.find("tts", "en_US-ann-medium")) == []


def test_a_loose_file_of_the_right_name_and_size_but_other_bytes_is_skipped(bench: Bench, tmp_path: Path) -> None:
    onnx = "en_US-ann-medium.onnx"
    fill(tmp_path / "stick", VOICE_FILES | {onnx: bytes(len(VOICE_FILES[onnx]))})
    report = take(bench, tmp_path / "stick")
    assert report.imported == []
    assert {skipped.path.name for skipped in report.skipped} == set(VOICE_FILES)
    assert bench.store.installed() == []


def test_a_model_damaged_on_the_way_is_not_imported(bench: Bench, tmp_path: Path) -> None:
    bench.get("mini.en")
    stick = Path(shutil.move(bench.store.root, tmp_path / "stick"))
    (stick / "stt" / "mini.en" / "config.json").write_bytes(b"[]")
    report = take(bench, stick)
    assert report.imported == []
    assert [(one.path.name, "damaged" in one.reason) for one in report.skipped] == [("config.json", True)]
    assert list(bench.store.root.rglob("*")) == [bench.store.root / "stt"]


def test_a_folder_in_the_layout_that_lacks_a_file_is_named(bench: Bench, tmp_path: Path) -> None:
    fill(tmp_path / "stick" / "stt" / "mini.en", {"model.bin": STT_FILES["model.bin"]})
    report = take(bench, tmp_path / "stick")
    assert [(one.path.name, one.reason) for one in report.skipped] == [
        ("mini.en", "files are missing or have the wrong size")
    ]


def test_a_folder_under_a_name_of_its_own_is_imported_when_complete(bench: Bench, tmp_path: Path) -> None:
    fill(tmp_path / "stick" / "llm" / "mine", {"weights.gguf": b"GGUF"})
    assert take(bench, tmp_path / "stick").imported == ["mine"]
    assert bench.store.find("llm", "mine").path.read_bytes() == b"GGUF"


def test_what_is_here_is_left_alone(bench: Bench, tmp_path: Path) -> None:
    bench.get("mini.en")
    shutil.copytree(bench.store.root, tmp_path / "stick")
    report = take(bench, tmp_path / "stick")
    assert report.imported == []
    assert "is here already" in report.skipped[0].reason


def test_a_copy_that_is_interrupted_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    class Interrupting(Recorded):
        def moved(self, label: str, have_bytes: int, total_bytes: int | None) -> None:
            raise KeyboardInterrupt

    fill(tmp_path / "stick", VOICE_FILES)
    with pytest.raises(KeyboardInterrupt):
        import_models(bench.store, tmp_path / "stick", Interrupting())
    assert list((bench.store.root / "tts").iterdir()) == []


def test_importing_from_nowhere_is_one_line(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is not a folder"):
        take(bench, tmp_path / "absent")
