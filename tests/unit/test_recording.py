"""What `--record` keeps is enough to decide again."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from localvoice.config import Config
from localvoice.errors import FileError
from localvoice.messages import Origin
from localvoice.recording import Recording
from localvoice.turn import observations as kinds
from localvoice.turn.observations import Observation, SpeakRequested, Window
from localvoice.turn.taking import TurnTaking
from tests.fakes import FakeChatModel, FakeRecognizer
from tests.virtual_time import Setting, Talk, hold


def read(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def observed(line: dict) -> Observation:
    kind = getattr(kinds, line.pop("type"))
    if "origin" in {field.name for field in fields(kind)}:
        line["origin"] = Origin(line["origin"])
    return kind(**line)


def test_a_recorded_conversation_is_decided_the_same_way_again(tmp_path):
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.4)
        await talk.speak(0.2)
        await talk.until("false_alarm")
        talk.type("typed")
        await talk.until("reply_finished", turn=2)

    setting = Setting(stt=FakeRecognizer("tell me a story", "mm-hm"), llm=FakeChatModel("A rather long answer it is."))
    talk = hold(user, setting)
    recording = Recording(tmp_path / "kept", "")
    recording.start({})
    for seen in talk.seen:
        recording.observation(seen)
    recording.close()
    lines = read(tmp_path / "kept" / "inputs.jsonl")
    assert [observed(dict(line)) for line in lines] == talk.seen
    first, again = TurnTaking(Config()), TurnTaking(Config())
    assert [first.step(seen) for seen in talk.seen] == [again.step(observed(dict(line))) for line in lines]
    assert lines[-1]["type"] == "Closing", "the end belongs to it"


def test_nothing_is_created_before_the_start(tmp_path):
    folder = tmp_path / "kept"
    recording = Recording(folder, "x = 1\n")
    recording.check()
    recording.event({"type": "state"})
    recording.observation(Window(1.0, 0.5))
    recording.close()
    assert not folder.exists()
    recording.start({"input": "a.wav"})
    recording.event({"type": "state", "t": 0.0})
    recording.close()
    assert {path.name for path in folder.iterdir()} >= {"config.toml", "meta.json", "events.jsonl", "inputs.jsonl"}
    assert json.loads((folder / "meta.json").read_text())["input"] == "a.wav"
    assert (folder / "config.toml").read_text() == "x = 1\n"


def test_numbers_are_kept_unrounded(tmp_path):
    recording = Recording(tmp_path, "")
    recording.start({})
    recording.observation(Window(0.1 + 0.2, 1 / 3))
    recording.observation(SpeakRequested(1.0, Origin.TIMER, "Ring"))
    recording.close()
    window, asked = read(tmp_path / "inputs.jsonl")
    assert (window["at_s"], window["probability"]) == (0.1 + 0.2, 1 / 3)
    assert asked["origin"] == "timer"


def test_a_folder_is_not_recorded_into_twice(tmp_path):
    (tmp_path / "events.jsonl").touch()
    with pytest.raises(FileError, match="another folder"):
        Recording(tmp_path, "").check()


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(FileError, match="folder"):
        Recording(path, "").check()
