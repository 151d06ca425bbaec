"""Talking over a reply: cut, dismissed, typed over; what was heard stays, and no word is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from localvoice.audio.utterance import UtteranceBuffer
from localvoice.config import Config, HistoryConfig, TurnConfig
from localvoice.errors import ProviderBroken
from localvoice.messages import Role
from localvoice.session.conversation import SessionOptions
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer
from tests.scenarios import Listener, perform
from tests.virtual_time import Setting, Talk, hold, of, one

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."
RATE_HZ = 16_000
EDGE_MS = 5


def conversation_of(model: FakeChatModel, call: int = -1) -> list[tuple[str, str]]:
    return [(one.role.value, one.text) for one in model.histories[call] if one.role is not Role.SYSTEM]


def tone_cycles(played: np.ndarray) -> float:
    """Seconds of sound above -50 dBFS, gaps up to 5 ms included."""
    loud = np.abs(played) > 10 ** (-50 / 20)
    return float(np.count_nonzero(np.convolve(loud, np.ones(80), mode="same") > 0)) / RATE_HZ


def test_barge_in_keeps_only_heard_text():
    model = FakeChatModel(STORY, "Fine.")
    recognizer = FakeRecognizer("tell me a story please", "what about the", "what about the dog")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(1.2)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(stt=recognizer, llm=model))
    barge_in = one(talk.events, "barge_in")
    assert barge_in["turn"] == 1
    assert barge_in["heard"] == "Once upon a time"
    assert barge_in["heard"] + barge_in["unsaid"] == STORY
    assert 0 < barge_in["detect_ms"] <= 400
    assert barge_in["cut_ms"] == 0, "it was paused already"
    assert barge_in["stop_ms"] <= 110
    assert conversation_of(model) == [
        ("user", "tell me a story please"),
        ("assistant", "Once upon a time"),
        ("user", "what about the dog"),
    ]
    assert model.stopped <= 1


def test_the_reply_is_silent_right_after_the_detecting_window():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(1.2)
        await talk.until("barge_in")
        talk.session.end("interrupt")

    talk = hold(user, Setting(llm=FakeChatModel(STORY)))
    detected_s = of(talk.events, "speech_started")[1]["detected_t"]
    after = talk.played[round((detected_s + 0.020) * RATE_HZ) :]
    assert not after.any(), "ramp of at most 10 ms, begun within 10 ms"
    barge_in = one(talk.events, "barge_in")
    loud_s = np.flatnonzero(np.abs(talk.played) > 10 ** (-50 / 20))[-1] / RATE_HZ
    onset_s = barge_in["t"] - barge_in["detect_ms"] / 1000
    assert barge_in["stop_ms"] / 1000 == pytest.approx(loud_s - onset_s, abs=0.004)


def test_a_cut_by_key_stops_within_25_ms():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.003)
        talk.press_key()
        await talk.until("reply_finished")
        await talk.quiet(0.3)

    talk = hold(user, Setting(llm=FakeChatModel(STORY)))
    barge_in = one(talk.events, "barge_in")
    loud_s = np.flatnonzero(np.abs(talk.played) > 10 ** (-50 / 20))[-1] / RATE_HZ
    assert barge_in["detect_ms"] == 0
    assert 0 < barge_in["cut_ms"] <= 25
    assert barge_in["stop_ms"] == barge_in["cut_ms"] == pytest.approx((loud_s - barge_in["t"]) * 1000, abs=2)
    assert not of(talk.events, "overlap_started")


def test_a_cut_before_it_sounds_was_not_heard_and_both_texts_are_one():
    model = FakeChatModel(STORY, "Fine.")
    recognizer = FakeRecognizer("tell me a story", "no wait", "no wait a song")

    class Mute(FakeSynthesizer):
        """The first words of every clause are too quiet to be heard."""

        def _chunk(self, clause):
            chunk = super()._chunk(clause)
            chunk.samples[:20_000] = 0.0
            return chunk

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("reply_started")
        await talk.quiet(0.6)
        await talk.speak(1.0)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(stt=recognizer, llm=model, tts=Mute()))
    barge_in = one(talk.events, "barge_in")
    assert barge_in["heard"] == ""
    assert barge_in["unsaid"] == one(talk.events, "reply_finished", turn=1)["text"]
    assert not of(talk.events, "first_audio", turn=1)
    assert conversation_of(model) == [("user", "tell me a story no wait a song")]


def test_a_false_alarm_resumes_and_loses_no_word():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.064)
        await talk.until("reply_finished")

    plain = hold(lambda talk: talk.ask(), Setting(llm=FakeChatModel(STORY)))
    talk = hold(user, Setting(llm=FakeChatModel(STORY)))
    assert one(talk.events, "false_alarm")["reason"] == "noise"
    finished = one(talk.events, "reply_finished")
    assert (finished["heard"], finished["interrupted"]) == (STORY, False)
    began, ended = tone_cycles(plain.played), tone_cycles(talk.played)
    assert began <= ended < began + 0.7, "the interrupted word is said again, nothing is left out"


def test_the_resume_begins_at_the_interrupted_words_edge():
    voice = FakeSynthesizer()

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.064)
        await talk.until("false_alarm")
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel("abcdefghij klmnopqrst uvwxyz abcdef. Yes."), tts=voice))
    first = one(talk.events, "first_audio")["t"]
    false_alarm = one(talk.events, "false_alarm")
    resumed_s = false_alarm["t"] - 0.005
    loud = np.abs(talk.played) > 10 ** (-50 / 20)
    silent_from = round(resumed_s * RATE_HZ) - 480
    assert not loud[silent_from : round(resumed_s * RATE_HZ)].any()
    after = np.flatnonzero(loud[round(resumed_s * RATE_HZ) :])[0] / RATE_HZ
    assert after <= 0.012
    finished_s = one(talk.events, "reply_finished")["t"]
    sounded = finished_s - resumed_s
    total_s = 0.05 * len("abcdefghij klmnopqrst uvwxyz abcdef. Yes.")
    edges_s = [0.05 * at for at in (11, 22)]
    assert min(abs(total_s - edge - sounded) for edge in edges_s) < 0.03, (first, sounded)


@pytest.mark.parametrize("length_s", [0.064, 0.16, 0.2, 0.3])
@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.5])
def test_resume_deadlines(length_s, delay_s):
    recognizer = FakeRecognizer("tell me a story", "mm-hm", delay_s=delay_s)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.01)
        talk.began_s = talk.duplex.now_s()
        await talk.speak(length_s)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, Setting(llm=FakeChatModel(STORY), stt=recognizer))
    if of(talk.events, "barge_in"):
        assert delay_s == 0.5, "not read in time"
        assert length_s == 0.3, "and long enough for a word"
        return
    false_alarm = one(talk.events, "false_alarm")
    assert false_alarm["t"] - talk.began_s <= (0.6 if length_s <= 0.2 else length_s + 0.4) + 0.01


@pytest.mark.parametrize(("confidence", "outcome"), [(0.3, "false_alarm"), (0.9, "barge_in")])
def test_words_that_the_recogniser_doubts_do_not_cut_a_reply(confidence, outcome):
    recognizer = FakeRecognizer("tell me a story", "argentina", confidence=confidence)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.2)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY)))
    assert [event["type"] for event in talk.events if event["type"] in {"false_alarm", "barge_in"}] == [outcome]


def test_a_long_mm_hm_goes_on():
    recognizer = FakeRecognizer("tell me a story", "mm-hm", delay_s=0.08)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.7)
        await talk.until("reply_finished")

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY)))
    assert one(talk.events, "false_alarm")["reason"] == "backchannel"
    assert one(talk.events, "reply_finished")["heard"] == STORY


def test_stop_cuts_at_once():
    recognizer = FakeRecognizer("tell me a story", "stop", delay_s=0.02)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.35)
        await talk.until("reply_finished", turn=1)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY, "Okay.")))
    assert one(talk.events, "barge_in")["detect_ms"] < 350


def test_an_answer_of_the_recogniser_is_not_taken_for_the_next_sound():
    """The first sound's words arrive when the second one is being judged."""
    recognizer = FakeRecognizer("tell me a story", "seven", "seven", "mm-hm", delay_s=0.55)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(0.2)
        await talk.until("false_alarm")
        await talk.speak(0.2)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY)))
    assert not of(talk.events, "barge_in")
    assert len(of(talk.events, "false_alarm")) == 2
    assert recognizer.cancelled >= 1


