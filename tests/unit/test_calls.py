"""Pauses of a call: whose end they are, and of whom nothing is known."""

from __future__ import annotations

from benchmarks.turns.calls import Stretch, auc, np, pauses


def spoken(*times: tuple[float, float]) -> list[Stretch]:
    return [Stretch(start_s, end_s, end_s + 0.1) for start_s, end_s in times]


def test_a_pause_is_an_end_where_the_other_one_speaks_before_this_one_goes_on():
    own, other = spoken((0.0, 1.0), (1.5, 2.0), (6.0, 7.0)), spoken((2.5, 5.0))
    first, second, *_ = pauses(own, other)
    assert (first.is_end, first.began_s, round(first.pause_s, 3)) == (False, 0.0, 0.5)
    assert (second.is_end, second.began_s) == (True, 0.0)


def test_behind_an_end_another_turn_begins():
    own, other = spoken((0.0, 1.0), (6.0, 7.0), (7.5, 8.0)), spoken((2.0, 5.0))
    assert [pause.began_s for pause in pauses(own, other)] == [0.0, 6.0]


def test_it_does_also_where_the_other_one_was_brief():
    own, other = spoken((0.0, 1.0), (2.5, 3.0), (3.5, 4.0)), spoken((1.4, 2.0))
    assert [(pause.is_end, pause.began_s) for pause in pauses(own, other)] == [(True, 0.0), (False, 2.5)]


def test_a_silence_of_both_and_a_cough_of_the_other_one_are_no_end():
    own = spoken((0.0, 1.0), (5.0, 6.0), (6.8, 7.0))
    assert [pause.is_end for pause in pauses(own, spoken((6.3, 6.5)))] == [False]


def test_the_chance_that_an_end_has_the_larger_vote():
    assert auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])) == 0.875
