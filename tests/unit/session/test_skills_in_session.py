"""Skills and what they change: timers that ring by voice, goodbye, starting over, loudness; tools of the model."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.config import Config, SkillsConfig
from localvoice.llm.skills import SkillsModel
from localvoice.messages import Role, ToolCall
from localvoice.session.conversation import SessionOptions
from localvoice.skills.catalog import Skills
from tests.fakes import FakeChatModel, FakeRecognizer
from tests.virtual_time import Setting, Talk, hold, of, one

DEVICES = SessionOptions()


def kinds(talk: Talk) -> list[str]:
    return [
        event["type"] for event in talk.events if event["type"] not in {"state", "speech_started", "speech_stopped"}
    ]


def test_a_skill_answers_before_the_model():
    model = FakeChatModel("never")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=FakeRecognizer("what is seven plus eight"), llm=model))
    assert one(talk.events, "tool")["result"] == "15"
    assert one(talk.events, "reply_started")["engine"] == "skills"
    assert not model.histories


def test_without_the_fast_path_the_model_answers():
    model = FakeChatModel("Fifteen.")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    config = Config(skills=SkillsConfig(fast_path=False))
    talk = hold(user, Setting(stt=FakeRecognizer("what is seven plus eight"), llm=model, config=config))
    assert not of(talk.events, "tool")
    assert one(talk.events, "reply_finished")["text"] == "Fifteen."


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what is seven plus eight", "Seven plus eight is 15."),
        ("set a timer for five minutes", "Timer set for 5 minutes."),
    ],
)
def test_where_the_starter_stands_for_the_model_skills_answer_in_their_own_words(question, answer):
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    config = Config(skills=SkillsConfig(fast_path=False))
    talk = hold(user, Setting(stt=FakeRecognizer(question), llm=SkillsModel(Skills()), config=config))
    assert one(talk.events, "reply_finished")["text"] == answer
    assert len(of(talk.events, "tool")) == 1


def test_a_timer_rings_by_voice_under_a_number_of_its_own():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_started", origin="timer")
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=FakeRecognizer("set a timer for ten seconds"), options=DEVICES, config=idle(5)))
    rings = one(talk.events, "reply_started", origin="timer")
    set_s = one(talk.events, "tool")["t"]
    assert rings["turn"] == 2
    assert rings["t"] - set_s == pytest.approx(10.0, abs=0.15)
    assert not of(talk.events, "transcript", turn=2)
    assert one(talk.events, "first_audio", turn=2)["latency_ms"] is None
    assert "timer" in one(talk.events, "reply_finished", turn=2)["text"]
    assert talk.events[-1]["turns"] == 1


def idle(seconds: float) -> Config:
    from localvoice.config import SessionConfig

    return Config(session=SessionConfig(idle_timeout_s=seconds + 10))


def test_a_timer_waits_until_the_user_has_been_answered():
    recognizer = FakeRecognizer("set a timer for five seconds", "tell me more")

    async def user(talk: Talk) -> None:
        await talk.ask()
        set_s = one(talk.events, "tool")["t"]
        await talk.until("reply_finished")
        await talk.quiet(set_s + 4.5 - talk.duplex.now_s())
        await talk.speak(2.0)
        await talk.until("reply_finished", turn=3)

    talk = hold(user, Setting(stt=recognizer))
    assert [event["origin"] for event in of(talk.events, "reply_started")] == ["user", "user", "timer"]


def test_a_file_does_not_wait_for_timers():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=FakeRecognizer("set a timer for one hour")))
    assert talk.duplex.now_s() < 60


def test_goodbye_is_answered_and_ends_the_session():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(60.0)

    talk = hold(user, Setting(stt=FakeRecognizer("goodbye"), options=DEVICES))
    assert talk.events[-1]["reason"] == "goodbye"
    assert one(talk.events, "reply_finished")["heard"]
    assert talk.duplex.now_s() < 10


@pytest.mark.parametrize(("said_over_it", "reason"), [("wait one more question please", "idle"), ("", "goodbye")])
def test_who_says_something_over_our_goodbye_stays(said_over_it, reason):
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.1)
        await talk.speak(1.5)
        await talk.quiet(60.0)

    heard = FakeRecognizer("goodbye", said_over_it)
    talk = hold(user, Setting(stt=heard, options=DEVICES, config=idle(20)))
    assert one(talk.events, "barge_in")["turn"] == 1
    assert talk.events[-1]["reason"] == reason


def test_starting_over_forgets_everything():
    model = FakeChatModel("Yes.")

    async def user(talk: Talk) -> None:
        for _ in range(3):
            await talk.ask()
            await talk.until("reply_finished")

    hold(user, Setting(stt=FakeRecognizer("alpha", "start over", "beta"), llm=model))
    assert [one.text for one in model.histories[-1] if one.role is not Role.SYSTEM] == ["beta"]


def test_an_effect_cannot_be_taken_back_by_going_on():
    """The timer runs: more speech before the answer sounds is a turn of its own, and the timer is set once."""
    recognizer = FakeRecognizer("set a timer for five minutes", "for the tea", "for the tea please")

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("tool")
        await talk.speak(1.0)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(stt=recognizer))
    assert one(talk.events, "tool")
    assert not of(talk.events, "turn_resumed")
    assert one(talk.events, "barge_in")["turn"] == 1
    assert of(talk.events, "transcript", turn=2)


def test_quieter_means_quieter():
    async def user(talk: Talk) -> None:
        for _ in range(2):
            await talk.ask()
            await talk.until("reply_finished")

    talk = hold(user, Setting(stt=FakeRecognizer("speak quieter", "tell me more")))
    assert one(talk.events, "tool"), "the sentence is a skill's"
    second_s = of(talk.events, "first_audio")[1]["t"]
    assert 0 < np.abs(talk.played[round(second_s * 16_000) :]).max() < 0.24


def test_a_tool_of_the_model_is_run_and_its_result_answered():
    call = ToolCall("calculate", {"expression": "6*7"}, id="1")
    model = FakeChatModel([call], "Forty-two.")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    setting = Setting(stt=FakeRecognizer("well then compute it"), llm=model)
    talk = hold(user, setting)
    assert one(talk.events, "tool")["name"] == "calculate"
    roles = [message.role for message in model.histories[-1] if message.role is not Role.SYSTEM]
    assert roles == [Role.USER, Role.ASSISTANT, Role.TOOL]
    assert one(talk.events, "reply_finished")["heard"] == "Forty-two."


@pytest.mark.parametrize("answer", [[], ToolCall("calculate", {"expression": "6*7"}, id="2")])
def test_what_the_skill_says_is_the_answer_where_a_model_calls_it_and_says_nothing(answer):
    call = ToolCall("calculate", {"expression": "6*7"}, id="1")
    model = FakeChatModel([call], [answer] if answer else [])

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=FakeRecognizer("well then compute it"), llm=model))
    assert one(talk.events, "reply_finished")["heard"] == "6 times 7 is 42."
    assert len(of(talk.events, "tool")) == (3 if answer else 1), "a model that calls again and again is asked to answer"


@pytest.mark.parametrize(("answer", "said"), [(["It is 42."], "It is 42."), ([], "6 times 7 is 42.")])
def test_what_a_model_says_before_a_tool_is_a_sentence_of_its_own_and_no_answer(answer, said):
    call = ToolCall("calculate", {"expression": "6*7"}, id="1")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    model = FakeChatModel(["Let me see.", call], answer)
    talk = hold(user, Setting(stt=FakeRecognizer("well then compute it"), llm=model))
    assert [event["text"] for event in of(talk.events, "sentence")] == ["Let me see.", said]
    assert one(talk.events, "reply_finished")["heard"] == f"Let me see. {said}"


def test_what_a_model_has_confirmed_is_not_confirmed_again():
    call = ToolCall("add_to_list", {"item": "milk"}, id="1")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    model = FakeChatModel(["Milk it is.", call], [])
    talk = hold(user, Setting(stt=FakeRecognizer("well then note it"), llm=model))
    assert one(talk.events, "reply_finished")["heard"].strip() == "Milk it is."
    assert not of(talk.events, "error")


def test_a_greeting_comes_first_and_waits_for_nobody():
    async def user(talk: Talk) -> None:
        await talk.until("reply_finished", turn=1)
        await talk.ask()
        await talk.until("reply_finished")

    talk = hold(user, Setting(options=SessionOptions(ends_with_input=True, greeting="Hello, I am listening.")))
    assert one(talk.events, "reply_started", turn=1)["origin"] == "greeting"
    assert one(talk.events, "reply_finished", turn=1)["heard"] == "Hello, I am listening."
    assert one(talk.events, "transcript")["turn"] == 2


def test_a_greeting_can_be_talked_over():
    model = FakeChatModel("Yes.")

    async def user(talk: Talk) -> None:
        await talk.until("first_audio")
        await talk.speak(1.0)
        await talk.until("reply_finished", turn=2)

    options = SessionOptions(ends_with_input=True, greeting="Hello, I am listening.")
    talk = hold(user, Setting(llm=model, options=options))
    assert one(talk.events, "barge_in")["turn"] == 1
    assert [message.text for message in model.histories[-1] if message.role is Role.USER] == ["tell me something"]