def test_a_stop_that_is_read_late_cuts_the_reply_that_goes_on():
    recognizer = FakeRecognizer("tell me a story", "stop", delay_s=0.6)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(0.2)
        await talk.until("false_alarm")
        await talk.until("barge_in")
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY, "Okay.")))
    first, second = of(talk.events, "overlap_started")
    assert first["t"] == second["t"] == of(talk.events, "speech_started")[1]["t"]
    assert one(talk.events, "barge_in")["detect_ms"] < 1200


class Judge:
    """Always of the same opinion."""

    def __init__(self, content: float, backchannel: float) -> None:
        self.heard: list[int] = []
        self._opinion = content, backchannel

    def judge(self, *views: np.ndarray) -> tuple[float, float]:
        self.heard += [len(view) for view in views]
        return self._opinion


def test_a_sound_that_is_surely_speech_cuts_before_the_words_are_known():
    judge = Judge(0.97, 0.01)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.6)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, Setting(llm=FakeChatModel(STORY), sound_judge=judge))
    assert one(talk.events, "barge_in")["detect_ms"] <= 150
    assert judge.heard == [pytest.approx(RATE_HZ * (0.1 + 0.104), abs=100)], "100 ms before the onset are heard as well"


def test_a_sound_is_judged_by_the_same_stretch_of_both_ears():
    judge, second = Judge(0.97, 0.01), UtteranceBuffer(60.0)
    second.append(np.zeros(60 * RATE_HZ, dtype=np.float32))

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.6)
        await talk.until("reply_finished", turn=1)

    hold(user, Setting(llm=FakeChatModel(STORY), sound_judge=judge, second_ear=second))
    first, other = judge.heard
    assert first == other == pytest.approx(RATE_HZ * (0.1 + 0.104), abs=100)


