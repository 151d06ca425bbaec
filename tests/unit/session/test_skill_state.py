"""What a session remembers for its skills."""

from __future__ import annotations

import math

import pytest

from localvoice.session.skill_state import SkillState
from localvoice.skills.contract import CancelTimers, ChangeRate, ChangeVolume, StartTimer


@pytest.mark.parametrize(
    ("effect", "rate", "volume"),
    [
        (ChangeRate(1.25), 2.0, 0.5),
        (ChangeRate(0.8), 0.5, 0.5),
        (ChangeVolume(1.5), 1.0, 1.0),
        (ChangeVolume(0.67), 1.0, 0.05),
    ],
    ids=["faster", "slower", "louder", "quieter"],
)
def test_however_often_it_is_asked_for_the_voice_stays_one_that_can_be_understood(effect, rate, volume):
    state = SkillState(volume=0.5, rate=1.0)
    for _ in range(20):
        state.apply(effect, 0.0)
    assert (state.rate, state.volume) == (rate, volume)


def test_the_first_timer_to_ring_is_the_one_that_is_due():
    state = SkillState(volume=1.0, rate=1.0)
    assert state.due_s == math.inf
    for seconds in (60, 5, 300):
        state.apply(StartTimer(seconds), 100.0)
    assert state.due_s == 105.0
    state.apply(CancelTimers(), 101.0)
    assert state.due_s == math.inf
