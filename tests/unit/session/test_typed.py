"""Typed lines: from a pipe one after the other, on a terminal beside the microphone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from localvoice.messages import Role, SpeechChunk
from localvoice.session.conversation import SessionOptions
from localvoice.session.phrases import THINKING
from tests.fakes import FakeChatModel, FakeSynthesizer
from tests.virtual_time import Setting, Talk, hold, of, one


def piped(talk: Talk, *lines: str) -> None:
    for line in lines:
        talk.type(line, over=False)
    talk.no_more_lines()


def texts(talk: Talk, kind: str = "transcript") -> list[str]:
    return [event["text"] for event in of(talk.events, kind)]


@pytest.mark.parametrize("voice", [True, False])
def test_piped_lines_are_answered_in_order_each_after_the_reply_before_it(voice):
    model = FakeChatModel("Answer one.", "Answer two.", "Answer three.", first_token_s=0.3)

    async def user(talk: Talk) -> None:
        piped(talk, "alpha", "beta", "gamma")
        await talk.quiet(60.0)

    setting = Setting(stt=None, llm=model, options=SessionOptions(can_barge_in=False))
    if not voice:
        setting.tts = None
    talk = hold(user, setting)
    assert texts(talk) == ["alpha", "beta", "gamma"]
    assert texts(talk, "reply_finished") == ["Answer one.", "Answer two.", "Answer three."]
    order = [event["type"] for event in talk.events if event["type"] in {"turn_ended", "reply_finished"}]
    assert order == ["turn_ended", "reply_finished"] * 3
    assert talk.events[-1]["reason"] == "input_ended"
    assert all(event["reason"] == "typed" for event in of(talk.events, "turn_ended"))


def test_the_latency_of_a_piped_line_does_not_hold_the_reply_before_it():
    async def user(talk: Talk) -> None:
        piped(talk, "alpha", "beta")
        await talk.quiet(60.0)

    model = FakeChatModel("A rather long answer to the first line.", "Short.", first_token_s=0.3)
    talk = hold(user, Setting(stt=None, llm=model, options=SessionOptions(can_barge_in=False)))
    first, second = of(talk.events, "first_audio")
    assert second["latency_ms"] == pytest.approx(first["latency_ms"], abs=25)


class Breathing(FakeSynthesizer):
    """A quarter of a second of silence stands behind every clause."""

    def _chunk(self, clause: str) -> SpeechChunk:
        chunk = super()._chunk(clause)
        return replace(chunk, samples=np.concatenate((chunk.samples, np.zeros(chunk.rate_hz // 4, dtype=np.float32))))


def test_the_answers_to_piped_lines_do_not_run_into_each_other():
    async def user(talk: Talk) -> None:
        piped(talk, "alpha", "beta")
        await talk.quiet(60.0)

    model = FakeChatModel("One.", "Two.")
    talk = hold(user, Setting(stt=None, llm=model, tts=Breathing(), options=SessionOptions(can_barge_in=False)))
    first, second = one(talk.events, "reply_finished", turn=1), one(talk.events, "first_audio", turn=2)
    assert second["t"] - first["t"] == pytest.approx(0.25, abs=0.04)


def test_a_line_typed_over_a_reply_waits_for_no_silence():
    async def user(talk: Talk) -> None:
        talk.type("alpha")
        await talk.until("first_audio")
        await talk.quiet(0.3)
        talk.type("beta")
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(llm=FakeChatModel("A rather long answer.", "Two."), tts=Breathing()))
    assert one(talk.events, "first_audio", turn=2)["t"] - one(talk.events, "barge_in")["t"] < 0.1


def test_no_line_at_all_ends_at_once():
    async def user(talk: Talk) -> None:
        piped(talk)
        await talk.quiet(60.0)

    talk = hold(user, Setting(stt=None, options=SessionOptions(can_barge_in=False)))
    assert [event["type"] for event in talk.events if event["type"] != "state"] == ["session_started", "session_ended"]


def test_two_lines_typed_at_once_on_a_terminal_are_both_answered():
    model = FakeChatModel("Yes.")

    async def user(talk: Talk) -> None:
        talk.type("alpha")
        talk.type("beta")
        await talk.until("reply_finished", count=2)

    talk = hold(user, Setting(llm=model))
    assert texts(talk) == ["alpha", "beta"]
    assert [one.text for one in model.histories[-1] if one.role is Role.USER] == ["alpha", "beta"]


def test_a_typed_line_survives_a_cough():
    async def user(talk: Talk) -> None:
        talk.type("alpha")
        await talk.quiet(0.2)
        await talk.speak(0.1)
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel("Yes.", first_token_s=1.0)))
    assert texts(talk) == ["alpha"]
    assert not of(talk.events, "turn_resumed")
    assert one(talk.events, "reply_finished")["text"] == "Yes."


def test_once_with_a_typed_line():
    async def user(talk: Talk) -> None:
        piped(talk, "alpha", "beta")
        await talk.quiet(60.0)

    talk = hold(user, Setting(stt=None, options=SessionOptions(once=True, can_barge_in=False)))
    assert texts(talk) == ["alpha"]
    assert talk.events[-1]["reason"] == "once"


def test_nothing_is_answered_behind_goodbye():
    async def user(talk: Talk) -> None:
        piped(talk, "goodbye", "what time is it")
        await talk.quiet(20.0)

    talk = hold(user, Setting(stt=None, options=SessionOptions(can_barge_in=False)))
    assert texts(talk) == ["goodbye"]
    assert talk.events[-1]["reason"] == "goodbye"


def test_a_line_typed_over_a_printed_reply_leaves_what_was_printed():
    model = FakeChatModel("Once upon a time there was a fox. It lived in a forest.", "Fine.", token_s=0.1)

    async def user(talk: Talk) -> None:
        talk.type("alpha")
        await talk.until("sentence")
        talk.type("beta")
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(llm=model, tts=None))
    cut = one(talk.events, "barge_in")
    assert cut["heard"] == "Once upon a time there was a fox."
    assert cut["heard"] + cut["unsaid"] == one(talk.events, "reply_finished", turn=1)["text"]
    heard = [message.text for message in model.histories[-1] if message.role is Role.ASSISTANT]
    assert heard == ["Once upon a time there was a fox."]


def test_a_model_that_writes_nothing_is_told_on_paper_as_a_failure():
    async def user(talk: Talk) -> None:
        talk.type("alpha")
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(""), tts=None))
    of_the_reply = [event["type"] for event in talk.events if event["type"].startswith(("reply_", "sentence"))]
    assert of_the_reply == ["reply_started", "sentence", "reply_finished"]
    assert one(talk.events, "sentence")["text"] == THINKING
