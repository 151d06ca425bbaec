"""The greeting of a conversation on the virtual card shows what its room is like, and the next one begins with that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from live_room import LiveRoom
from virtual_card import SoundServer

from tests.e2e.spoken import Event, read_events

pytestmark = pytest.mark.devices

ENGINES = ("--tts", "espeak", "--stt", "pocketsphinx", "--llm", "skills", "--vad", "silero")


TRIES = 3
"""The machine may be shared, and its card stall: that spoils a greeting."""


def greeted(card: SoundServer, home: Path, *expected: str) -> list[Event]:
    """The events of a conversation in which nobody speaks, which goes on with one of the `expected` modes."""
    for _ in range(TRIES):
        memory = home / "localvoice" / "devices.json"
        before = memory.read_text() if memory.exists() else ""
        events = conversation(card, home)
        if [event["duplex"] for event in warnings(events) if "duplex" in event and event["duplex"] in expected]:
            break
        memory.parent.mkdir(exist_ok=True)
        memory.write_text(before)
    return events


def conversation(card: SoundServer, home: Path) -> list[Event]:
    """Its events; nobody speaks."""
    events = home / "events.jsonl"
    words = ("talk", *ENGINES, "--idle-timeout", "3", "--events", str(events))
    process = subprocess.run(
        [sys.executable, "-m", "localvoice", *words],
        env={**card.environ, "XDG_STATE_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return read_events(events)


def warnings(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "warning" and event["code"] == "duplex"]


@pytest.mark.timeout(240)
def test_a_loudspeaker_that_is_too_loud_is_noticed_remembered_and_taken_back(card: SoundServer, tmp_path: Path) -> None:
    memory = tmp_path / "localvoice" / "devices.json"
    with LiveRoom(card, tmp_path, gain_db=26.0):
        events = greeted(card, tmp_path, "guarded", "half")
        assert events[0]["duplex"] == "full"
        (warning,) = warnings(events)
        mode = warning["duplex"]
        assert mode in {"guarded", "half"}
        assert "down" in warning["message"]
        (known,) = json.loads(memory.read_text())["pairs"]
        assert (known["mode"], known["source"]) == (mode, "greeting")
    with LiveRoom(card, tmp_path, gain_db=-15.0):
        events = greeted(card, tmp_path, "full")
    assert events[0]["duplex"] == mode
    said, taken_back = warnings(events)
    assert "duplex" not in said
    assert taken_back["duplex"] == "full"
    assert json.loads(memory.read_text())["pairs"] == []
