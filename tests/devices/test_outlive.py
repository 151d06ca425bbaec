"""Devices that go away in the middle of a reply and of an utterance: the conversation goes on, nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from localvoice.audio import native

pytestmark = [pytest.mark.devices, pytest.mark.timeout(150)]

DRIVER = Path(__file__).with_name("outlive.py")

EACH_WAY = ["kill", "rate", "stall", "unplug", "sink", "source", "kill"]

MOVED = {"sink", "source"}
"""Nobody but the sound server notices."""

LOST_MS = 150
"""Half a syllable. Up to 50 ms of it never left the recording, which dies with the server."""


def outlived(path: str, *ways: str) -> list[dict]:
    """What the program reports; nothing but that, and no traceback."""
    program = subprocess.run(
        [sys.executable, str(DRIVER), path, *ways], capture_output=True, text=True, timeout=120, check=False
    )
    assert program.returncode == 0, program.stderr
    assert "Traceback" not in program.stderr
    return [json.loads(line) for line in program.stdout.splitlines()]


@pytest.mark.usefixtures("server_folder")
@pytest.mark.parametrize(("path", "ways"), [("native", EACH_WAY), ("rtmixer", ["kill", "stall"])])
def test_a_conversation_outlives_its_devices(path: str, ways: list[str]) -> None:
    if path == "native" and native.load() is None:
        pytest.skip(f"{native.reason()}: `pip install -e .` where a C compiler is makes our own callback")
    *seen, closed = outlived(path, *ways)
    assert [one["how"] for one in seen] == ways
    for one in seen:
        assert not one["failure"], one
        assert not one["others"], one
        noticed = [[]] if one["how"] in MOVED else [["input", "output"]]
        if one["how"] == "stall":
            noticed += [[]]  # where this machine has stalled by itself within the last minute
        assert one["changed"] in noticed, one
        assert one["noticed_and_opened_s"] < 2.0, one
        assert not one["clock_went_back"], one
        assert abs(one["clock_moved_s"]) < 0.1, one
        assert one["heard_before"], one
        assert one["heard_after"], one
    for one in (one for one in seen if one["how"] not in MOVED):
        assert one["paths"] == (path == "native" and bool(one["changed"])), one
        assert one["lost_ms"] < LOST_MS, one
        assert one["doubled_ms"] < LOST_MS, one
        assert one["said_to_s"] == pytest.approx(3.0, abs=0.1), one
    assert closed["close_s"] < 1.0
