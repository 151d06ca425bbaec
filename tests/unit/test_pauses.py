"""Pauses of the user: likely with the first quiet window, certain after three, void when speech goes on."""

from __future__ import annotations

import pytest

from localvoice.config import Config
from localvoice.turn.decisions import PauseBegan, PauseLikely, PauseOff, SpeechStopped, TurnEnded
from localvoice.turn.observations import Window
from localvoice.turn.taking import TurnTaking

SPEECH, QUIET = 0.9, 0.05


def decide(*probabilities: float) -> list:
    taking = TurnTaking(Config())
    decisions = []
    for count, probability in enumerate(probabilities, 1):
        decisions += taking.step(Window(count * 0.032, probability))
    return [
        one for one in decisions if isinstance(one, PauseLikely | PauseOff | PauseBegan | SpeechStopped | TurnEnded)
    ]


def test_a_likely_pause_is_the_same_as_the_certain_one_but_for_the_time():
    likely, stopped, began = decide(*[SPEECH] * 20, *[QUIET] * 4)
    assert began.at_s - likely.at_s == pytest.approx(0.064)
    assert (likely.pause.turn, likely.pause.speech_end_s) == (began.turn, began.speech_end_s)
    assert (likely.pause.start_s, likely.pause.onset_s) == (began.start_s, began.onset_s)
    assert likely.pause.end_s == likely.at_s
    assert stopped.at_s == began.speech_end_s


@pytest.mark.parametrize("windows", [1, 2])
def test_a_dip_is_no_pause(windows):
    likely, off = decide(*[SPEECH] * 20, *[QUIET] * windows, *[SPEECH] * 5)
    assert isinstance(likely, PauseLikely)
    assert isinstance(off, PauseOff)
    assert off.at_s - likely.at_s == pytest.approx(0.032 * windows)


def test_each_pause_is_told_once():
    kinds = [type(one) for one in decide(*([*[SPEECH] * 10, *[QUIET] * 6] * 3))]
    assert kinds == [PauseLikely, SpeechStopped, PauseBegan] * 3


def test_no_pause_where_nobody_has_begun_to_speak():
    assert not decide(*[QUIET] * 50)