@pytest.mark.parametrize(
    ("text", "outcome"), [("Once there was a fox. It ran.", "false_alarm"), ("Do you like foxes?", "barge_in")]
)
def test_a_yes_is_an_answer_behind_a_question_and_else_a_backchannel(text, outcome):
    recognizer = FakeRecognizer("tell me a story", "yes", delay_s=0.05)
    length_s = 0.05 * len(text)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(length_s - 0.35)
        await talk.speak(0.35)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(text, "Fine."), sound_judge=Judge(0.05, 0.9)))
    assert one(talk.events, outcome)


def test_who_speaks_in_the_silence_behind_the_last_word_interrupts_nothing():
    class Slow(FakeSynthesizer):
        """Half a second of silence stands behind every clause."""

        def _chunk(self, clause):
            chunk = super()._chunk(clause)
            return replace(chunk, samples=np.concatenate((chunk.samples, np.zeros(RATE_HZ // 2, dtype=np.float32))))

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.05 * len("Fine.") + 0.15)
        await talk.speak(0.8)
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(llm=FakeChatModel("Fine.", "Good."), tts=Slow()))
    assert not of(talk.events, "overlap_started")
    finished = one(talk.events, "reply_finished", turn=1)
    assert (finished["heard"], finished["interrupted"]) == ("Fine.", False)


def test_words_that_the_reply_is_just_saying_are_its_echo():
    recognizer = FakeRecognizer("tell me a story", "upon at time", delay_s=0.05)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(0.3)
        await talk.until("reply_finished", turn=1)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY)))
    assert one(talk.events, "false_alarm")["reason"] == "echo"


def test_ducking_lowers_the_reply_by_20_db_and_restores_it():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        await talk.speak(0.064)
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(STORY), config=Config(turn=TurnConfig(overlap="duck"))))
    assert one(talk.events, "overlap_started")["action"] == "duck"
    detected_s = of(talk.events, "speech_started")[1]["detected_t"]
    lowered = talk.played[round((detected_s + 0.02) * RATE_HZ) :][:800]
    assert np.abs(lowered).max() == pytest.approx(0.025, rel=0.05)
    full_s = one(talk.events, "false_alarm")["t"]
    assert np.abs(talk.played[round((full_s + 0.01) * RATE_HZ) :][:1600]).max() == pytest.approx(0.25, rel=0.02)


def test_a_ducked_reply_that_ends_leaves_the_user_the_turn():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.2)
        await talk.speak(0.8)
        await talk.until("reply_finished", turn=2)

    config = Config(turn=TurnConfig(overlap="duck", overlap_decide_ms=700))
    talk = hold(user, Setting(llm=FakeChatModel("Yes I do.", "Fine."), config=config))
    barge_in = one(talk.events, "barge_in")
    assert (barge_in["heard"], barge_in["unsaid"]) == ("Yes I do.", "")


def test_typing_over_a_reply_cuts_it():
    model = FakeChatModel(STORY, "Fine.")

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        talk.type("something else")
        await talk.until("reply_finished", turn=2)

    talk = hold(user, Setting(llm=model))
    barge_in = one(talk.events, "barge_in")
    assert (barge_in["detect_ms"], barge_in["turn"]) == (0, 1)
    assert one(talk.events, "transcript", turn=2)["engine"] == "typed"
    assert conversation_of(model)[-1] == ("user", "something else")


def test_an_interrupted_reply_may_be_forgotten():
    model = FakeChatModel(STORY, "Fine.")
    config = Config(history=HistoryConfig(keep_interrupted="none"))

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(1.0)
        talk.type("something else")
        await talk.until("reply_finished", turn=2)

    hold(user, Setting(llm=model, config=config))
    assert "Once" not in str(conversation_of(model))
    assert conversation_of(model)[-1][1].endswith("something else")


