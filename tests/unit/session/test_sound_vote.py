"""How a pause sounds has a vote on the end of the turn: in time, about the right sound, and never in the way."""

from __future__ import annotations

import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.config import Config, ReplyConfig
from localvoice.errors import ProviderBroken
from tests.fakes import FakeRecognizer, FakeTurnDetector
from tests.virtual_time import Setting, Talk, hold, of, one

ON_ITS_OWN = Config(reply=ReplyConfig(prepare=False))
"""No words before the end of the turn."""


async def asks(talk: Talk) -> None:
    await talk.quiet(1.0)
    await talk.speak(2.5)
    await talk.until("reply_finished")


def silence_ms(talk: Talk) -> float:
    return one(talk.events, "turn_ended")["silence_ms"]


def test_what_sounds_finished_is_answered_sooner_and_what_does_not_later():
    waits = [
        silence_ms(hold(asks, Setting(ear=ear, config=ON_ITS_OWN)))
        for ear in (FakeTurnDetector(0.99), None, FakeTurnDetector(0.001))
    ]
    assert waits == sorted(waits)
    assert waits[0] < waits[1] - 100 < waits[2] - 200


def test_it_hears_the_turn_from_half_a_second_before_its_onset_up_to_the_pause():
    ear = FakeTurnDetector(0.99)
    hold(asks, Setting(ear=ear))
    [sound] = ear.heard
    seconds = len(sound) / SPEECH_RATE_HZ
    assert 0.5 + 2.5 + 0.096 <= seconds <= 0.5 + 2.5 + 0.096 + 3 * 0.032
    assert not sound[: round(0.4 * SPEECH_RATE_HZ)].any()
    assert sound[round(0.6 * SPEECH_RATE_HZ) : round(2.4 * SPEECH_RATE_HZ)].all()


def test_of_a_long_turn_it_hears_the_last_eight_seconds():
    async def talks_for_long(talk: Talk) -> None:
        await talk.speak(12.0)
        await talk.until("reply_finished")

    ear = FakeTurnDetector(0.99)
    hold(talks_for_long, Setting(ear=ear))
    assert [len(sound) for sound in ear.heard] == [8 * SPEECH_RATE_HZ]


def test_each_pause_is_heard_with_all_of_the_turn_before_it():
    ear = FakeTurnDetector(0.01, 0.99)

    async def pauses_once(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(0.4)
        await talk.speak(1.0)
        await talk.until("reply_finished")

    hold(pauses_once, Setting(ear=ear))
    first, second = (len(sound) / SPEECH_RATE_HZ for sound in ear.heard)
    assert second == pytest.approx(first + 1.4, abs=0.1)


def test_a_sure_word_does_not_overtake_the_ear():
    quick, slow = (
        hold(asks, Setting(stt=FakeRecognizer("stop", delay_s=0.02), ear=FakeTurnDetector(0.99, delay_s=delay_s)))
        for delay_s in (0.02, 0.3)
    )
    assert silence_ms(quick) < 300 <= silence_ms(slow) < 500


def test_an_ear_that_never_answers_costs_the_plain_wait():
    talk = hold(asks, Setting(stt=FakeRecognizer("stop"), ear=FakeTurnDetector(0.99, delay_s=30.0)))
    assert 600 <= silence_ms(talk) < 640


@pytest.mark.parametrize("slow", ["words", "sound"])
def test_going_on_calls_the_question_off(slow):
    ear = FakeTurnDetector(0.99, delay_s=1.0 if slow == "sound" else 0.01)
    stt = FakeRecognizer("tell me something", delay_s=1.0 if slow == "words" else 0.01)

    async def pauses_once(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(0.3)
        await talk.speak(1.0)
        await talk.until("reply_finished")

    talk = hold(pauses_once, Setting(ear=ear, stt=stt))
    assert ear.cancelled == (slow == "sound")
    assert len(of(talk.events, "turn_ended")) == 1


def test_a_detector_that_fails_is_done_without():
    talk = hold(asks, Setting(ear=FakeTurnDetector(ProviderBroken("out of order", provider="fake-ear"))))
    assert not of(talk.events, "error")
    assert one(talk.events, "reply_finished")["heard"]


def test_a_session_that_ends_does_not_wait_for_it():
    async def leaves(talk: Talk) -> None:
        await talk.speak(1.0)
        await talk.quiet(0.15)

    talk = hold(leaves, Setting(ear=FakeTurnDetector(0.99, delay_s=60.0)))
    assert one(talk.events, "session_ended")["t"] < 10.0
