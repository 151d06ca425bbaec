"""When engines fail: the next one does the work, or a prepared phrase says so; the session goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from localvoice.audio.samples import Samples
from localvoice.errors import DeviceError, ExitCode, FileError, ProviderBroken, ProviderUnavailable
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.messages import Message, Partial, SpeechChunk, ToolSpec
from localvoice.session.conversation import SessionOptions
from localvoice.session.phrases import HEARING, THINKING
from tests.fakes import (
    FakeChatModel,
    FakeRecognizer,
    FakeSynthesizer,
    FakeTurnDetector,
    ScriptedStreamingRecognizer,
)
from tests.virtual_time import Setting, Talk, hold, of, one

BROKEN = ProviderBroken("it broke", provider="fake")
DOWN = ProviderUnavailable("it is down", provider="fake")


def prepared() -> dict[str, SpeechChunk]:
    tone = 0.2 * np.sin(2 * np.pi * 300 / 16_000 * np.arange(16_000)).astype(np.float32)
    return {phrase: SpeechChunk(phrase, tone, 16_000) for phrase in (HEARING, THINKING)}


async def twice(talk: Talk) -> None:
    for _ in range(2):
        await talk.speak(1.0)
        await talk.until("turn_metrics")


def told_to(talk_of):
    """A listener of fallback engines that writes to the session's log."""
    return lambda stage, before, after, reason: talk_of[0].log.emit(
        "provider_changed", talk_of[0].duplex.now_s(), stage=stage, **{"from": before, "to": after}, reason=reason
    )


@pytest.mark.parametrize("stage", ["stt", "llm", "tts"])
def test_the_next_engine_does_the_work_and_that_is_told_once(stage):
    talks: list[Talk] = []
    told = told_to(talks)
    setting = Setting(phrases=prepared())
    match stage:
        case "stt":
            setting.stt = FallbackRecognizer([FakeRecognizer(DOWN), FakeRecognizer("tell me something")], told)
        case "llm":
            setting.llm = FallbackChatModel([FakeChatModel(DOWN), FakeChatModel("Well.", name="other")], told)
        case "tts":
            clause = "Once there was a fox."
            setting.tts = FallbackSynthesizer([FakeSynthesizer(fails_at=[clause]), FakeSynthesizer(name="other")], told)

    async def user(talk: Talk) -> None:
        talks.append(talk)
        await twice(talk)

    talk = hold(user, setting)
    assert one(talk.events, "provider_changed")["stage"] == stage
    assert not of(talk.events, "error")
    assert [event["heard"] == event["text"] for event in of(talk.events, "reply_finished")] == [True, True]


@pytest.mark.parametrize(("stage", "phrase"), [("stt", HEARING), ("llm", THINKING), ("tts", THINKING)])
def test_where_every_engine_fails_a_prepared_phrase_says_so(stage, phrase):
    setting = Setting(phrases=prepared())
    match stage:
        case "stt":
            setting.stt = FakeRecognizer(DOWN, DOWN, "tell me something")
        case "llm":
            setting.llm = FakeChatModel(DOWN, DOWN, "Well.")
        case "tts":
            setting.tts = FakeSynthesizer(fails_at=["Once there was a fox."])
            setting.llm = FakeChatModel("Once there was a fox.", "Once there was a fox.", "Well.")
    talk = hold(twice, setting)
    assert one(talk.events, "error")["message"]
    first, second = of(talk.events, "reply_finished")
    assert (first["text"], first["heard"]) == (phrase, phrase)
    assert one(talk.events, "reply_started", turn=1)["origin"] == "fallback"
    assert one(talk.events, "first_audio", turn=1)["t"] > 1.0
    assert second["text"] != phrase, "the session goes on"


def test_without_a_prepared_phrase_it_is_printed():
    talk = hold(twice, Setting(llm=FakeChatModel(DOWN, DOWN, "Well.")))
    assert one(talk.events, "sentence", turn=1)["text"] == THINKING
    assert one(talk.events, "reply_finished", turn=1)["heard"] == THINKING


@pytest.mark.parametrize("voice", [True, False])
def test_a_model_that_fails_midway_is_heard_out_and_the_failure_is_told(voice):
    story = ["Once upon a time there was a fox.", " It lived", " in a forest", BROKEN]
    setting = Setting(llm=FakeChatModel(story, "Well."), phrases=prepared())
    if not voice:
        setting.tts = None
    talk = hold(twice, setting)
    assert one(talk.events, "error")["message"] == "it broke"
    finished = one(talk.events, "reply_finished", turn=1)
    assert finished["heard"].startswith("Once upon a time there was a fox.")
    assert finished["heard"].endswith(f" {THINKING}")
    assert finished["text"] == finished["heard"]
    if voice:
        expected_s = 0.05 * len("Once upon a time there was a fox.") + 1.0
        assert finished["t"] - one(talk.events, "first_audio", turn=1)["t"] == pytest.approx(expected_s, abs=0.1)


