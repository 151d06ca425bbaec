"""Silences that are too long: fillers while an answer takes its time, prompts behind a question of ours."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.config import Config, ReplyConfig, SessionConfig, TurnConfig
from localvoice.errors import ProviderUnavailable
from localvoice.messages import Origin, Role, SpeechChunk, ToolCall, Turn
from localvoice.session.conversation import SessionOptions
from localvoice.session.phrases import CONFIRM, LET_ME_THINK, STILL_THERE, phrases_for
from localvoice.session.silences import Silences
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.virtual_time import Setting, Talk, hold, of, one

REPLY = "Once upon a time there was a fox."
FILLER_S = 0.8


def spoken(*texts: str, seconds: float = FILLER_S) -> dict[str, SpeechChunk]:
    tone = 0.2 * np.sin(2 * np.pi * 300 / 16_000 * np.arange(round(seconds * 16_000))).astype(np.float32)
    return {text: SpeechChunk(text, tone, 16_000) for text in texts}


def slow(first_token_s: float = 3.0, *, after_ms: int = 500, **setting) -> Setting:
    """A model so slow that a filler is due."""
    return Setting(
        stt=setting.pop("stt", None) or FakeRecognizer("tell me something", "and then", "go on"),
        llm=setting.pop("llm", None) or FakeChatModel(REPLY, first_token_s=first_token_s),
        config=Config(reply=ReplyConfig(filler_after_ms=after_ms, prepare=False), **setting),
        phrases=spoken(LET_ME_THINK, CONFIRM),
    )


async def one_question(talk: Talk) -> None:
    await talk.speak(1.0)
    await talk.until("reply_finished", turn=1)


def fillers(talk: Talk) -> list[int]:
    return [event["turn"] for event in of(talk.events, "reply_started", origin="filler")]


# fillers


def test_an_answer_that_takes_long_is_preceded_by_a_filler():
    talk = hold(one_question, slow())
    ended, filler = one(talk.events, "turn_ended"), one(talk.events, "reply_started", origin="filler")
    assert filler["t"] - ended["t"] == pytest.approx(0.5, abs=0.05)
    assert (filler["turn"], filler["engine"]) == (2, "prepared")
    assert not of(talk.events, "transcript", turn=2)
    assert one(talk.events, "reply_finished", turn=2)["heard"] == LET_ME_THINK
    answer = one(talk.events, "reply_started", origin="user")
    assert (answer["turn"], one(talk.events, "reply_finished", turn=1)["heard"]) == (1, REPLY)
    states = [event["to"] for event in of(talk.events, "state")]
    assert states == ["user_speaking", "thinking", "speaking", "thinking", "speaking", "idle", "closed"]
    assert talk.events[-1]["turns"] == 1


def test_an_answer_that_is_ready_waits_for_the_end_of_the_filler():
    talk = hold(one_question, slow(0.7))
    filler, answer = one(talk.events, "reply_finished", turn=2), one(talk.events, "reply_started", turn=1)
    assert 0 <= answer["t"] - filler["t"] < 0.05
    metrics = one(talk.events, "turn_metrics", turn=1)
    assert metrics["stages"]["total_ms"] == one(talk.events, "first_audio", turn=1)["latency_ms"]


def test_the_silence_behind_a_filler_is_heard_before_the_answer():
    setting = slow(0.7)
    (filler,) = spoken(LET_ME_THINK).values()
    samples = np.concatenate((filler.samples, np.zeros(4800, dtype=np.float32)))
    setting.phrases = {LET_ME_THINK: SpeechChunk(LET_ME_THINK, samples, filler.rate_hz)}
    talk = hold(one_question, setting)
    filler_over, answer = one(talk.events, "reply_finished", turn=2), one(talk.events, "reply_started", turn=1)
    assert answer["t"] - filler_over["t"] == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("setting", [slow(0.3), slow(after_ms=0)])
def test_no_filler_where_the_answer_comes_in_time_or_none_is_wanted(setting):
    assert not fillers(hold(one_question, setting))


def test_a_filler_is_said_once_per_turn():
    assert len(fillers(hold(one_question, slow(9.0)))) == 1


def test_noise_gets_no_filler():
    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("turn_dropped")

    assert not fillers(hold(user, slow(stt=FakeRecognizer("", delay_s=2.0))))


def test_what_has_been_done_is_confirmed_while_the_words_about_it_are_made():
    call = ToolCall("set_timer", {"seconds": 600}, id="1")

    class Slow(FakeChatModel):
        async def reply(self, history, tools=()):
            self._waits_s = (0.1 if history[-1].role is Role.USER else 3.0, 0.0)
            async for part in super().reply(history, tools):
                yield part

    talk = hold(one_question, slow(llm=Slow([call], "It is running.")))
    assert one(talk.events, "sentence", turn=2)["text"] == CONFIRM
    kinds = [event["type"] for event in talk.events if event["type"] in {"tool", "reply_started"}]
    assert kinds == ["tool", "reply_started", "reply_started"]


def test_a_user_who_speaks_over_the_filler_takes_the_turn_and_both_texts_are_one():
    setting = slow(stt=FakeRecognizer("tell me something", "something nice", delay_s=0.05))

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("first_audio", turn=2)
        await talk.quiet(0.1)
        await talk.speak(1.2)
        await talk.until("reply_finished", turn=3)

    talk = hold(user, setting)
    barge_in = one(talk.events, "barge_in")
    assert (barge_in["turn"], barge_in["heard"] + barge_in["unsaid"]) == (2, LET_ME_THINK)
    assert not of(talk.events, "reply_started", turn=1), "the first answer is called off"
    said = [message.text for message in setting.llm.histories[-1] if message.role is Role.USER]
    assert said == ["tell me something something nice"]


def test_a_cough_over_the_filler_stops_neither_it_nor_the_answer():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("first_audio", turn=2)
        await talk.quiet(0.2)
        await talk.speak(0.064)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, slow(0.6))
    assert one(talk.events, "false_alarm")["turn"] == 2
    assert one(talk.events, "reply_finished", turn=2)["heard"] == LET_ME_THINK
    assert one(talk.events, "reply_started", turn=1)["t"] >= one(talk.events, "reply_finished", turn=2)["t"]


def test_a_ducked_filler_that_ends_under_a_sound_leaves_the_user_the_turn():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("first_audio", turn=2)
        await talk.quiet(0.3)
        await talk.speak(1.5)
        await talk.until("reply_finished", turn=3)

    talk = hold(user, slow(turn=TurnConfig(overlap="duck", overlap_decide_ms=700)))
    assert one(talk.events, "barge_in")["turn"] == 2
    assert not of(talk.events, "reply_started", turn=1)


@pytest.mark.parametrize("into_s", [0.0, 0.2, 0.6])
def test_a_key_during_the_filler_calls_the_answer_off(into_s):
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("reply_started", turn=2)
        await talk.quiet(into_s)
        talk.press_key()
        await talk.until("state", to="idle")
        await talk.quiet(5.0)

    talk = hold(user, slow())
    assert one(talk.events, "reply_finished")["interrupted"]
    assert [event["turn"] for event in of(talk.events, "reply_started")] == [2]


def test_typing_over_a_filler_is_answered_instead():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("first_audio", turn=2)
        talk.type("something else")
        await talk.until("reply_finished", turn=3)

    talk = hold(user, slow(1.0))
    assert one(talk.events, "barge_in")["turn"] == 2
    assert one(talk.events, "transcript", turn=3)["text"] == "something else"


def test_a_user_who_goes_on_behind_the_filler_resumes_the_turn():
    setting = slow(5.0, stt=FakeRecognizer("tell me something", "tell me something nice"))

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("reply_finished", turn=2)
        await talk.quiet(0.5)
        await talk.speak(1.0)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, setting)
    assert one(talk.events, "turn_resumed")["turn"] == 1
    assert fillers(talk) == [2, 3]
    assert [message.text for message in setting.llm.histories[-1] if message.role is Role.USER] == [
        "tell me something nice"
    ]


def test_no_filler_into_a_sound_that_begins():
    """The window in which it is due holds the beginning of a word."""

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        ended = await talk.until("turn_ended")
        await talk.quiet(ended["t"] + 0.47 - talk.duplex.now_s())
        await talk.speak(1.0)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, slow(1.2, stt=FakeRecognizer("tell me", "tell me something")))
    resumed = one(talk.events, "turn_resumed")
    assert all(event["t"] > resumed["t"] for event in of(talk.events, "reply_started", origin="filler"))


def test_half_duplex_does_not_hear_its_own_filler():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("reply_started", turn=2)
        await talk.speak(0.7)
        await talk.until("reply_finished", turn=1)

    setting = slow()
    setting.options = SessionOptions(ends_with_input=True, can_barge_in=False)
    talk = hold(user, setting)
    assert not of(talk.events, "overlap_started") + of(talk.events, "turn_resumed")


def test_an_answer_that_fails_waits_for_the_filler_too():
    down = ProviderUnavailable("it is down", provider="fake")
    talk = hold(one_question, slow(llm=FakeChatModel([down], first_token_s=0.7)))
    assert one(talk.events, "reply_started", turn=1)["origin"] == "fallback"
    assert one(talk.events, "reply_started", turn=1)["t"] >= one(talk.events, "reply_finished", turn=2)["t"]


def test_without_a_voice_nothing_is_filled():
    setting = slow()
    setting.tts, setting.phrases = None, {}
    assert not fillers(hold(one_question, setting))


# prompts


def asking(*replies: str, seconds: float = 4.0, **config) -> Setting:
    return Setting(
        llm=FakeChatModel(*replies),
        options=SessionOptions(),
        config=Config(reply=ReplyConfig(silence_prompt_s=seconds), **config),
    )


async def silent(talk: Talk) -> None:
    await talk.ask()
    await talk.until("reply_finished")
    await talk.quiet(30.0)
    talk.session.end("interrupt")


def test_silence_behind_a_question_of_ours_is_broken_once():
    talk = hold(silent, asking('What would you like to hear "today?"'))
    asked, prompt = one(talk.events, "reply_finished", turn=1), one(talk.events, "reply_started", origin="prompt")
    assert prompt["t"] - asked["t"] == pytest.approx(4.0, abs=0.1)
    assert prompt["turn"] == 2
    assert one(talk.events, "reply_finished", turn=2)["heard"] == STILL_THERE
    assert not of(talk.events, "transcript", turn=2)


def test_no_prompt_behind_a_statement_or_where_none_is_wanted():
    for setting in (asking("It is a fox."), asking("Is it?", seconds=0.0)):
        assert len(of(hold(silent, setting).events, "reply_started")) == 1


def test_a_question_that_was_cut_waits_for_no_answer():
    async def user(talk: Talk) -> None:
        await talk.ask()
        talk.press_key()
        await talk.quiet(20.0)
        talk.session.end("interrupt")

    assert not of(hold(user, asking("Would you like another one?")).events, "reply_started", origin="prompt")


@pytest.mark.parametrize("sound", ["speech", "typing"])
def test_an_answer_of_the_user_takes_the_question_away(sound):
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")
        await talk.quiet(3.9)
        if sound == "speech":
            await talk.speak(2.0)
        else:
            talk.type("yes please")
        await talk.until("reply_finished")
        await talk.quiet(20.0)
        talk.session.end("interrupt")

    talk = hold(user, asking("Would you like more?", "Here you are."))
    assert [event["origin"] for event in of(talk.events, "reply_started")] == ["user", "user"]


def test_a_sound_without_words_is_no_answer_and_the_silence_begins_again():
    setting = asking("Would you like more?")
    setting.stt = FakeRecognizer("tell me something", "", "")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")
        await talk.quiet(3.0)
        await talk.speak(0.5)
        await talk.until("turn_dropped")
        await talk.quiet(10.0)
        talk.session.end("interrupt")

    talk = hold(user, setting)
    dropped, prompt = one(talk.events, "turn_dropped"), one(talk.events, "reply_started", origin="prompt")
    assert prompt["t"] - dropped["t"] == pytest.approx(4.0, abs=0.1)


def test_a_cough_when_the_prompt_is_due_only_delays_it():
    async def user(talk: Talk) -> None:
        await talk.ask()
        asked = await talk.until("reply_finished")
        await talk.quiet(asked["t"] + 3.97 - talk.duplex.now_s())
        await talk.speak(0.03, 0.6)
        await talk.until("reply_finished", turn=2)
        talk.session.end("interrupt")

    assert one(hold(user, asking("Would you like more?")).events, "reply_started", origin="prompt")


@pytest.mark.parametrize(
    ("heard", "origin", "interrupted", "asks"),
    [
        ("Is it? ", Origin.USER, False, True),
        ("(Is it?)", Origin.GREETING, False, True),
        ("Is it?", Origin.USER, True, False),
        ("Is it?", Origin.PROMPT, False, False),
        ("It is.", Origin.USER, False, False),
        ("Is it? It is.", Origin.USER, False, False),
    ],
)
def test_what_counts_as_a_question_that_waits(heard, origin, interrupted, asks):
    silences = Silences(ReplyConfig(silence_prompt_s=4))
    silences.reply_over(Turn(1, origin, heard=heard, interrupted=interrupted), 10.0)
    assert silences.wants_prompt(14.0) is asks
    assert not silences.wants_prompt(13.9)


def test_the_greeting_may_ask_and_a_prompt_does_not_ask_again():
    async def user(talk: Talk) -> None:
        await talk.quiet(40.0)
        talk.session.end("interrupt")

    setting = asking("never")
    setting.options = SessionOptions(greeting="How can I help?")
    origins = [event["origin"] for event in of(hold(user, setting).events, "reply_started")]
    assert origins == ["greeting", "prompt"]


def test_a_prompt_that_is_talked_over_is_cut_like_any_reply():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("first_audio", turn=2)
        await talk.quiet(0.2)
        await talk.speak(1.0)
        await talk.until("reply_finished", turn=3)
        talk.session.end("interrupt")

    talk = hold(user, asking("What would you like?", "Fine."))
    assert one(talk.events, "barge_in")["turn"] == 2


def test_a_prompt_called_off_before_it_sounds_does_not_come_back():
    setting = asking("What would you like?", "Fine.")
    setting.tts = FakeSynthesizer(delay_s=0.5)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("reply_finished")
        await talk.quiet(4.1)
        await talk.speak(1.0)
        await talk.until("reply_finished")
        await talk.quiet(20.0)
        talk.session.end("interrupt")

    talk = hold(user, setting)
    assert [event["origin"] for event in of(talk.events, "reply_started")] == ["user", "user"]


def test_a_prompt_called_off_by_a_key_is_not_asked_again():
    setting = asking("What would you like?")
    setting.tts = FakeSynthesizer(delay_s=0.5)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.until("state", to="idle")
        await talk.until("state", to="thinking")
        await talk.quiet(0.1)
        talk.press_key()
        await talk.quiet(20.0)
        talk.session.end("interrupt")

    assert not of(hold(user, setting).events, "reply_started", origin="prompt")


def test_idle_time_counts_from_the_end_of_the_prompt():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(60.0)

    talk = hold(user, asking("What would you like?", session=SessionConfig(idle_timeout_s=6.0)))
    assert talk.events[-1]["reason"] == "idle"
    prompted_s = one(talk.events, "reply_finished", turn=2)["t"]
    assert talk.events[-1]["t"] - prompted_s == pytest.approx(6.0, abs=0.1)


def test_a_turn_of_full_length_is_answered_and_what_follows_is_another():
    async def user(talk: Talk) -> None:
        await talk.speak(5.0)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(config=Config(turn=TurnConfig(max_turn_s=3.0))))
    ended = one(talk.events, "turn_ended", turn=1)
    assert ended["reason"] == "limit"
    assert ended["t"] == pytest.approx(3.0, abs=0.05)
    assert one(talk.events, "transcript", turn=1)["audio_s"] == pytest.approx(3.0, abs=0.05)


def test_only_phrases_that_can_be_wanted_are_prepared():
    assert LET_ME_THINK not in phrases_for(ReplyConfig())
    assert {LET_ME_THINK, CONFIRM} <= set(phrases_for(ReplyConfig(filler_after_ms=1)))
    assert STILL_THERE in phrases_for(ReplyConfig(silence_prompt_s=1))
