"""The waits follow the speaker's own pauses, and how sure their ends are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.turn.endpointing import SURE
from localvoice.turn.speaker import LEAST_STRETCH, MOST_STRETCH, USUAL_LONG_S, Speaker


def after(*pauses_s: float) -> float:
    speaker = Speaker()
    for pause_s in pauses_s:
        speaker.paused(pause_s)
    return speaker.pace.stretch


def test_a_stranger_gets_the_preset():
    assert after() == 1.0


def test_who_pauses_long_is_given_more_time_and_who_pauses_briefly_less():
    assert after(*[1.0] * 8) == pytest.approx(MOST_STRETCH)
    assert after(*[0.2] * 8) == pytest.approx(LEAST_STRETCH)


def test_the_wait_is_a_little_longer_than_four_in_five_of_the_last_pauses():
    assert after(*[0.2, 0.2, 0.2, 0.45, 0.8] * 8) == pytest.approx(0.45 / USUAL_LONG_S, rel=0.2)
    assert after(*[0.5] * 20) == pytest.approx(0.5 / USUAL_LONG_S)


def test_a_few_brief_pauses_say_little_and_a_long_one_among_them_something():
    assert after(0.2) > 0.8 > after(0.2, 0.2) > after(*[0.2] * 8)
    assert after(*[0.2] * 20, *[0.7] * 8) == pytest.approx(MOST_STRETCH), "what was long ago is forgotten"


@given(st.lists(st.floats(0.0, 60.0), max_size=40))
def test_no_speaker_changes_it_beyond_its_bounds(pauses_s):
    assert LEAST_STRETCH <= after(*pauses_s) <= MOST_STRETCH


def with_ends(*likely: float | None) -> Speaker:
    speaker = Speaker()
    for one in likely:
        speaker.finished(one)
    return speaker


def test_what_a_stranger_has_to_be_for_a_short_wait_is_what_the_program_says():
    assert with_ends().pace.sure == with_ends(None, None).pace.sure == pytest.approx(SURE)


@pytest.mark.parametrize("spread", [(0.58, 0.7), (0.6, 0.8), (0.7, 0.9)])
def test_half_of_a_speaker_s_ends_get_the_short_wait_however_sure_they_are(spread):
    draw, speaker = random.Random(5), Speaker()
    low, high = spread
    fast: list[bool] = []
    for _ in range(400):
        likely = draw.uniform(low, high)
        fast.append(likely >= speaker.pace.sure)
        speaker.finished(likely)
    assert 0.55 < sum(fast[100:]) / 300 < 0.65


def test_an_end_where_more_was_asked_of_it_moves_the_mark_by_what_it_was_beyond_that():
    as_sure, less = Speaker(), Speaker()
    as_sure.finished(0.9, surer=1.0)
    less.finished(0.9, surer=3.0)
    assert less.pace.sure < SURE < as_sure.pace.sure


@pytest.mark.parametrize(("likely", "bound"), [(1.0, 0.88), (0.0, 0.55)])
def test_whatever_their_ends_are_like_some_are_sure_and_nothing_is_that_little_speaks_for(likely, bound):
    assert with_ends(*[likely] * 60).pace.sure == pytest.approx(bound)


def test_who_went_on_after_an_end_is_believed_less_until_turns_stand():
    speaker = with_ends(0.9)
    speaker.paused(0.5, was_taken_for_end=True)
    cautious = speaker.caution
    assert cautious > 0.0
    speaker.finished(0.9)
    assert 0.0 < speaker.caution < cautious


def after_pauses(*told: tuple[float, float, bool]) -> Speaker:
    """Heard: the chance of an end with the sound, without it, and whether it was one."""
    speaker = Speaker()
    for with_sound, without, was_end in told:
        speaker.heard(with_sound, without, was_end=was_end)
    return speaker


def test_the_sound_of_a_stranger_is_believed():
    assert Speaker().trust > 0.9


def test_a_voice_whose_melody_misleads_is_no_longer_believed_and_can_win_it_back():
    misleads, tells = [(0.2, 0.7, True), (0.7, 0.4, False)], [(0.9, 0.6, True), (0.1, 0.4, False)]
    assert after_pauses(*misleads * 5).trust < 0.3
    assert after_pauses(*misleads * 50, *tells * 8).trust > 0.7


def test_one_pause_does_not_make_up_anybody_s_mind():
    assert after_pauses((1e-9, 1.0, True)).trust > 0.8


def test_sound_that_changes_nothing_keeps_its_trust():
    assert after_pauses(*[(0.7, 0.7, True)] * 20).trust == Speaker().trust
