"""What a listener that rests has to know: when the time alone changes something, and what happened beside its ears."""

from __future__ import annotations

import math

import pytest

from localvoice.config import Config, ReplyConfig, SessionConfig
from localvoice.session.conversation import SessionOptions
from localvoice.session.ending import Ending
from localvoice.turn.speech_gate import WINDOW_S
from tests.fakes import FakeChatModel, FakeRecognizer
from tests.virtual_time import Setting, Talk, hold, of, one


def test_a_session_that_waits_for_nothing_is_due_at_no_time() -> None:
    due: list[float] = []

    async def user(talk: Talk) -> None:
        due.append(talk.session.due_s)
        await talk.ask()
        await talk.until("reply_finished")
        due.append(talk.session.due_s)
        talk.session.end("interrupt")

    hold(user, Setting(options=SessionOptions()))
    assert due == [math.inf, math.inf]


def test_behind_our_question_it_is_due_when_the_silence_has_been_too_long_and_not_before() -> None:
    due: list[float] = []

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")
        due.append(talk.session.due_s)
        await talk.until("reply_started", origin="prompt")
        await talk.until("reply_finished")
        due.append(talk.session.due_s)
        talk.session.end("interrupt")

    config = Config(reply=ReplyConfig(silence_prompt_s=4.0))
    events = hold(
        user, Setting(llm=FakeChatModel("Would you like more?"), options=SessionOptions(), config=config)
    ).events
    assert due[0] == pytest.approx(one(events, "reply_finished", turn=1)["t"] + 4.0, abs=0.05)
    assert due[1] == math.inf


def test_it_is_due_when_nobody_has_done_anything_for_too_long() -> None:
    due: list[float] = []

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")
        await talk.quiet(1.0)
        due.append(talk.session.due_s)
        await talk.quiet(30.0)

    events = hold(
        user, Setting(options=SessionOptions(), config=Config(session=SessionConfig(idle_timeout_s=10.0)))
    ).events
    assert due == [pytest.approx(events[-1]["t"], abs=0.05)]


def test_without_a_timeout_inactivity_is_never_due() -> None:
    assert Ending(once=False, idle_timeout_s=0.0, active_s=5.0).idle_due_s == math.inf


def test_a_file_that_has_ended_is_due_at_once() -> None:
    due: list[float] = []

    async def user(talk: Talk) -> None:
        await talk.quiet(2.0)
        due.append(talk.session.due_s)
        talk._microphone.ended = True
        due.append(talk.session.due_s)

    hold(user)
    assert due[0] == math.inf
    assert due[1] == pytest.approx(2.0 - WINDOW_S, abs=WINDOW_S)


def test_what_is_typed_calls_whoever_waits_for_a_sound() -> None:
    called: list[bool] = []

    async def user(talk: Talk) -> None:
        talk._microphone.call = lambda: called.append(talk.session.is_idle)
        await talk.quiet(1.0)
        assert not called, "windows are what it has heard itself"
        talk.type("What time is it?")
        await talk.until("reply_finished")
        talk.session.end("interrupt")

    events = hold(user, Setting(options=SessionOptions())).events
    assert of(events, "turn_ended")
    assert called[0] is False, "by then nobody may rest"


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.02])
def test_a_timer_that_is_over_when_a_key_cuts_the_reply_rings_behind_the_cut(after_s: float) -> None:
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")
        await talk.ask()
        over_s = talk.session.due_s
        while talk.duplex.now_s() < over_s + after_s:
            await talk.quiet(0.001)
        talk.press_key()
        await talk.until("reply_started", origin="timer")
        await talk.quiet(2.0)

    heard = FakeRecognizer("set a timer for six seconds", "tell me a story", delay_s=0.05)
    talk = hold(user, Setting(stt=heard, llm=FakeChatModel("Once upon a time there was a fox. It had a key. " * 3)))
    assert one(talk.events, "reply_finished", interrupted=True)["turn"] == 2
    assert one(talk.events, "reply_started", origin="timer")["turn"] == 3
