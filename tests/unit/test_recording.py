"""What `--record` keeps of decisions and events; that it is enough to decide again stands in test_replay.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localvoice.errors import FileError
from localvoice.messages import Origin
from localvoice.recording import FORMAT, Recording
from localvoice.session.tape import Noted, Tape
from localvoice.turn.observations import SpeakRequested, Window


def read(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def told_nothing(code: str, message: str) -> None:
    raise AssertionError(code, message)


def test_nothing_is_created_before_the_start(tmp_path):
    folder = tmp_path / "kept"
    recording = Recording(folder, "x = 1\n", told_nothing)
    recording.check()
    recording.event({"type": "state"})
    recording.note(Noted(Window(1.0, 0.5)))
    recording.close()
    assert not folder.exists()
    recording.start({"input": "a.wav"})
    recording.event({"type": "state", "t": 0.0})
    recording.close()
    assert {path.name for path in folder.iterdir()} >= {"config.toml", "meta.json", "events.jsonl", "inputs.jsonl"}
    meta = json.loads((folder / "meta.json").read_text())
    assert (meta["input"], meta["format"]) == ("a.wav", FORMAT)
    assert (folder / "config.toml").read_text() == "x = 1\n"


def test_of_two_that_begin_at_once_one_records(tmp_path):
    first, second = (Recording(tmp_path, settings, told_nothing) for settings in ("x = 1\n", "x = 2\n"))
    first.check()
    second.check()
    first.start({})
    with pytest.raises(FileError, match="holds a recording already: name another folder"):
        second.start({})
    first.close()
    assert (tmp_path / "config.toml").read_text() == "x = 1\n"


def test_numbers_are_kept_unrounded(tmp_path):
    recording = Recording(tmp_path, "", told_nothing)
    recording.start({})
    recording.note(Noted(Window(0.1 + 0.2, 1 / 3)))
    recording.note(Noted(SpeakRequested(1.0, Origin.TIMER, "Ring"), (2, 0)))
    recording.close()
    window, asked = read(tmp_path / "inputs.jsonl")
    assert (window["at_s"], window["probability"]) == (0.1 + 0.2, 1 / 3)
    assert asked["origin"] == "timer"
    assert (asked["within"], "within" in window) == ([2, 0], False)


def test_what_is_seen_during_a_decision_is_noted_with_it():
    noted: list[Noted] = []
    tape = Tape(noted.append)
    window = Window(1.0, 0.5)
    tape.keep(window)
    for outer in tape.each("ab"):
        if outer == "b":
            tape.keep(window)
            for _ in tape.each("cd"):
                tape.keep(window)
    tape.keep(window)
    assert [one.within for one in noted] == [(), (1,), (1, 0), (1, 1), ()]


def test_an_event_that_a_decision_makes_is_no_input():
    noted: list[Noted] = []
    tape = Tape(noted.append)
    tape.hear({"type": "barge_in", "t": 1.0})
    tape.hear({"type": "transcript", "t": 1.0, "text": "so"})
    assert [one.seen.event["text"] for one in noted] == ["so"]


def test_a_folder_is_not_recorded_into_twice(tmp_path):
    (tmp_path / "events.jsonl").touch()
    with pytest.raises(FileError, match="another folder"):
        Recording(tmp_path, "", told_nothing).check()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_disk_that_is_full_ends_the_recording_and_nothing_else(tmp_path):
    (tmp_path / "inputs.jsonl").symlink_to("/dev/full")
    told: list[tuple[str, str]] = []
    recording = Recording(tmp_path, "", lambda *news: told.append(news))
    recording.start({})
    recording.event({"type": "state", "t": 0.0})
    recording.note(Noted(Window(1.0, 0.5)))
    recording.note(Noted(Window(2.0, 0.5)))
    recording.event({"type": "state", "t": 3.0})
    recording.close()
    [(code, message)] = told
    assert code == "recording_stopped"
    assert "no space left on device; free some space, or write elsewhere; the conversation goes on" in message
    assert [event["t"] for event in read(tmp_path / "events.jsonl")] == [0.0]


@pytest.mark.parametrize("name", ["config.toml", "meta.json", "inputs.jsonl", "mic.flac", "output.flac"])
def test_a_file_that_is_there_is_not_overwritten(tmp_path, name):
    (tmp_path / name).write_text("the user's")
    with pytest.raises(FileError, match=rf"holds a {name} already: name a new or empty folder"):
        Recording(tmp_path, "", told_nothing).check()
    (tmp_path / name).rename(tmp_path / "notes.txt")
    Recording(tmp_path, "", told_nothing).check()


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(FileError, match="folder"):
        Recording(path, "", told_nothing).check()


def test_a_place_that_cannot_be_written_is_found_before_anything_begins(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot write to"):
        Recording(tmp_path / "file" / "deep" / "kept", "", told_nothing).check()
    Recording(tmp_path / "deep" / "kept", "", told_nothing).check()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_noted_is_raised_once():
    def full(_: Noted) -> None:
        raise FileError("the disk is full")

    tape = Tape(full)
    with pytest.raises(FileError):
        tape.keep(Window(1.0, 0.5))
    tape.keep(Window(2.0, 0.5))  # the session can tell its end
