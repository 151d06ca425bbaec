"""A package that would end the process is found out beforehand; one that runs is tried once."""

from __future__ import annotations

import sys

import pytest

from localvoice.errors import ProviderUnavailable
from localvoice.llm import runtime_probe
from localvoice.llm.runtime_probe import check_runs


def counting(tmp_path, code: int = 0) -> str:
    return f"open({str(tmp_path / 'runs.txt')!r}, 'a').write('.'); raise SystemExit({code})"


def runs(tmp_path) -> int:
    return len((tmp_path / "runs.txt").read_text(encoding="utf-8"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals are told in another way there")
@pytest.mark.parametrize("signal", ["SIGILL", "SIGABRT", "SIGSEGV"])
def test_a_program_that_is_killed_is_one_clear_line(tmp_path, signal):
    program = f"import os, signal; os.kill(os.getpid(), signal.{signal})"
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="built for another processor") as failure:
            check_runs("numpy", program, "llama-cpp", tmp_path / "cache")
    assert "\n" not in str(failure.value)


def test_one_that_runs_is_tried_once(tmp_path):
    for _ in range(3):
        check_runs("numpy", counting(tmp_path), "llama-cpp", tmp_path / "cache")
    assert runs(tmp_path) == 1


def test_another_version_is_tried_again(tmp_path, monkeypatch):
    for version in ("1", "2"):
        monkeypatch.setattr(runtime_probe, "version", lambda _, version=version: version)
        check_runs("numpy", counting(tmp_path), "llama-cpp", tmp_path / "cache")
    assert runs(tmp_path) == 2


def test_a_failure_of_another_kind_is_left_to_the_import_itself(tmp_path):
    for _ in range(2):
        check_runs("numpy", counting(tmp_path, code=1), "llama-cpp", tmp_path / "cache")
    assert runs(tmp_path) == 2


def test_a_child_that_hangs_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime_probe, "_LONGEST_S", 0.2)
    check_runs("numpy", "import time; time.sleep(30)", "llama-cpp", tmp_path / "cache")


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path):
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    check_runs("numpy", counting(tmp_path), "llama-cpp", tmp_path / "cache")
    assert runs(tmp_path) == 1
