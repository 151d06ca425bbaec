"""Answers prepared while it is decided whether the turn is over: what is gained, what is held back, what is dropped."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from localvoice.config import Config, ReplyConfig, TurnConfig
from localvoice.errors import ProviderUnavailable
from localvoice.event_log import EventLog
from localvoice.messages import Message, Role, SpeechChunk, ToolCall
from localvoice.session.conversation import SessionOptions
from localvoice.session.hand import House
from localvoice.session.log import SessionLog
from localvoice.session.phrases import CLARIFY, GOODBYE
from localvoice.session.tape import Tape
from localvoice.session.warming import Warming
from localvoice.turn.observations import Observation
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer, HearingAlong
from tests.virtual_time import Setting, Talk, hold, of, one

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."
FIRST = "Once upon a time there was a fox."
QUESTION = "xyzzy plugh"
"""Words that have no vote: the wait is 600 ms."""
DOWN = ProviderUnavailable("it is down", provider="fake")
KNOWN_MS = (64, 50, 80, 40)
"""Until speech is known to have ended, recogniser, first token, first speech."""


def engines(text: str = STORY, *, words: Sequence[str] = (QUESTION,), **config) -> Setting:
    """Engines of known delay: 50, 80 and 40 ms."""
    return Setting(
        stt=FakeRecognizer(*words, delay_s=0.05),
        llm=FakeChatModel(text, first_token_s=0.08, token_s=0.01),
        tts=FakeSynthesizer(delay_s=0.04),
        config=Config(**config),
    )


async def one_question(talk: Talk) -> None:
    await talk.speak(1.0)
    await talk.until("turn_metrics")


def users(histories: Sequence[Sequence[Message]]) -> list[str]:
    return [message.text for message in histories[-1] if message.role is Role.USER]


@pytest.mark.parametrize("words", ["Thank you.", QUESTION, "I would like to"])
def test_the_reply_sounds_as_soon_as_the_turn_is_over(words):
    talk = hold(one_question, engines(words=[words]))
    ended, audio = one(talk.events, "turn_ended"), one(talk.events, "first_audio")
    assert audio["latency_ms"] <= max(ended["silence_ms"], sum(KNOWN_MS)) + 40


def test_work_done_in_the_wait_counts_nothing_and_is_told():
    talk = hold(one_question, engines())
    assert one(talk.events, "reply_started")["speculative"] is True
    metrics = one(talk.events, "turn_metrics")
    hidden = [f"{stage}_ms" for stage in ("stt", "llm_first_token", "llm_first_sentence", "tts_first_audio")]
    assert [metrics["stages"][stage] for stage in hidden] == [0.0] * 4
    assert metrics["stages"]["endpoint_ms"] == one(talk.events, "turn_ended")["silence_ms"]
    words_s = 0.01 * len(FIRST.split())
    assert metrics["saved_ms"] == pytest.approx(1000 * (0.05 + 0.08 + words_s + 0.04), abs=20)
    prepared = talk.events[-1]["prepared"]
    assert (prepared["used"], prepared["dropped"]) == (1, 0)
    assert prepared["saved_ms"] == metrics["saved_ms"]


def test_a_prepared_reply_is_the_same_as_any_other():
    plain = hold(one_question, engines(reply=ReplyConfig(prepare=False)))
    prepared = hold(one_question, engines())
    kinds = [[event["type"] for event in talk.events if event["type"] != "state"] for talk in (plain, prepared)]
    assert kinds[0] == kinds[1]
    for kind in ("sentence", "reply_finished", "transcript"):
        told = [[{**event, "t": 0, "audio_s": 0} for event in of(talk.events, kind)] for talk in (plain, prepared)]
        assert told[0] == told[1]
    assert one(plain.events, "reply_started")["speculative"] is False


def test_nothing_is_handed_to_the_player_and_nothing_told_before_the_turn_is_over():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(0.55)
        assert not any(event["type"] in {"turn_ended", "transcript", "reply_started"} for event in talk.events)
        assert setting.tts.clauses, "it is prepared by now"
        await talk.until("turn_metrics")

    setting = engines()
    talk = hold(user, setting)
    before = talk.played[: round(one(talk.events, "turn_ended")["t"] * 16_000)]
    assert not before.any()


def test_no_more_than_the_first_clause_is_spoken_and_a_few_tokens_written_beforehand():
    class Counting(FakeChatModel):
        written = 0

        async def reply(self, history, tools=()):
            async for part in super().reply(history, tools):
                self.written += 1
                yield part

    model = Counting(" ".join(["word"] * 300) + ".", first_token_s=0.01, token_s=0.001)
    seen = []

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(1.5)
        seen.extend([model.written, list(setting.tts.clauses)])
        talk.session.end("interrupt")

    setting = engines(words=["I would like to"])
    setting.llm = model
    hold(user, setting)
    written, clauses = seen
    assert len(clauses) == 1
    assert written <= len(clauses[0].split()) + 1 + 32 + 2


@pytest.mark.parametrize("after_ms", range(110, 620, 15))
def test_a_user_who_goes_on_voids_it_wherever_it_is(after_ms):
    """The windows of the pause run through every await: recogniser, first token, tokens, voice, the end of the turn."""
    setting = engines(words=["what is", "what is the capital of France"])

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(after_ms / 1000)
        await talk.speak(0.8)
        await talk.until("turn_metrics")

    talk = hold(user, setting)
    assert [event["text"] for event in of(talk.events, "transcript")] == ["what is the capital of France"]
    assert users(setting.llm.histories) == ["what is the capital of France"]
    assert one(talk.events, "reply_finished")["text"] == STORY
    assert one(talk.events, "turn_metrics")["characters"] == len(STORY), "the dropped clause was not said as well"
    first = round(one(talk.events, "first_audio")["t"] * 16_000)
    assert not talk.played[: first - 160].any(), "nothing of it was heard"
    assert setting.tts.clauses.count(FIRST) <= 2


def test_the_engines_are_stopped_as_soon_as_the_user_goes_on():
    setting = engines(words=["what is", "what is the capital of France"])
    setting.llm = FakeChatModel(STORY, first_token_s=5.0)

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(0.5)
        assert setting.llm.stopped == 0
        await talk.speak(0.2)
        assert setting.llm.stopped == 1, "while the user is still speaking"
        talk.session.end("interrupt")

    hold(user, setting)


def test_what_was_dropped_is_counted():
    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(0.5)
        await talk.speak(0.8)
        await talk.until("turn_metrics")

    talk = hold(user, engines(words=["what is", "what is the capital of France"]))
    prepared = talk.events[-1]["prepared"]
    assert (prepared["used"], prepared["dropped"]) == (1, 1)
    assert 0 < prepared["dropped_characters"] <= len(STORY)


def test_a_tool_of_the_model_waits_for_the_end_of_the_turn():
    call = ToolCall("calculate", {"expression": "6*7"}, id="1")
    setting = engines()
    setting.llm = FakeChatModel([call], "Forty-two.", first_token_s=0.08)

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(0.5)
        assert len(setting.llm.histories) == 1, "it has asked for the tool"
        assert not of(talk.events, "tool")
        await talk.until("turn_metrics")

    talk = hold(user, setting)
    assert one(talk.events, "tool")["t"] >= one(talk.events, "turn_ended")["t"]
    assert one(talk.events, "reply_started")["speculative"] is False, "no word of the reply was there"
    assert one(talk.events, "reply_finished")["heard"] == "Forty-two."


def test_a_tool_asked_for_in_vain_is_never_run():
    call = ToolCall("set_timer", {"seconds": 5}, id="1")
    setting = engines(words=["what is", "what is this"])
    setting.llm = FakeChatModel([call], "A fox.", first_token_s=0.08)

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(0.5)
        await talk.speak(0.8)
        await talk.until("turn_metrics")
        await talk.quiet(6.0)

    talk = hold(user, setting)
    assert not of(talk.events, "tool")
    assert len(of(talk.events, "reply_started")) == 1, "no timer rings"


@pytest.mark.parametrize(("words", "speculative"), [("what is seven plus eight", True), ("add milk to my list", False)])
def test_a_skill_is_prepared_where_it_changes_nothing(words, speculative):
    talk = hold(one_question, engines(words=[words]))
    assert one(talk.events, "reply_started")["speculative"] is speculative
    kinds = [event["type"] for event in talk.events]
    assert kinds.index("transcript") < kinds.index("tool") < kinds.index("reply_started")
    assert one(talk.events, "tool")["t"] >= one(talk.events, "turn_ended")["t"]


def test_a_skill_that_was_prepared_in_vain_is_not_told():
    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(0.25)
        await talk.speak(0.8)
        await talk.until("turn_metrics")

    words = ["what is seven plus eight", "what is seven plus eight plus nine"]
    talk = hold(user, engines(words=words, turn=TurnConfig(sure_ms=600)))
    assert one(talk.events, "tool")["result"] == "24"


@pytest.mark.parametrize("reply", [ReplyConfig(prepare=False), ReplyConfig()])
def test_without_leave_nothing_is_written_before_the_turn_is_over(reply):
    setting = engines(reply=reply)
    if reply.prepare:
        setting.paid = frozenset({"fake-llm"})

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("turn_ended")
        assert not setting.llm.histories
        await talk.until("turn_metrics")

    talk = hold(user, setting)
    assert one(talk.events, "reply_started")["speculative"] is False
    assert one(talk.events, "reply_finished")["heard"] == STORY


def test_paid_engines_prepare_where_that_is_asked_for():
    setting = engines(reply=ReplyConfig(prepare_paid=True))
    setting.paid = frozenset({"fake-llm", "fake-tts"})
    assert one(hold(one_question, setting).events, "reply_started")["speculative"] is True


def test_a_failure_in_the_wait_is_mended_after_it():
    setting = engines()
    setting.llm = FakeChatModel(["Once upon", DOWN], STORY, first_token_s=0.08)
    talk = hold(one_question, setting)
    assert not of(talk.events, "error")
    assert one(talk.events, "transcript")
    assert one(talk.events, "reply_finished")["text"] == STORY
    assert one(talk.events, "reply_started")["speculative"] is False
    assert len(setting.stt.heard) == 1, "what was understood is kept"


def test_a_failure_in_the_wait_is_not_told_to_a_user_who_goes_on():
    setting = engines(words=["what is", "what is this"])
    setting.llm = FakeChatModel(DOWN, STORY, first_token_s=0.08)

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(0.5)
        await talk.speak(0.8)
        await talk.until("turn_metrics")

    talk = hold(user, setting)
    assert not of(talk.events, "error")
    assert one(talk.events, "reply_finished")["text"] == STORY


def test_a_slow_first_sentence_goes_on_where_it_was():
    setting = engines()
    setting.llm = FakeChatModel(STORY, first_token_s=0.3, token_s=0.1)
    talk = hold(one_question, setting)
    assert len(setting.llm.histories) == 1
    assert one(talk.events, "reply_started")["speculative"] is True
    metrics = one(talk.events, "turn_metrics")
    assert metrics["stages"]["llm_first_token_ms"] == 0.0
    assert metrics["stages"]["llm_first_sentence_ms"] > 0.0


def test_without_a_voice_the_text_is_prepared():
    setting = engines()
    setting.tts = None
    talk = hold(one_question, setting)
    assert one(talk.events, "reply_started")["speculative"] is True
    assert one(talk.events, "reply_started")["t"] - one(talk.events, "turn_ended")["t"] < 0.02


def test_the_end_of_the_session_drops_what_is_prepared():
    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(0.5)
        talk.ended_s = talk.duplex.now_s()
        talk.session.end("interrupt")
        await asyncio.sleep(60)

    talk = hold(user, engines())
    assert talk.duplex.now_s() - talk.ended_s < 0.05
    assert not of(talk.events, "transcript")
    assert not np.any(talk.played)


class Quick(FakeRecognizer):
    """Done before the pause is certain."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*texts, delay_s=0.02)


