"""Signals before a conversation: none is lost, wherever the program is, and none breaks an import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

RAISED = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"


def run(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """A program that heeds the signals, does `lines`, and says what it has closed on the way out."""
    indented = "\n    ".join(lines)
    (folder / "program.py").write_text(f"""
import sys
from localvoice import first_signals
from localvoice.__main__ import _untold
sys.unraisablehook = _untold
first_signals.take()
try:
    {indented}
    import time
    time.sleep(60)  # a call that waits is interrupted
finally:
    print("closed")
""")
    return subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_before_a_command_there_is_nothing_to_close(tmp_path):
    ended = run(tmp_path, RAISED)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "", "")


def test_a_command_closes_what_it_opened(tmp_path):
    ended = run(tmp_path, "first_signals.begin()", RAISED)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "closed\n", "")


def test_what_is_closed_already_is_not_closed_again(tmp_path):
    ended = run(tmp_path, "first_signals.begin()", "first_signals.finish()", RAISED)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "", "")


def test_ctrl_c_is_ctrl_c(tmp_path):
    ended = run(tmp_path, "first_signals.begin()", RAISED.replace("SIGTERM", "SIGINT"))
    assert ended.stdout == "closed\n"
    assert ended.stderr.endswith("KeyboardInterrupt\n")


def test_an_import_is_finished_first(tmp_path):
    (tmp_path / "slowly.py").write_text(f"{RAISED}\nprint('imported', flush=True)\n")
    ended = run(tmp_path, "first_signals.begin()", "import slowly")
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "imported\nclosed\n", "")


def test_one_that_was_lost_with_an_object_comes_again(tmp_path):
    (tmp_path / "thing.py").write_text(f"class Thing:\n    def __del__(self):\n        {RAISED}\n        self.a = 1\n")
    ended = run(tmp_path, "import thing", "first_signals.begin()", "thing.Thing()")
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "closed\n", "")
