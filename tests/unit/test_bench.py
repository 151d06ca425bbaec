"""The benchmark's dialogue, what is measured of it, and what is made of the figures."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from localvoice.audio.samples import AUDIBLE, SPEECH_RATE_HZ, Samples, silence
from localvoice.bench.dialogue import Dialogue, Line, Said
from localvoice.bench.field import TEXT, word_errors, words_of
from localvoice.bench.measuring import Played, measured
from localvoice.bench.picture import waterfall
from localvoice.bench.report import show
from localvoice.bench.result import Load, changes, read_result, result
from localvoice.config import Config
from localvoice.errors import FileError

BLOCK = SPEECH_RATE_HZ // 100
RATE_HZ = 48_000
STAGES = ("endpoint_ms", "stt_ms", "llm_first_token_ms", "llm_first_sentence_ms", "tts_first_audio_ms", "playback_ms")
ABOUT = {
    "version": "0.1.0",
    "date": "2026-11-21",
    "machine": {"processor": "a test", "cores": 2},
    "engines": {"stt": "one", "llm": "two", "tts": "three", "vad": "silero", "turn": "words"},
    "starters": [],
    "rounds": 1,
}


def sound(seconds: float) -> Samples:
    """A voice with 50 ms of silence at both ends."""
    rim = silence(SPEECH_RATE_HZ // 20)
    return np.concatenate((rim, np.full(round(seconds * SPEECH_RATE_HZ), 0.1, np.float32), rim))


def said(text: str, *, over: bool = False) -> Said:
    return Said(Line(text, over), sound(0.5))


def dialogue(*lines: Said, commands: tuple[Said, ...] = ()) -> Dialogue:
    return Dialogue(lines, commands, lambda *_: None)


def listen(talk: Dialogue, seconds: float) -> Samples:
    return np.concatenate([talk.read(BLOCK) for _ in range(round(seconds * 100))])


def started(**engines: str) -> dict:
    return {"type": "session_started", "t": 0.0, "engines": {"stt": "a", "llm": "b", "tts": "c", **engines}}


def finished(*, interrupted: bool = False) -> dict:
    return {"type": "reply_finished", "interrupted": interrupted}


def test_a_line_waits_for_the_answer_to_the_one_before():
    first, second = said("one"), said("two")
    talk = dialogue(first, second)
    heard = listen(talk, 5.0)
    audible = np.flatnonzero(np.abs(heard) > AUDIBLE)
    assert (audible[0], audible[-1] + 1) == (first.onset, first.end)
    assert second.onset < 0
    talk.hear(finished())
    listen(talk, 2.0)
    assert second.onset > 5.0 * SPEECH_RATE_HZ
    assert not talk.ended
    talk.hear(finished())
    listen(talk, 2.0)
    assert talk.ended


def test_a_line_over_a_reply_is_said_while_it_sounds():
    first, over = said("one"), said("two", over=True)
    talk = dialogue(first, over)
    listen(talk, 2.0)
    talk.hear({"type": "first_audio"})
    listen(talk, 2.0)
    assert 3.0 < over.onset / SPEECH_RATE_HZ < 3.2
    talk.hear(finished(interrupted=True))
    listen(talk, 3.0)
    assert not talk.ended, "the interrupted reply is not the answer"
    talk.hear(finished())
    listen(talk, 1.0)
    assert talk.ended


def test_without_an_answer_the_dialogue_goes_on():
    first, second = said("one"), said("two")
    talk = dialogue(first, second)
    listen(talk, 45.0)
    assert second.onset > 0


def test_starters_get_the_lines_that_they_know():
    questions, commands = (said("why"),), (said("time"),)
    for engines, lines in (({"llm": "skills"}, commands), ({"stt": "pocketsphinx"}, commands), ({}, questions)):
        talk = dialogue(*questions, commands=commands)
        talk.hear(started(**engines))
        assert [one.line for one in talk.lines] == [one.line for one in lines]


def placed(line: Line, start_s: float) -> Said:
    one = Said(line, sound(1.0))
    one.place(round(start_s * SPEECH_RATE_HZ))
    return one


def two_sides() -> tuple[list[Said], list[dict], Played]:
    """A question at 1 s, its answer from 2.8 s, cut by a line at 4 s; its answer from 5.6 s."""
    lines = [placed(Line("why"), 1.0), placed(Line("wait", is_over=True), 4.0)]
    played = silence(9 * RATE_HZ)
    for start_s, end_s in ((2.8, 4.12), (5.6, 7.0)):
        played[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] = 0.1
    stages = dict.fromkeys(STAGES, 0.0)
    metrics = {"stages": stages | {"endpoint_ms": 600.0, "total_ms": 600.0}}
    events = [
        {"type": "speech_started", "t": 1.0},
        {"type": "turn_ended", "t": 2.6, "turn": 1, "silence_ms": 600.0, "reason": "silence"},
        {"type": "transcript", "t": 2.6, "turn": 1, "text": "why", "rejected": False},
        {"type": "reply_started", "t": 2.79, "turn": 1, "origin": "user"},
        {"type": "first_audio", "t": 2.8, "turn": 1, "latency_ms": 800.0},
        {"type": "speech_started", "t": 4.0},
        {"type": "overlap_started", "t": 4.0, "turn": 1, "action": "pause"},
        {"type": "barge_in", "t": 4.3, "turn": 1, "detect_ms": 300.0, "cut_ms": 0.0, "stop_ms": 120.0},
        {"type": "reply_finished", "t": 4.3, "turn": 1, "text": "a b", "heard": "a", "interrupted": True},
        {"type": "turn_metrics", "t": 4.3, "turn": 1, **metrics},
        {"type": "turn_ended", "t": 5.5, "turn": 2, "silence_ms": 400.0, "reason": "complete"},
        {"type": "transcript", "t": 5.5, "turn": 2, "text": "wait", "rejected": False},
        {"type": "reply_started", "t": 5.59, "turn": 2, "origin": "user"},
        {"type": "first_audio", "t": 5.6, "turn": 2, "latency_ms": 500.0},
        {"type": "reply_finished", "t": 7.0, "turn": 2, "text": "c", "heard": "c", "interrupted": False},
        {"type": "turn_metrics", "t": 7.0, "turn": 2, **metrics},
    ]
    return lines, events, Played(played, RATE_HZ)


def test_waits_and_stops_are_measured_in_the_sound():
    found = measured(*two_sides())
    assert [one.turn for one in found.answers] == [1, 2]
    assert [one.measured_ms for one in found.answers] == pytest.approx([750.0, 550.0], abs=1), "2.8-2.05, 5.6-5.05"
    (cut,) = found.interruptions
    assert cut.measured_ms == pytest.approx(70.0, abs=1), "4.05 to 4.12"
    assert cut.stop_ms == 120.0
    assert found.unanswered == ()


def test_a_line_without_an_answer_is_named():
    lines, events, played = two_sides()
    found = measured(lines, [event for event in events if event.get("turn") != 2], played)
    assert found.unanswered == ("wait",)
    assert len(found.interruptions) == 1


def test_a_backchannel_over_a_reply_is_no_question():
    lines, events, played = two_sides()
    alarm = {"type": "false_alarm", "t": 4.9, "turn": 1, "reason": "backchannel", "resumed_ms": 900.0}
    events = [alarm if event["type"] == "barge_in" else event for event in events if event.get("turn") != 2]
    found = measured(lines, events, played)
    assert [one.reason for one in found.false_alarms] == ["backchannel"]
    assert found.unanswered == ()


def made(**stages: float) -> dict:
    found = measured(*two_sides())
    answers = tuple(replace(one, stages=one.stages | stages) for one in found.answers)
    return result(replace(found, answers=answers), Load(10.0, 2.0, 200.0), ABOUT, Config())


def test_a_result_holds_percentiles_load_and_every_line():
    found = made()
    assert found["stages"]["endpoint_ms"] == {"p50": 600.0, "p95": 600.0}
    assert found["end_to_end_ms"]["p95"] == pytest.approx(750.0, abs=1)
    assert found["cpu"] == {"seconds": 2.0, "cores": 0.2}
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("stage", "ms", "word"),
    [
        ("stt_ms", 251.0, "Recogniser"),
        ("llm_first_token_ms", 301.0, "First token"),
        ("tts_first_audio_ms", 151.0, "First speech"),
    ],
)
def test_a_stage_above_its_threshold_gets_advice(stage: str, ms: float, word: str):
    assert any(line.startswith(word) for line in made(**{stage: ms})["advice"])
    assert not any(line.startswith(word) for line in made(**{stage: ms - 1})["advice"])


def test_what_takes_longest_is_named_with_its_cure():
    (line,) = made()["advice"]
    assert "target is 500" in line
    assert "smart-turn" in line
    budget = replace(Config(), session=replace(Config().session, latency_budget_ms=520))
    over = result(measured(*two_sides()), Load(1, 1, 1), ABOUT, budget)
    assert "over your budget of 520 ms" in over["advice"][0]


def test_changes_beyond_chance_are_marked():
    old, new = made(stt_ms=100.0), made(stt_ms=130.0)
    told = {one.title: one.told for one in changes(old, new)}
    assert told["Recogniser p50"] == "slower"
    assert told["End of turn p50"] == ""
    assert {one.title: one.told for one in changes(new, old)}["Recogniser p95"] == "faster"
    assert not any(one.is_real for one in changes(old, made(stt_ms=109.0)))


def test_where_only_the_worst_answer_has_changed_that_is_what_is_shown(capsys):
    old = made(stt_ms=100.0)
    new = made(stt_ms=100.0)
    new["stages"]["stt_ms"] = {"p50": 104.0, "p95": 60.0}
    new["stages"]["playback_ms"] = {"p50": 90.0, "p95": 90.0}
    show(new, list(changes(old, new)))
    lines = {line.split("  ")[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["Recogniser"].endswith("95 % faster")
    assert lines["Playback"].rstrip().endswith("  slower")


def test_the_picture_is_whole_and_has_a_bar_for_every_stage_that_took_time():
    found = made(stt_ms=100.0, llm_first_token_ms=50.0)
    found["answers"][0]["text"] = "less < more & more"
    root = ET.fromstring(waterfall(found))  # noqa: S314 - our own picture
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles.count("Recogniser: 100 ms") == 3, "two answers and the median"
    assert "Playback: 0 ms" not in titles


def test_the_same_picture_as_a_png(tmp_path):
    pytest.importorskip("matplotlib", reason="in the extra dev")
    from localvoice.bench.picture_png import draw

    draw(made(stt_ms=100.0), tmp_path / "waits.png")
    assert (tmp_path / "waits.png").read_bytes().startswith(b"\x89PNG")


def test_an_older_result_is_read_back(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(made()))
    assert read_result(path) == made()


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "no file"), ("{", "no result"), ("[]", "no result"), ('{"format": 1}', "no result")],
)
def test_what_is_no_result_is_one_line(tmp_path, text, says):
    path = tmp_path / "old.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FileError, match=says):
        read_result(path)
    path.write_text(json.dumps(made() | {"format": 7}))
    with pytest.raises(FileError, match="format 7"):
        read_result(path)


def test_word_errors_are_the_fewest_changes():
    said = words_of("The Sun shone out warmly.")
    assert word_errors(said, words_of("the sun, shone out: warmly")) == 0
    assert word_errors(said, words_of("the son shone warmly too")) == 3
    assert word_errors(said, []) == len(said) == 5
    assert word_errors([], said) == 5
    assert len(words_of(TEXT)) == 113


@pytest.mark.parametrize("columns", ["20", ""])
def test_for_a_program_no_line_is_broken(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    old, new = made(stt_ms=100.0), made(stt_ms=130.0)
    show(new, list(changes(old, new)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "one + two + three on 2 cores of a test"
    assert next(line for line in lines if line.startswith("Recogniser")).split()[1:5] == ["130", "130", "100", "100"]
