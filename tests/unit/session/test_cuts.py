"""Speech, keys and the end cut whatever is in hand, at once, wherever it waits; nothing of it is heard afterwards."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from localvoice.messages import Role, ToolCall
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.virtual_time import Setting, Talk, hold, of, one

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."
RATE_HZ = 16_000


class StubbornModel(FakeChatModel):
    """Takes seconds to notice that nobody waits any more."""

    async def reply(self, history, tools=()):
        try:
            async for part in super().reply(history, tools):
                yield part
        except asyncio.CancelledError:
            await asyncio.sleep(5.0)
            raise


class StubbornSynthesizer(FakeSynthesizer):
    """Likewise, and with a last word of its own."""

    async def synthesize(self, text):
        try:
            async for chunk in super().synthesize(text):
                yield chunk
        except asyncio.CancelledError:
            await asyncio.sleep(5.0)
            raise


def slow(words: tuple[str, ...] = ("xyzzy plugh", "never mind"), **setting) -> Setting:
    return Setting(
        stt=FakeRecognizer(*words, delay_s=0.2),
        llm=setting.pop("llm", None) or StubbornModel(STORY, "Fine.", first_token_s=0.4, token_s=0.05),
        tts=setting.pop("tts", None) or StubbornSynthesizer(delay_s=0.3),
        **setting,
    )


def silent_from(talk: Talk, at_s: float, until_s: float) -> bool:
    return not np.any(talk.played[round(at_s * RATE_HZ) : round(until_s * RATE_HZ)])


@pytest.mark.parametrize("after_s", np.arange(0.0, 4.0, 0.13).round(2).tolist())
def test_a_key_silences_it_at_once_wherever_it_is(after_s):
    """From the end of speech through transcript, tokens, voice and reply; the engines take 5 s to give up."""

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("turn_ended")
        await talk.quiet(after_s)
        talk.at_s = talk.duplex.now_s()
        talk.press_key()
        talk.press_key()
        await talk.quiet(0.03)
        talk.press_key()
        await talk.until("state", to="idle") if talk.session._taking.state != "idle" else None
        talk.idle_s = talk.duplex.now_s()
        await talk.quiet(8.0)

    talk = hold(user, slow())
    assert talk.idle_s - talk.at_s <= 0.05, "it waited for an engine"
    assert silent_from(talk, talk.at_s + 0.025, talk.at_s + 8.0)
    assert len(of(talk.events, "barge_in")) <= 1
    assert len(of(talk.events, "reply_finished")) == len(of(talk.events, "reply_started"))


@pytest.mark.parametrize("after_s", np.arange(0.0, 1.6, 0.13).round(2).tolist())
def test_speech_while_it_thinks_resumes_the_turn_at_once(after_s):
    setting = slow(("xyzzy plugh", "xyzzy plugh now", "xyzzy plugh now"))
    setting.llm = StubbornModel(STORY, first_token_s=3.0)

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("turn_ended")
        await talk.quiet(after_s)
        await talk.speak(0.6)
        talk.spoke_s = talk.duplex.now_s()
        await talk.until("reply_finished")

    talk = hold(user, setting)
    assert one(talk.events, "turn_resumed")["t"] < talk.spoke_s
    assert [message.text for message in setting.llm.histories[-1] if message.role is Role.USER] == ["xyzzy plugh now"]
    assert silent_from(talk, 0.0, one(talk.events, "reply_started")["t"])


class TwoRounds(FakeChatModel):
    """Asks for a tool at once, and takes long over its answer."""

    def __init__(self, call: ToolCall) -> None:
        super().__init__(lambda history: "It is done.", first_token_s=2.0)
        self._call = call

    async def reply(self, history, tools=()):
        if history[-1].role is Role.USER:
            self.histories.append(tuple(history))
            await asyncio.sleep(0.05)
            yield self._call
            return
        async for part in super().reply(history, tools):
            yield part


def test_speech_over_a_tool_without_an_effect_resumes_the_turn():
    model = TwoRounds(ToolCall("calculate", {"expression": "6*7"}, id="1"))

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("tool")
        await talk.quiet(0.5)
        await talk.speak(0.5)
        await talk.until("reply_finished")

    talk = hold(user, slow(("compute it", "compute it please", "compute it please"), llm=model))
    assert one(talk.events, "turn_resumed")["turn"] == 1
    assert [message.role for message in model.histories[-1]][-3:] == [Role.USER, Role.ASSISTANT, Role.TOOL]
    assert [message.text for message in model.histories[-1] if message.role is Role.USER] == ["compute it please"]


def test_speech_over_a_tool_with_an_effect_waits_for_the_first_sound_and_takes_the_turn():
    model = TwoRounds(ToolCall("add_to_list", {"item": "milk"}, id="1"))

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("tool")
        await talk.quiet(1.5)
        await talk.speak(1.5)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, slow(("note the milk", "and the bread", "and the bread"), llm=model))
    assert len(of(talk.events, "tool", turn=1)) == 1
    assert one(talk.events, "barge_in", turn=1)["heard"] == ""
    assert not of(talk.events, "turn_resumed")
    assert [message.text for message in model.histories[-1] if message.role is Role.USER] == [
        "note the milk and the bread"
    ]


def test_cutting_twice_tells_once():
    reports = []

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        talk.replying.cut(reports.append)
        talk.replying.cut(reports.append)
        talk.replying.call_off()
        talk.replying.finish_now()
        talk.press_key()
        await talk.quiet(1.0)

    talk = hold(user, Setting(llm=FakeChatModel(STORY)))
    assert len(reports) == 1
    assert one(talk.events, "reply_finished")["interrupted"]


def test_a_reply_cut_while_the_voice_works_is_not_heard_in_the_next_one():
    """The stubborn voice hands out its last chunk when the next reply sounds already."""

    async def user(talk: Talk) -> None:
        await talk.ask(0.5)
        await talk.quiet(0.3)
        talk.type("something else")
        await talk.until("reply_finished", turn=2)
        await talk.quiet(8.0)

    class Late(StubbornSynthesizer):
        async def synthesize(self, text):
            try:
                async for chunk in FakeSynthesizer.synthesize(self, text):
                    yield chunk
            except asyncio.CancelledError:
                await asyncio.sleep(0.5)
                yield self._chunk("A late word that nobody wants.")

    talk = hold(user, slow(tts=Late(delay_s=0.3)))
    second = one(talk.events, "reply_finished", turn=2)
    assert second["heard"] == "Fine."
    audio_s = one(talk.events, "first_audio", turn=2)["t"]
    loud = np.flatnonzero(np.abs(talk.played[round(audio_s * RATE_HZ) :]) > 0.003)
    assert loud[-1] / RATE_HZ == pytest.approx(0.05 * len("Fine."), abs=0.02)