@pytest.mark.parametrize("recognizer", [Quick, FakeRecognizer])
def test_the_words_of_a_pause_have_a_vote_however_early_they_are_read(recognizer):
    setting = engines()
    setting.stt = recognizer("Thank you.")
    ended = one(hold(one_question, setting).events, "turn_ended")
    assert ended["reason"] == "complete"
    assert ended["silence_ms"] < 240


def first_asked(recognizer: FakeRecognizer) -> list[float]:
    """How long behind the end of the sound, for two questions."""
    setting = engines()
    setting.stt = recognizer
    began = []

    async def user(talk: Talk) -> None:
        for _ in range(2):
            await talk.speak(1.0)
            quiet_s, asked = talk.duplex.now_s(), len(recognizer.heard)
            while len(recognizer.heard) == asked:
                await talk.quiet(0.005)
            began.append(talk.duplex.now_s() - quiet_s)
            await talk.until("turn_metrics")

    hold(user, setting)
    return began


class BreakingOff(FakeRecognizer):
    """One that a pause costs nothing that was none."""

    breaks_off = True


def test_a_slow_recogniser_is_asked_only_once_the_pause_is_certain():
    began = first_asked(FakeRecognizer("tell me something", delay_s=0.15))
    assert began[1] - began[0] >= 0.03, "nothing was known of it the first time"


