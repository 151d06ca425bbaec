"""Events become a view: what is shown follows from what was told, and from nothing else."""

from __future__ import annotations

from math import inf

import pytest

from localvoice.ui.live.lines import Typing, frame
from localvoice.ui.live.view import FLASH_S, View

STARTED = {
    "type": "session_started",
    "t": 0.0,
    "engines": {"stt": "pocketsphinx", "llm": "skills", "tts": "espeak"},
    "starters": ["pocketsphinx", "skills", "espeak"],
    "offline": "sealed",
    "duplex": "full",
    "input": "default device",
    "output": "default device",
}


def view(*events: dict, now_s: float = 0.0) -> View:
    seen = View()
    for event in ({**STARTED}, *events):
        seen.take({"t": 0.0} | event, now_s)
    return seen


def text(seen: View) -> list[str]:
    return ["".join(part for part, _ in line) for line in seen.finished]


def reply(turn: int, said: str, heard: str) -> dict:
    return {"type": "reply_finished", "turn": turn, "text": said, "heard": heard, "interrupted": said != heard}


def test_a_partial_grows_until_the_transcript_replaces_it():
    seen = view({"type": "partial", "turn": 1, "text": "what is se", "stable": "what is"})
    assert (seen.user.text, seen.user.stable) == ("what is se", 7)
    seen.take({"type": "transcript", "turn": 1, "text": "what is seven", "engine": "pocketsphinx"}, 0.0)
    assert (seen.user.text, seen.user.stable) == ("what is seven", 13)
    assert not seen.finished


def test_words_that_were_resumed_are_not_told_twice():
    heard = {"type": "transcript", "turn": 1, "text": "what is", "engine": "pocketsphinx"}
    seen = view(heard, {"type": "turn_resumed", "turn": 1}, heard | {"text": "what is seven"})
    seen.take({"type": "reply_started", "turn": 1, "origin": "user"}, 0.0)
    assert text(seen) == ["you: what is seven"]


def test_a_dropped_turn_leaves_nothing_but_a_remark():
    seen = view(
        {"type": "partial", "turn": 1, "text": "uh", "stable": ""},
        {"type": "turn_dropped", "turn": 1, "reason": "nothing_said"},
    )
    assert (seen.user.text, seen.finished) == ("", [])
    assert "nothing said" in seen.flash[0]


def test_words_that_were_not_understood_say_so():
    seen = view({"type": "transcript", "turn": 1, "text": "", "engine": "pocketsphinx", "rejected": True})
    seen.take({"type": "reply_started", "turn": 1, "origin": "user"}, 0.0)
    assert text(seen) == ["you: (not understood)"]


def test_what_was_not_heard_of_a_reply_is_dim():
    seen = view({"type": "reply_started", "turn": 1, "origin": "user"}, reply(1, "One two three.", "One two"))
    [line] = seen.finished
    assert line == [("localvoice: ", "name"), ("One two", ""), (" three.", "unsaid"), (" —", "dim")]


def test_a_question_without_an_answer_is_told_all_the_same():
    asked = {"type": "transcript", "turn": 1, "text": "alpha", "engine": "typed"}
    seen = view(asked, {"type": "transcript", "turn": 2, "text": "beta", "engine": "typed"})
    seen.take({"type": "reply_started", "turn": 2, "origin": "user"}, 0.0)
    assert text(seen) == ["you: alpha", "you: beta"]


def test_a_reply_follows_the_voice():
    seen = view({"type": "reply_started", "turn": 1, "origin": "user"})
    seen.follow(1, "One two three.", 7)
    assert (seen.reply.text, seen.reply.heard) == ("One two three.", 7)


def test_without_a_voice_what_was_handed_over_counts_as_heard():
    seen = view({"type": "reply_started", "turn": 1, "origin": "user"})
    for sentence in ("One.", "Two."):
        seen.take({"type": "sentence", "turn": 1, "text": sentence}, 0.0)
    assert (seen.reply.text, seen.reply.heard) == ("One. Two.", 9)


@pytest.mark.parametrize("outcome", [{"type": "false_alarm", "reason": "backchannel", "resumed_ms": 420.4}, None])
def test_an_overlap_shows_until_it_is_decided(outcome):
    seen = view({"type": "overlap_started", "turn": 1, "action": "duck"})
    assert seen.hold == "duck"
    if outcome is None:
        seen.take({"type": "state", "from": "overlap", "to": "user_speaking"}, 0.0)
    else:
        seen.take({"turn": 1} | outcome, 0.0)
        assert seen.flash == ("false alarm: backchannel, went on after 420 ms", "warn")
    assert not seen.hold


def test_a_remark_passes():
    seen = view({"type": "barge_in", "turn": 1, "stop_ms": 61.0}, now_s=10.0)
    seen.pass_time(10.0 + FLASH_S - 0.1)
    assert seen.flash[0] == "you took the turn: silent after 61 ms"
    seen.pass_time(10.0 + FLASH_S)
    assert not seen.flash[0]


def test_a_remark_may_stand_until_another_one_takes_its_place():
    view = View()
    view.say("loading piper", "dim", 1.0, inf)
    view.pass_time(100.0)
    assert view.flash == ("loading piper", "dim")
    view.say("", "", 100.0)
    assert view.flash == ("", "")


def test_a_provider_that_took_over_is_the_one_in_use():
    seen = view({"type": "provider_changed", "stage": "llm", "from": "skills", "to": "groq", "reason": "you chose it"})
    assert seen.session["engines"]["llm"] == "groq"
    assert text(seen) == ["(llm: groq instead of skills: you chose it)"]


@pytest.mark.parametrize(
    ("stage", "to", "mark"), [("stt", "pocketsphinx", "°"), ("llm", "groq", "*"), ("tts", "piper", "")]
)
def test_who_takes_over_is_marked_for_what_it_is(stage, to, mark):
    seen = view({"type": "provider_changed", "stage": stage, "from": "x", "to": to, "reason": "it failed"})
    seen.session = seen.session | {"starters": seen.session["starters"][3:]}
    text = "".join(part for line in frame(seen, Typing(), 99, 23).lines for part, _ in line)
    assert f" {to}{mark}  " in text


def test_cost_adds_up_and_only_answers_have_a_latency():
    stages = {"endpoint_ms": 200.0, "total_ms": 200.0}
    seen = view({"type": "reply_started", "turn": 1, "origin": "greeting"})
    seen.take({"type": "turn_metrics", "turn": 1, "stages": {"total_ms": 0.0}, "cost_usd": 0.001}, 0.0)
    assert not seen.metrics
    seen.take({"type": "reply_started", "turn": 2, "origin": "user"}, 0.0)
    seen.take({"type": "turn_metrics", "turn": 2, "stages": stages, "cost_usd": 0.002}, 0.0)
    assert seen.metrics == stages
    assert seen.cost_usd == pytest.approx(0.003)


def test_warnings_stay():
    seen = view({"type": "warning", "code": "duplex", "message": "speak up", "duplex": "guarded"})
    assert text(seen) == ["warning: speak up"]
    assert seen.session["duplex"] == "guarded"


def test_the_microphone_shows_whether_it_hears():
    seen = view({"type": "microphone", "muted": True})
    assert seen.sound.is_muted
    seen.take({"type": "microphone", "muted": False}, 0.0)
    assert not seen.sound.is_muted


def test_events_of_a_later_version_are_ignored():
    before, after = view(), view({"type": "mood", "turn": 1})
    assert before == after
