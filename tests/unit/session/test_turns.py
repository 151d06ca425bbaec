"""Turns of a spoken conversation: what is transcribed, answered and told, in which order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from localvoice.config import Config, HistoryConfig, ReplyConfig, TurnConfig
from localvoice.messages import Role, SpeechChunk
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.virtual_time import Setting, Talk, hold, of, one

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."


def test_a_question_is_answered_in_the_order_of_the_contract():
    async def user(talk: Talk) -> None:
        await talk.quiet(0.5)
        await talk.ask()
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(STORY, first_token_s=0.1)))
    kinds = [event["type"] for event in talk.events if event["type"] != "state"]
    assert kinds == [
        "session_started",
        *("speech_started", "speech_stopped", "turn_ended", "transcript"),
        *("reply_started", "sentence", "first_audio", "sentence", "sentence"),
        *("reply_finished", "turn_metrics", "session_ended"),
    ]
    assert one(talk.events, "reply_finished")["heard"] == STORY
    assert talk.events[-1]["reason"] == "input_ended"
    assert talk.code == 0


def test_the_output_holds_the_reply_where_the_events_say():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    talk = hold(user)
    first = one(talk.events, "first_audio")["t"]
    loud = np.flatnonzero(np.abs(talk.played) > 10 ** (-50 / 20))
    assert loud[0] / 16_000 == pytest.approx(first, abs=1e-3)
    finished = one(talk.events, "reply_finished")
    assert loud[-1] / 16_000 == pytest.approx(finished["t"], abs=0.015)
    assert len(talk.played) / 16_000 == pytest.approx(talk.duplex.now_s())


def test_the_recogniser_gets_the_speech_with_its_pre_roll():
    recognizer = FakeRecognizer("hello")

    async def user(talk: Talk) -> None:
        await talk.quiet(1.0)
        await talk.speak(1.0)
        await talk.until("transcript")

    talk = hold(user, Setting(stt=recognizer))
    [sound] = recognizer.heard
    assert np.count_nonzero(sound) / 16_000 == pytest.approx(1.0, abs=0.011)
    assert 0.25 < np.flatnonzero(sound)[0] / 16_000 < 0.4
    assert one(talk.events, "transcript")["audio_s"] == pytest.approx(len(sound) / 16_000 - 0.1, abs=1e-4), "and a tail"


def test_going_on_while_it_thinks_makes_one_turn_of_both():
    recognizer = FakeRecognizer("what is", "what is the capital of France", delay_s=0.05)
    model = FakeChatModel("Paris.", first_token_s=3.0)

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("transcript")
        await talk.quiet(0.2)
        await talk.speak(1.0)
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=recognizer, llm=model))
    assert one(talk.events, "turn_resumed")["turn"] == 1
    assert [event["turn"] for event in of(talk.events, "turn_ended")] == [1, 1]
    assert [event["text"] for event in of(talk.events, "transcript")] == ["what is", "what is the capital of France"]
    assert np.count_nonzero(recognizer.heard[1]) / 16_000 == pytest.approx(2.0, abs=0.05), "the whole turn again"
    assert model.stopped == 1
    assert [message.text for message in model.histories[-1] if message.role is Role.USER] == [
        "what is the capital of France"
    ]


def test_going_on_while_it_is_transcribed_stops_the_recogniser():
    recognizer = FakeRecognizer("one", "one two", delay_s=1.5)

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("turn_ended")
        await talk.speak(0.5)
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=recognizer))
    assert recognizer.cancelled == 1
    assert one(talk.events, "transcript")["text"] == "one"  # the script's first entry was not used up


def test_a_sound_without_words_is_dropped():
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("turn_dropped")
        await talk.ask()
        await talk.until("reply_finished")

    model = FakeChatModel("Yes.")
    talk = hold(user, Setting(stt=FakeRecognizer("", "tell me more"), llm=model))
    assert one(talk.events, "turn_dropped", turn=1)["reason"] == "nothing_said"
    assert one(talk.events, "transcript")["turn"] == 2
    assert len(model.histories) == 1
    assert talk.events[-1]["turns"] == 1


def test_speech_that_was_not_understood_is_told_what_is_possible():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    model = FakeChatModel("never", name="skills")
    talk = hold(user, Setting(stt=FakeRecognizer("blah", rejected=True), llm=model))
    assert one(talk.events, "transcript")["rejected"] is True
    text = one(talk.events, "reply_finished")["text"]
    assert "did not understand" in text
    assert "install a language model" in text
    assert not model.histories


def test_a_reply_that_was_not_understood_is_not_remembered():
    class Hearing(FakeRecognizer):
        async def transcribe(self, samples):
            heard = await super().transcribe(samples)
            return replace(heard, rejected=heard.text == "blah")

    async def user(talk: Talk) -> None:
        for _ in range(2):
            await talk.ask()
            await talk.until("reply_finished")

    model = FakeChatModel("Hello.")
    hold(user, Setting(stt=Hearing("blah", "hi you"), llm=model))
    [history] = model.histories
    assert [message.text for message in history if message.role is not Role.SYSTEM] == ["hi you"]


def test_history_holds_what_was_said_by_both():
    async def user(talk: Talk) -> None:
        for _ in range(3):
            await talk.ask()
            await talk.until("reply_finished")

    model = FakeChatModel("First answer.", "Second answer.", "Third answer.")
    setting = Setting(
        stt=FakeRecognizer("alpha", "beta", "gamma"),
        llm=model,
        config=Config(reply=ReplyConfig(system_prompt="Be kind.")),
    )
    hold(user, setting)
    assert [(message.role.value, message.text) for message in model.histories[-1]] == [
        ("system", "Be kind."),
        ("user", "alpha"),
        ("assistant", "First answer."),
        ("user", "beta"),
        ("assistant", "Second answer."),
        ("user", "gamma"),
    ]


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_a_model_that_answers_nothing_is_heard_as_a_failure(nothing):
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(nothing)))
    assert one(talk.events, "error")["message"] == "fake-llm answered nothing"
    assert one(talk.events, "reply_started")["origin"] == "fallback"


class QuietAboutSigns(FakeSynthesizer):
    """Has no sound for what holds no letter."""

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        async for chunk in super().synthesize(text):
            is_word = any(map(str.isalnum, chunk.text))
            yield chunk if is_word else SpeechChunk(chunk.text, chunk.samples[:0], chunk.rate_hz)


def test_an_answer_that_cannot_be_said_is_shown():
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel("🎉"), tts=QuietAboutSigns()))
    assert one(talk.events, "sentence")["text"] == "🎉"
    assert one(talk.events, "reply_finished")["text"] == "🎉"
    assert not of(talk.events, "first_audio")


def test_what_cannot_be_said_is_shown_with_what_follows_or_at_the_end():
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("reply_finished")

    story = "---\n\nOnce there was a fox.\n\n---\n\nIt was red.\n\n---\n"
    talk = hold(user, Setting(llm=FakeChatModel([story]), tts=QuietAboutSigns()))
    told = [event["text"] for event in of(talk.events, "sentence")]
    assert told == ["---\n\nOnce there was a fox.", "---\n\nIt was red.", "---"]
    shown = [event["type"] for event in talk.events if event["type"] in {"sentence", "first_audio"}]
    assert shown == ["sentence", "first_audio", "sentence", "sentence"]


def test_without_a_voice_text_counts_as_heard():
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(STORY), tts=None))
    assert not of(talk.events, "first_audio")
    assert one(talk.events, "reply_finished")["heard"] == STORY
    assert "".join(event["text"] for event in of(talk.events, "sentence")) == STORY.replace(". ", ".")


def test_preset_decides_how_long_a_pause_may_be():
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("reply_finished")

    waits = {}
    for preset in ("fast", "normal", "patient"):
        config = Config(turn=TurnConfig(patience=preset), reply=ReplyConfig(prepare=False))
        talk = hold(user, Setting(config=config))
        waits[preset] = one(talk.events, "turn_ended")["silence_ms"]
    assert 400 <= waits["fast"] < 440
    assert 600 <= waits["normal"] < 640
    assert 900 <= waits["patient"] < 940


def test_the_latest_turns_are_remembered_within_the_budget():
    async def user(talk: Talk) -> None:
        for _ in range(5):
            await talk.ask()
            await talk.until("reply_finished")

    model = FakeChatModel("Yes.")
    setting = Setting(stt=FakeRecognizer(*"abcde"), llm=model, config=Config(history=HistoryConfig(max_turns=2)))
    hold(user, setting)
    users = [message.text for message in model.histories[-1] if message.role is Role.USER]
    assert users == ["c", "d", "e"]


def test_a_slow_voice_leaves_no_gap_in_the_order():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(STORY), tts=FakeSynthesizer(delay_s=3.0)))
    assert one(talk.events, "reply_finished")["heard"] == STORY


@pytest.mark.parametrize(
    ("words", "reason", "silence_ms"),
    [("Thank you.", "complete", 200), ("I would like to", "limit", 2000), ("xyzzy plugh", "silence", 600)],
)
def test_the_words_so_far_decide_how_long_the_pause_may_be(words, reason, silence_ms):
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("reply_finished")

    ended = one(hold(user, Setting(stt=FakeRecognizer(words, delay_s=0.05))).events, "turn_ended")
    assert ended["reason"] == reason
    assert silence_ms <= ended["silence_ms"] < silence_ms + 40


def test_a_transcript_prepared_in_the_wait_costs_nothing_after_it():
    recognizer = FakeRecognizer("xyzzy plugh", delay_s=0.4)

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=recognizer))
    assert len(recognizer.heard) == 1
    assert one(talk.events, "turn_metrics")["stages"]["stt_ms"] < 15
    assert one(talk.events, "transcript")["audio_s"] == pytest.approx(0.6, abs=0.2)


def test_what_was_prepared_is_void_when_the_user_goes_on():
    recognizer = FakeRecognizer("what is", "what is the capital of France", delay_s=0.05)

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.quiet(0.4)
        await talk.speak(0.5)
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=recognizer))
    assert one(talk.events, "transcript")["text"] == "what is the capital of France"