def test_a_key_while_it_thinks_calls_the_answer_off():
    model = FakeChatModel(STORY, first_token_s=2.0)

    async def user(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.until("transcript")
        talk.press_key()
        await talk.until("state", to="idle")

    talk = hold(user, Setting(llm=model))
    assert not of(talk.events, "reply_started")
    assert model.stopped == 1


def test_half_duplex_does_not_listen_while_it_speaks():
    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(1.0)
        await talk.until("reply_finished")

    options = SessionOptions(ends_with_input=True, can_barge_in=False)
    talk = hold(user, Setting(llm=FakeChatModel(STORY), options=options))
    assert one(talk.events, "reply_finished")["heard"] == STORY
    assert not of(talk.events, "overlap_started")


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.3, 1.0, 1.7, 2.4])
def test_words_are_heard_when_their_last_sample_sounded(after_s):
    """The tone of each word is 50 ms a character: the tape says what was heard."""
    text = "one two three four five six seven eight nine ten."

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(after_s)
        talk.press_key()
        await talk.until("reply_finished")

    talk = hold(user, Setting(llm=FakeChatModel(text)))
    heard = one(talk.events, "reply_finished")["heard"]
    first_s = one(talk.events, "reply_started")["t"]
    loud = np.flatnonzero(np.abs(talk.played) > 10 ** (-60 / 20))
    sounded_s = loud[-1] / RATE_HZ - first_s
    ends = [0.05 * len(text[:at]) for at in range(len(text) + 1) if at == len(text) or text[at] == " "]
    words = sum(end <= sounded_s + 0.003 for end in ends)
    assert heard == " ".join(text.split()[:words])


BROKEN = ProviderBroken("it broke", provider="fake")


@pytest.mark.parametrize(("sound_s", "read", "outcome"), [(0.2, [BROKEN], "false_alarm"), (1.2, ["yes"], "barge_in")])
def test_a_sound_whose_words_cannot_be_read_is_decided_without_them(sound_s, read, outcome):
    recognizer = FakeRecognizer("tell me a story", BROKEN, *read)

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(sound_s)
        await talk.until("reply_finished", turn=2 if outcome == "barge_in" else 1)

    talk = hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY, "Fine.")))
    assert one(talk.events, outcome)["turn"] == 1
    assert not of(talk.events, "error")
    assert of(talk.events, "reply_finished")[-1]["heard"] == ("Fine." if outcome == "barge_in" else STORY)


class Humming:
    """A judge of sounds that hears an "mm-hm" in each."""

    def judge(self, *_views: np.ndarray) -> tuple[float, float]:
        return 0.02, 0.97

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("how", ["pause", "duck"])
@pytest.mark.parametrize("before_its_end_s", [0.1, 0.2, 0.3])
def test_attention_shown_as_the_reply_ends_is_no_turn_and_the_reply_was_heard(how, before_its_end_s):
    text, listener = "Once upon a time there was one.", Listener()

    async def user(talk: Talk) -> None:
        await perform(talk, "say tell me more please", listener)
        await talk.until("first_audio")
        await talk.quiet(len(text) * 0.05 - before_its_end_s)
        await perform(talk, "say mm-hm", listener)
        await talk.quiet(3.0)

    config = Config(turn=TurnConfig(overlap=how))
    talk = hold(user, Setting(stt=listener, llm=FakeChatModel(text), config=config, sound_judge=Humming()))
    assert [event["turn"] for event in of(talk.events, "transcript")] == [1]
    assert one(talk.events, "false_alarm")["reason"] == "backchannel"
    finished = one(talk.events, "reply_finished")
    assert (finished["heard"], finished["interrupted"]) == (text, False)
    assert finished["t"] >= one(talk.events, "false_alarm")["t"] - 0.005


def test_words_as_a_lowered_reply_ends_take_the_floor_once_and_nothing_was_unsaid():
    text, listener = "Once upon a time there was one.", Listener()

    async def user(talk: Talk) -> None:
        await perform(talk, "say tell me more please", listener)
        await talk.until("first_audio")
        await talk.quiet(len(text) * 0.05 - 0.2)
        await perform(talk, "say and what about the dog", listener)
        await talk.until("reply_finished", turn=2)

    config = Config(turn=TurnConfig(overlap="duck"))
    talk = hold(user, Setting(stt=listener, llm=FakeChatModel(text, "Fine."), config=config))
    barge_in = one(talk.events, "barge_in")
    assert (barge_in["heard"], barge_in["unsaid"]) == (text, "")
    assert [event["text"] for event in of(talk.events, "transcript")][-1] == "and what about the dog"
