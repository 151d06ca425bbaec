"""A conversation decided again from what was noted of it gives the same events."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer

from localvoice.commands.replay import replay
from localvoice.config import Config, ReplyConfig, TurnConfig, VadConfig
from localvoice.config_sources import LoadedConfig
from localvoice.config_text import show_lines
from localvoice.errors import FileError
from localvoice.messages import SpeechChunk
from localvoice.recording import Recording
from localvoice.replay.again import decided_again
from localvoice.replay.differing import differences
from localvoice.replay.folder import Recorded, read_folder
from localvoice.replay.turns import turns_of
from localvoice.session.conversation import SessionOptions
from localvoice.session.facts import ReplyOver
from localvoice.session.phrases import LET_ME_THINK
from localvoice.turn.observations import Window
from tests.fakes import FakeChatModel, FakeTurnDetector
from tests.scenarios import Listener, perform
from tests.virtual_time import Setting, Talk, hold, of

SCENARIO = """
    say tell me a story ... 0.7 ... about a fox
    until first_audio
    wait 0.5
    say mm-hm
    wait 0.9
    say no wait tell me another one
    until first_audio
    wait 0.3
    key
    wait 1.0
    type and one that is typed
    wait 6.0
    cough 0.06
    wait 0.5
    say what time is it
    wait 5.0
    say set a timer for two seconds
    wait 9.0
