"""How a session ends: `session_ended` is the last line, nothing is left running, the exit code fits."""

from __future__ import annotations

import pytest

from localvoice.config import Config, SessionConfig
from localvoice.errors import ExitCode
from localvoice.session.conversation import SessionOptions
from localvoice.session.ending import EndedBy, Ending
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.virtual_time import Setting, Talk, hold, of, one

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."
CTRL_C = (EndedBy.INTERRUPT, ExitCode.INTERRUPTED)


def slow() -> Setting:
    return Setting(
        stt=FakeRecognizer("tell me a story", delay_s=0.5),
        llm=FakeChatModel(STORY, first_token_s=0.5, token_s=0.05),
        tts=FakeSynthesizer(delay_s=0.5),
    )


@pytest.mark.parametrize("at_s", [0.0, 0.5, 1.2, 1.9, 2.0, 2.4, 2.9, 3.3, 3.6, 3.7, 4.5, 8.0])
def test_ctrl_c_ends_the_session_within_a_second_wherever_it_is(at_s):
    async def user(talk: Talk) -> None:
        await talk.speak(min(at_s, 1.0))
        await talk.quiet(max(0.0, at_s - 1.0))
        talk.ended_s = talk.duplex.now_s()
        talk.session.end(*CTRL_C)
        await talk.quiet(60.0)

    talk = hold(user, slow())
    assert talk.code is ExitCode.INTERRUPTED
    assert talk.events[-1]["reason"] == "interrupt"
    assert talk.duplex.now_s() - talk.ended_s <= 0.05
    for started in of(talk.events, "reply_started"):
        assert one(talk.events, "reply_finished", turn=started["turn"])


@pytest.mark.parametrize("into_s", [0.05, 0.15, 0.3])
def test_ctrl_c_while_an_overlap_is_read_does_not_wait_for_the_recogniser(into_s):
    recognizer = FakeRecognizer("tell me a story", "mm-hm", delay_s=5.0)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(0.25)
        await talk.quiet(into_s)
        talk.ended_s = talk.duplex.now_s()
        talk.session.end(*CTRL_C)
        await talk.quiet(60.0)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY)))
    assert talk.duplex.now_s() - talk.ended_s <= 0.05


def test_the_first_reason_counts():
    async def user(talk: Talk) -> None:
        talk.session.end(EndedBy.ERROR, ExitCode.DEVICE)
        talk.session.end(*CTRL_C)

    assert hold(user).code is ExitCode.DEVICE


def test_a_reply_cut_by_the_end_is_told_as_far_as_it_was_heard():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        talk.session.end(*CTRL_C)

    talk = hold(user, Setting(llm=FakeChatModel(STORY)))
    finished = one(talk.events, "reply_finished")
    assert finished["interrupted"]
    assert finished["heard"] == "Once upon a time"


def test_once_ends_after_the_first_reply():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(60.0)

    talk = hold(user, Setting(options=SessionOptions(once=True)))
    kinds = [event["type"] for event in talk.events if event["type"] != "state"]
    assert kinds[-3:] == ["reply_finished", "turn_metrics", "session_ended"]
    assert talk.events[-1]["reason"] == "once"


def test_once_does_not_answer_what_interrupts():
    model = FakeChatModel(STORY)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(1.0)
        await talk.quiet(60.0)

    talk = hold(user, Setting(llm=model, options=SessionOptions(once=True)))
    assert one(talk.events, "barge_in")
    assert talk.events[-1]["reason"] == "once"
    assert len(model.histories) == 1


def test_once_waits_where_a_turn_was_dropped():
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("turn_dropped")
        await talk.ask()
        await talk.quiet(60.0)

    talk = hold(user, Setting(stt=FakeRecognizer("", "tell me more"), options=SessionOptions(once=True)))
    assert one(talk.events, "reply_finished")["turn"] == 2


def test_once_counts_a_rejected_utterance():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(60.0)

    setting = Setting(stt=FakeRecognizer("blah", rejected=True), options=SessionOptions(once=True))
    assert one(hold(user, setting).events, "reply_finished")["turn"] == 1


def test_a_file_ends_when_nothing_is_open():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)  # and the file ends with the last sound

    talk = hold(user, Setting(llm=FakeChatModel(STORY)))
    assert one(talk.events, "reply_finished")["heard"] == STORY
    assert talk.events[-1]["reason"] == "input_ended"


def test_a_file_that_ends_with_a_sound_the_session_has_not_seen_yet_is_heard_to_its_end():
    """Windows wait in the inbox while the loop is busy: the end of the file overtakes none of them."""

    async def user(talk: Talk) -> None:
        arrived, post = [], talk._inbox.post
        talk._inbox.post = arrived.append  # the loop hears nothing for a while
        await talk.quiet(0.5)
        await talk.speak(1.0)
        talk._microphone.ended = True
        await talk.quiet(0.1)
        talk._inbox.post = post
        for late in arrived:
            post(late)

    talk = hold(user)
    assert one(talk.events, "transcript")


def test_an_empty_file_ends_at_once():
    async def user(talk: Talk) -> None:
        pass

    talk = hold(user)
    assert [event["type"] for event in talk.events] == ["session_started", "state", "session_ended"]
    assert talk.duplex.now_s() < 0.1


def test_idle_timeout_counts_from_the_end_of_our_playback():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(120.0)

    config = Config(session=SessionConfig(idle_timeout_s=10.0))
    talk = hold(user, Setting(config=config, options=SessionOptions()))
    assert talk.events[-1]["reason"] == "idle"
    finished_s = one(talk.events, "reply_finished")["t"]
    assert 10.0 <= talk.events[-1]["t"] - finished_s <= 10.1


def test_idle_timeout_never_ends_an_open_turn():
    async def user(talk: Talk) -> None:
        await talk.speak(20.0)
        await talk.until("reply_finished")
        await talk.quiet(120.0)

    config = Config(session=SessionConfig(idle_timeout_s=5.0))
    setting = Setting(config=config, options=SessionOptions(), llm=FakeChatModel("Yes.", first_token_s=9.0))
    talk = hold(user, setting)
    assert one(talk.events, "reply_finished")
    assert talk.events[-1]["t"] - one(talk.events, "reply_finished")["t"] == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({}, None),
        ({"has_replied": True, "once": True}, EndedBy.ONCE),
        ({"wants_end": True}, None),
        ({"wants_end": True, "has_replied": True}, EndedBy.GOODBYE),
        ({"input_ended": True}, EndedBy.INPUT_ENDED),
        ({"idle_timeout_s": 5.0, "active_s": 90.0}, EndedBy.IDLE),
        ({"idle_timeout_s": 5.0, "active_s": 96.0}, None),
        ({"idle_timeout_s": 99.5}, EndedBy.IDLE),  # nobody has spoken since the start
        ({"idle_timeout_s": 0.0, "active_s": 0.0}, None),
    ],
)
def test_rules_of_the_end(known, reason):
    ending = Ending(**{"once": False, "idle_timeout_s": 0.0} | known)
    assert ending.reason(100.0, is_settled=True) is reason
    if reason is not EndedBy.ONCE:
        assert ending.reason(100.0, is_settled=False) is None
