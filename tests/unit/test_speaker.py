"""The wait follows the speaker's own pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.turn.speaker import LEAST_STRETCH, MOST_STRETCH, USUAL_PAUSE_S, Speaker


def after(*pauses_s: float) -> float:
    speaker = Speaker()
    for pause_s in pauses_s:
        speaker.paused(pause_s)
    return speaker.stretch


def test_a_stranger_gets_the_preset():
    assert after() == 1.0
    assert after(*[USUAL_PAUSE_S] * 20) == pytest.approx(1.0)


def test_who_pauses_long_is_given_more_time_and_who_does_not_less():
    assert after(*[1.0] * 8) > 1.2
    assert after(*[0.2] * 8) < 0.9


def test_one_pause_says_little_and_many_say_it_all():
    assert 1.0 < after(0.9) < 1.15 < after(*[0.9] * 30)


@given(st.lists(st.floats(0.0, 60.0), max_size=40))
def test_no_speaker_changes_it_beyond_its_bounds(pauses_s):
    assert LEAST_STRETCH <= after(*pauses_s) <= MOST_STRETCH