def test_a_failed_reply_can_be_interrupted():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("first_audio")
        await talk.quiet(0.2)
        talk.press_key()
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(DOWN), phrases=prepared()))
    finished = one(talk.events, "reply_finished")
    assert finished["interrupted"]
    assert finished["heard"] != THINKING


def test_a_bug_in_an_engine_ends_the_turn_and_not_the_session():
    class Buggy(FakeChatModel):
        def reply(self, history, tools=()):
            if not self.histories:
                self.histories.append(())
                raise ZeroDivisionError("a bug")
            return super().reply(history, tools)

    talk = hold(twice, Setting(llm=Buggy("Well."), phrases=prepared()))
    assert "ZeroDivisionError" in one(talk.events, "error")["message"]
    assert one(talk.events, "reply_finished", turn=2)["text"] == "Well."


def test_the_error_names_each_reason_once_however_often_it_fails():
    async def user(talk: Talk) -> None:
        for _ in range(4):
            await talk.speak(1.0)
            await talk.until("turn_metrics")

    setting = Setting(llm=FallbackChatModel([FakeChatModel(DOWN)], lambda *_: None), phrases=prepared())
    talk = hold(user, setting)
    assert {event["message"].count("it is down") for event in of(talk.events, "error")} == {1}


def test_once_ends_with_the_code_of_a_failed_reply():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(30.0)

    talk = hold(user, Setting(llm=FakeChatModel(DOWN), phrases=prepared(), options=SessionOptions(once=True)))
    assert talk.code is ExitCode.ENGINES
    assert talk.events[-1]["reason"] == "once"


def test_a_lost_device_ends_the_session_with_its_code():
    async def user(talk: Talk) -> None:
        await talk.ask()
        talk.fail(DeviceError("the microphone is gone: plug it in"))
        await talk.quiet(5.0)

    talk = hold(user)
    assert talk.code is ExitCode.DEVICE
    assert talk.events[-1]["reason"] == "error"
    assert one(talk.events, "error")["code"] == "DeviceError"
    assert one(talk.events, "reply_finished")["interrupted"]


class SurelySpeech:
    """Whatever sounds over a reply wants the floor."""

    def judge(self, _samples: object) -> tuple[float, float]:
        return 0.97, 0.01


@pytest.mark.parametrize("kind", ["transcript", "barge_in"])
def test_an_event_that_cannot_be_written_ends_the_session_and_the_others_hear_the_end(kind):
    talks: list[Talk] = []

    async def user(talk: Talk) -> None:
        def disk(event):
            if event["type"] == kind:
                raise FileError("the disk is full: make room")

        talks.append(talk)
        talk.log.subscribe(disk)
        await talk.speak(1.0)
        await talk.quiet(2.0)
        await talk.speak(1.0)
        await talk.quiet(10.0)

    with pytest.raises(ExceptionGroup) as caught:
        hold(user, Setting(llm=FakeChatModel("word " * 40), sound_judge=SurelySpeech()))
    assert caught.group_contains(FileError)
    assert talks[0].events[-1]["type"] == "session_ended"
    assert talks[0].events[-1]["reason"] == "error"


class Buggy(ScriptedStreamingRecognizer):
    """Hears along until it breaks in a way that nobody has foreseen; what it reads in one go is right."""

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        async for _ in blocks:
            yield Partial("tell", "tell")
            raise ZeroDivisionError("a bug")


class Confused(FakeTurnDetector):
    async def probability(self, turn: Samples) -> float:
        raise ZeroDivisionError("a bug")


class Forgetful(FakeChatModel):
    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        raise ZeroDivisionError("a bug")


@pytest.mark.parametrize(
    "who",
    [
        {"stt": lambda: Buggy([], final="tell me something")},
        {"ear": lambda: Confused(0.5)},
        {"llm": lambda: Forgetful("Well.")},
    ],
    ids=["who hears along", "who judges the pause", "who reads ahead"],
)
def test_a_bug_beside_a_turn_costs_neither_the_turn_nor_a_word(who):
    talk = hold(twice, replace(Setting(), **{name: made() for name, made in who.items()}))
    assert not of(talk.events, "error")
    assert [event["text"] for event in of(talk.events, "transcript")] == ["tell me something"] * 2
    assert not any(event["interrupted"] for event in of(talk.events, "reply_finished"))
    assert talk.code == ExitCode.OK