def test_a_slow_recogniser_that_breaks_off_is_asked_with_the_first_quiet_window():
    began = first_asked(BreakingOff("tell me something", delay_s=0.15))
    assert began[1] == pytest.approx(began[0], abs=0.02)


def test_a_dip_within_a_word_voids_what_was_begun():
    setting = engines()
    setting.stt = FakeRecognizer("what is", "what is the capital of France", delay_s=0.09)

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(0.05)
        await talk.speak(0.8)
        await talk.until("turn_metrics")

    talk = hold(user, setting)
    assert len(of(talk.events, "speech_started")) == 1
    assert setting.stt.cancelled == 1
    assert one(talk.events, "transcript")["text"] == "what is", "the script's first entry was not used up"
    assert talk.events[-1]["prepared"]["dropped"] == 0


def test_what_was_spoken_before_the_session_is_said_without_the_voice():
    tone = np.full(4_000, 0.2, dtype=np.float32)
    setting = engines(words=["goodbye"])
    setting.phrases = {GOODBYE: SpeechChunk(GOODBYE, tone, 16_000)}
    setting.options = SessionOptions()

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.quiet(20.0)

    talk = hold(user, setting)
    assert one(talk.events, "reply_finished")["heard"] == GOODBYE
    assert not setting.tts.clauses


