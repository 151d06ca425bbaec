"""`localvoice devices --test` on the virtual card, in a live room: what it says, remembers, and when it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from live_room import LiveRoom
from virtual_card import SoundServer

from tests.waiting import seconds_to_end

pytestmark = pytest.mark.devices

TRIES = 3
"""The machine may be shared, and its card stall, which sounds like somebody else."""


def start(card: SoundServer, home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "localvoice", "devices", *words],
        env={**card.environ, "XDG_STATE_HOME": str(home), "LOCALVOICE_ENGINES__TTS": "espeak"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(card: SoundServer, home: Path, *words: str) -> str:
    out, err = (process := start(card, home, *words)).communicate(timeout=30)
    assert process.returncode == 0, err
    return out


@pytest.mark.timeout(120)
def test_a_room_is_measured_remembered_and_shown(card: SoundServer, tmp_path: Path) -> None:
    assert "never tested" in run(card, tmp_path)
    with LiveRoom(card, tmp_path, gain_db=-12.0):
        for _ in range(TRIES):
            began_s = time.monotonic()
            tested = json.loads(run(card, tmp_path, "--test", "--json"))
            assert time.monotonic() - began_s < 25.0
            if tested["mode"] == "full":
                break
    measured = tested["measured"]
    assert (tested["mode"], tested["is_kept"]) == ("full", True), tested
    assert (tested["voice"], tested["path"]) == ("espeak", "native")
    assert measured["noise_dbfs"] == pytest.approx(-65.0, abs=3.0)
    assert measured["echo_dbfs"] == pytest.approx(-32.0, abs=4.0)
    assert 20.0 < measured["delay_ms"] < 400.0
    assert measured["attenuation_db"] > 15.0
    assert measured["cut_tail_ms"] > 0.0
    assert f"{tested['mode']}, as tested: {tested['why']}" in run(card, tmp_path)


def test_headphones_are_told_in_plain_lines(card: SoundServer, tmp_path: Path) -> None:
    with LiveRoom(card, tmp_path, gain_db=None):
        said = run(card, tmp_path, "--test")
    assert "\x1b" not in said
    rows = {line.split("  ")[0]: line for line in said.splitlines()}
    assert "none heard" in rows["echo"]
    assert "headphones" in rows["full"]


@pytest.mark.timeout(120)
def test_doctor_includes_it_and_may_leave_it_out(card: SoundServer, tmp_path: Path) -> None:
    def checked(*words: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "localvoice",
                "doctor",
                "--json",
                "--stt",
                "pocketsphinx",
                "--llm",
                "skills",
                *words,
            ],
            env={**card.environ, "XDG_STATE_HOME": str(tmp_path), "LOCALVOICE_ENGINES__TTS": "espeak"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        checks = json.loads(done.stdout)["checks"]
        return done.returncode, next(check for check in checks if check["name"] == "talking over me")

    with LiveRoom(card, tmp_path, gain_db=None):
        code, check = checked()
    assert (code, check["outcome"]) == (0, "ok"), check
    assert check["found"].startswith("full: ")
    assert check["took_ms"] > 10_000
    assert "full, as tested" in run(card, tmp_path)
    code, check = checked("--no-sound")
    assert (code, check["outcome"]) == (0, "skipped")


def test_ctrl_c_ends_it_at_once_and_remembers_nothing(card: SoundServer, tmp_path: Path) -> None:
    process = start(card, tmp_path, "--test")
    assert process.stderr is not None
    while "quiet" not in process.stderr.readline():
        pass
    threading.Event().wait(1.0)
    assert seconds_to_end(process, signal.SIGINT) < 2.0
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, "", "")
    assert not (tmp_path / "localvoice" / "devices.json").exists()


def test_a_file_is_no_device(card: SoundServer, tmp_path: Path) -> None:
    process = start(card, tmp_path, "--test", "--output", "reply.wav")
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert "--output" in err
    assert len(err.splitlines()) == 1
