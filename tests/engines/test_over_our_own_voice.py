"""Eight simulated rooms at array speed: our own voice never takes the floor from us, a user over it does.

The whole path is real: room, canceller, alignment, VAD, turn-taking and playback queue; only time is not.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.audio.scene import Conversation, Outcome, Scene, draw_scenes, with_users
from localvoice.audio.own_voice import Bars
from localvoice.audio.vad import VoiceActivity, load_vad

SECONDS = 20.0
USERS = ("en-us+f2", "en-gb+m1", "en-gb+f4")
ROOMS = [
    replace(scene, own_voice=("en-us", "piper")[number % 2], seconds=SECONDS, user_voices=USERS)
    for number, scene in enumerate(draw_scenes(8, first=500))
]


@pytest.fixture(scope="module")
def vad() -> VoiceActivity:
    return load_vad("silero")


def held(scene: Scene, vad: VoiceActivity, *, cancels: bool = True) -> Outcome:
    return Conversation(scene, vad, Bars(), cancels=cancels).run()


def test_our_own_voice_does_not_interrupt_us(vad):
    outcomes = [held(scene, vad) for scene in ROOMS]
    assert [len(outcome.cuts) for outcome in outcomes] == [0] * len(ROOMS)
    assert sum(len(outcome.pauses) for outcome in outcomes) <= 2
    assert sum(outcome.own_s for outcome in outcomes) > 0.95 * SECONDS * len(ROOMS)


@pytest.mark.parametrize(("ser_db", "least"), [(10.0, 0.97), (0.0, 0.9)])
def test_a_user_at_the_level_of_the_echo_gets_the_turn(vad, ser_db, least):
    outcomes = [held(scene, vad) for scene in with_users(ROOMS, ser_db)]
    users = [(outcome, user.start_s) for outcome in outcomes for user in outcome.spoken]
    cut = [any(start_s <= at_s <= start_s + 1.5 for at_s in outcome.cuts) for outcome, start_s in users]
    assert len(users) > len(ROOMS)
    assert sum(cut) >= least * len(cut)


def test_without_the_canceller_the_same_rooms_interrupt_us(vad):
    outcomes = [held(scene, vad, cancels=False) for scene in ROOMS[:4]]
    assert all(outcome.pauses for outcome in outcomes)
    assert any(outcome.cuts for outcome in outcomes)