class Rejecting(FakeRecognizer):
    async def transcribe(self, samples):
        heard = await super().transcribe(samples)
        return replace(heard, rejected=heard.text == "blah")


def test_another_voice_or_pace_says_it_itself():
    tone = np.full(4_000, 0.2, dtype=np.float32)
    paid, slow = engines(), engines()
    paid.paid = frozenset({"fake-tts"})
    paid.stt, slow.stt = Rejecting("blah"), Rejecting("slow down", "blah")
    for setting in (paid, slow):
        setting.phrases = {CLARIFY: SpeechChunk(CLARIFY, tone, 16_000)}

    async def user(talk: Talk) -> None:
        await talk.speak(0.8)
        await talk.until("turn_metrics")

    async def twice(talk: Talk) -> None:
        await user(talk)
        await user(talk)

    hold(user, paid)
    hold(twice, slow)
    assert paid.tts.clauses == [CLARIFY]
    assert slow.tts.clauses[-1] == CLARIFY


def test_the_conversation_is_brought_into_the_models_cache_while_the_user_speaks():
    setting = engines()

    async def user(talk: Talk) -> None:
        await talk.speak(0.3)
        assert [message.role for message in setting.llm.prefilled[0]] == [Role.SYSTEM]
        await talk.until("turn_metrics")
        await talk.speak(0.3)
        assert [message.role for message in setting.llm.prefilled[-1]] == [Role.SYSTEM, Role.USER, Role.ASSISTANT]
        await talk.until("turn_metrics")

    hold(user, setting)