"""
STORY = "Once there was a fox. It lived in a wood, and slept all day long."


def conversation(setting: Setting | None = None, scenario: str = SCENARIO) -> Talk:
    listener = Listener()

    async def user(talk: Talk) -> None:
        for step in filter(None, map(str.strip, scenario.splitlines())):
            await perform(talk, step, listener)

    given = setting or Setting(llm=FakeChatModel(STORY, first_token_s=0.8))
    return hold(user, replace(given, stt=listener))


def recorded(talk: Talk, folder: Path) -> Recorded:
    settings = "\n".join(show_lines(LoadedConfig(Config(), {}, ())))
    recording = Recording(folder, settings, lambda *_: None)
    recording.start({})
    for event in talk.events:
        recording.event(event)
    for noted in talk.noted:
        recording.note(noted)
    recording.close()
    return read_folder(folder)


def again(kept: Recorded) -> list:
    return decided_again(kept.config, kept.began, kept.noted)


def test_a_conversation_gives_the_same_events_again(tmp_path):
    talk = conversation()
    kinds = {event["type"] for event in talk.events}
    assert kinds >= {"turn_resumed", "false_alarm", "barge_in", "tool", "turn_metrics", "session_ended"}, kinds
    kept = recorded(talk, tmp_path / "kept")
    assert again(kept) == list(kept.events) == json.loads(json.dumps(talk.events))
    assert kept.is_whole


@pytest.mark.parametrize(
    "setting",
    [
        Setting(config=Config(turn=TurnConfig(overlap="duck"))),
        Setting(options=SessionOptions(ends_with_input=True, can_barge_in=False)),
        Setting(ear=FakeTurnDetector(0.9, 0.1)),
        Setting(tts=None),
        Setting(llm=FakeChatModel(RuntimeError("out of order"), "It works again, for a while at least.")),
        Setting(
            llm=FakeChatModel("A slow answer.", first_token_s=2.0),
            phrases={LET_ME_THINK: SpeechChunk(LET_ME_THINK, np.full(8000, 0.1, np.float32), 16_000)},
            config=Config(reply=ReplyConfig(filler_after_ms=500)),
        ),
    ],
    ids=["duck", "half-duplex", "turn-detector", "no-voice", "failing", "slow"],
)
def test_whatever_the_setting_the_same_events_follow(setting: Setting):
    scenario = """
        say tell me a story ... 0.3 ... about a fox
        wait 1.2
        say and another one
        wait 4.0
    """
    talk = conversation(setting, scenario)
    made = decided_again(setting.config, talk.noted[0].seen, talk.noted[1:])
    assert json.loads(json.dumps(made)) == json.loads(json.dumps(talk.events))


def test_a_threshold_that_was_stricter_than_the_setting_is_strict_again():
    scenario = """
        say tell me a story
        until first_audio
        murmur 0.3
        wait 6.0
    """
    strict = Config(vad=VadConfig(duck_threshold=0.45))
    talk = conversation(Setting(llm=FakeChatModel(STORY), config=strict), scenario)
    assert not of(talk.events, "overlap_started")
    made = decided_again(Config(), talk.noted[0].seen, talk.noted[1:])
    assert json.loads(json.dumps(made)) == json.loads(json.dumps(talk.events))
    lenient = replace(talk.noted[0].seen, duck_threshold=0.3)
    assert of(decided_again(Config(), lenient, talk.noted[1:]), "overlap_started")


def test_another_probability_decides_otherwise(tmp_path):
    kept = recorded(conversation(), tmp_path / "kept")
    silent = [
        replace(one, seen=replace(one.seen, probability=0.0))
        if isinstance(one.seen, Window) and one.seen.at_s < 1.0
        else one
        for one in kept.noted
    ]
    made = decided_again(kept.config, kept.began, silent)
    found = differences(kept.events, made)
    assert found
    assert found[0].turn == 0 or found[0].turn == 1
    assert {one.type for one in found} & {"speech_started", "turn_ended"}


def test_latencies_are_reckoned_from_the_decision_made_now(tmp_path):
    kept = recorded(conversation(), tmp_path / "kept")
    made = decided_again(replace(kept.config, turn=TurnConfig(silence_ms=300, sure_ms=300)), kept.began, kept.noted)
    changed = [one for one in differences(kept.events, made) if one.type == "turn_metrics"]
    assert any("stages.endpoint_ms" in one.fields for one in changed)


def test_every_difference_is_told_once_with_its_turn(tmp_path):
    events = again(recorded(conversation(), tmp_path / "kept"))
    lost = next(at for at, event in enumerate(events) if event["type"] == "barge_in")
    altered = [dict(event) for event in events]
    altered[lost + 3]["t"] += 0.5
    turn = altered.pop(lost)["turn"]
    missing, changed = differences(events, altered)
    assert (missing.kind, missing.type, missing.turn) == ("missing", "barge_in", turn)
    assert changed.kind == "changed"
    assert list(changed.fields) == ["t"]
    assert "barge_in was recorded" in missing.told()
    assert [one.kind for one in differences(altered, events)] == ["new", "changed"]


def test_the_last_digit_is_no_difference():
    one = {"type": "state", "t": 1.0, "stages": {"stt_ms": 5.0}, "list": [1.0]}
    assert differences([one], [{"type": "state", "t": 1.0004, "stages": {"stt_ms": 5.0004}, "list": [1.0004]}]) == []
    (found,) = differences([one], [{"type": "state", "t": 1.0, "stages": {"stt_ms": 5.1}, "list": [1.0]}])
    assert found.fields == {"stages.stt_ms": (5.0, 5.1)}


def test_a_killed_session_is_read_up_to_its_last_whole_line(tmp_path):
    folder = recorded(conversation(), tmp_path / "kept").folder
    for name in ("events.jsonl", "inputs.jsonl"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
    kept = read_folder(folder)
    assert not kept.is_whole
    made = again(kept)
    shared = min(len(made), len(kept.events))
    assert shared > 5
    assert made[:shared] == list(kept.events[:shared])


def test_an_event_that_lacks_what_is_told_of_it_is_one_line():
    with pytest.raises(FileError, match=r"transcript at 2\.5 s is damaged: record the session again"):
        turns_of([{"type": "transcript", "t": 2.5, "turn": 1}])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("meta.json", None, "holds no recording"),
        ("meta.json", "{", "damaged"),
        ("meta.json", '{"format": 1, "version": "0.1"}', "format 1 of localvoice 0.1, this version replays format 2"),
        ("meta.json", '{"format": 99}', "newer version"),
        ("inputs.jsonl", None, "missing"),
        ("inputs.jsonl", "", "lost its beginning"),
        ("inputs.jsonl", "nonsense\n", "line 1 is damaged"),
        ("inputs.jsonl", '{"type": "Unheard", "at_s": 1}\n', "line 1 cannot be understood"),
        ("inputs.jsonl", '{"type": "Window", "at": 1}\n', "line 1 cannot be understood"),
        ("events.jsonl", "", "no event"),
        ("events.jsonl", "[1]\n", "damaged"),
        ("events.jsonl", '{"type": "state", "from": "idle"}\n', "line 1 is damaged"),
        ("events.jsonl", '{"type": "state", "t": "soon"}\n', "line 1 is damaged"),
        ("events.jsonl", '{"type": "transcript", "t": 1, "turn": "one"}\n', "line 1 is damaged"),
        ("config.toml", None, "missing"),
        ("config.toml", "turn.patienc = 1\n", "does not fit"),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_line(tmp_path, name, content, says):
    folder = recorded(conversation(), tmp_path / "kept").folder
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(FileError, match=says) as raised:
        read_folder(folder)
    assert "\n" not in str(raised.value)


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_folder(tmp_path / "nothing")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="is a file"):
        read_folder(tmp_path / "file")


def test_engine_results_are_kept_with_their_times():
    talk = conversation()
    over = [one.seen for one in talk.noted if isinstance(one.seen, ReplyOver)]
    assert [one.turn for one in over] == [event["turn"] for event in of(talk.events, "reply_finished")]
    assert {"transcript", "first_token", "first_speech", "first_audio"} <= set(over[0].times)


def test_what_a_recogniser_says_stands_among_the_inputs():
    talk = conversation()
    told = {one.seen.event["type"] for one in talk.noted if hasattr(one.seen, "event")}
    assert {"transcript", "sentence", "reply_started", "tool", "session_started"} <= told
    assert not told & {"turn_ended", "barge_in", "state"}


def test_a_recording_of_somebody_else_cannot_act_on_the_terminal(tmp_path, capsys):
    recorded(conversation(), tmp_path)
    events = (tmp_path / "events.jsonl").read_text(encoding="utf-8")
    (tmp_path / "events.jsonl").write_text(events.replace("tell me a story", "\\u001b[2Jhello"), encoding="utf-8")
    with pytest.raises(typer.Exit):
        replay(tmp_path)
    told = capsys.readouterr().out
    assert " [2Jhello" in told
    assert "\x1b" not in told
