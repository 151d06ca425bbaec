"""What `doctor` says of canceller and detector: who runs them, and how long they take."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from localvoice.audio import native_reflex
from localvoice.config import Config
from localvoice.doctor.examination import Finding
from localvoice.doctor.machine import machine_checks
from localvoice.model_store.store import ModelStore


def found(title: str, folder: Path) -> Finding:
    check = next(one for one in machine_checks(Config(), ModelStore(folder)) if one.name == title)
    return asyncio.run(check.examine())


@pytest.mark.parametrize(("title", "runtime"), [("echo canceller", "native"), ("voice detector", "native")])
def test_it_says_that_c_listens(tmp_path: Path, title: str, runtime: str) -> None:
    if native_reflex.load() is None:
        pytest.skip(f"{native_reflex.reason()}: `python hatch_build.py` enables this test")
    finding = found(title, tmp_path)
    assert f"({runtime})" in finding.found
    assert not finding.fix


def test_without_the_library_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_reflex, "load", lambda: None)
    monkeypatch.setattr(native_reflex, "library_path", lambda: tmp_path / "_reflex.so")
    finding = found("echo canceller", tmp_path)
    assert "(python)" in finding.found
    assert "no C compiler" in finding.found
    assert "compiler" in finding.fix
    assert "(onnxruntime)" in found("voice detector", tmp_path).found