def test_before_anybody_speaks_the_system_prompt_is_in_the_cache():
    setting = engines()

    async def user(talk: Talk) -> None:
        await talk.until("session_started")
        await asyncio.sleep(0.1)
        assert [message.role for message in setting.llm.prefilled[0]] == [Role.SYSTEM]

    hold(user, setting)


async def test_a_session_that_ends_as_it_begins_leaves_no_call_to_the_model_behind():
    """A call that nobody awaits is told on standard error."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        async with asyncio.TaskGroup() as tasks:
            warming = Warming(FakeChatModel(STORY), lambda _: [Message(Role.SYSTEM, "be brief")], (), enabled=True)
            warming.attach(House(tasks, unheard, SessionLog(EventLog(), float, Tape(None)), bool))
            warming.stop()
        del warming
        gc.collect()
    assert [str(one.message) for one in told] == []


def unheard(seen: Observation) -> None:
    raise AssertionError(seen)


def test_nothing_is_brought_into_the_cache_where_preparing_is_switched_off():
    setting = engines(reply=ReplyConfig(prepare=False))
    hold(one_question, setting)
    assert setting.llm.prefilled == []


def test_what_was_heard_of_a_reply_is_in_the_cache_while_the_user_goes_on():
    setting = engines()

    async def user(talk: Talk) -> None:
        await talk.speak(0.5)
        await talk.until("first_audio")
        await asyncio.sleep(1.0)
        await talk.speak(1.5)
        (cut,) = of(talk.events, "barge_in")
        last = setting.llm.prefilled[-1][-1]
        assert (last.role, last.text) == (Role.ASSISTANT, cut["heard"].rstrip())

    hold(user, setting)


def test_words_that_will_not_change_go_into_the_cache_while_the_user_speaks():
    words = ["what", "is", "the", "capital", "of", "the", "country", "that", "we", "talked", "about", "yesterday"]
    spoken = [(0.2 + 0.2 * at, word) for at, word in enumerate(words)]
    setting = replace(engines(), stt=HearingAlong(spoken))

    async def user(talk: Talk) -> None:
        await talk.speak(0.3 + 0.2 * len(words))
        await talk.until("turn_metrics")

    hold(user, setting)
    said = [messages[-1].text for messages in setting.llm.prefilled if messages[-1].role is Role.USER]
    assert len(said) == 3
    assert all(" ".join(words).startswith(text) for text in said)
    assert [len(text.split()) for text in said] == [3, 6, 9]


def test_a_cache_that_takes_long_is_not_asked_for_twice_and_keeps_nobody_waiting_at_the_end():
    class Slow(FakeChatModel):
        async def prefill(self, history, tools=()):
            await super().prefill(history, tools)
            await asyncio.sleep(100)

    setting = engines()
    setting.llm = Slow(STORY)

    async def user(talk: Talk) -> None:
        for _ in range(2):
            await talk.speak(0.5)
            await talk.until("turn_metrics")

    talk = hold(user, setting)
    assert len(setting.llm.prefilled) == 1
    assert talk.duplex.now_s() < 20


def test_a_service_that_is_down_when_the_user_begins_to_speak_disturbs_nobody():
    class Down(FakeChatModel):
        async def prefill(self, history, tools=()):
            raise DOWN

    setting = engines()
    setting.llm = Down(STORY)
    assert not of(hold(one_question, setting).events, "error")
