"""What a probability counts for while our own voice may be in it."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.alignment import Alignment
from localvoice.audio.own_voice import Bars, OwnVoice
from localvoice.audio.samples import silence

QUIET = silence(160)
LOUD = np.full(160, 0.1, dtype=np.float32)
NOTICED_FROM = 0.3
BARS = Bars(warm=0.5, cold=0.8)


def played(seconds: float, alignment: Alignment | None = None) -> OwnVoice:
    voice = OwnVoice(NOTICED_FROM, alignment or Alignment(), BARS)
    play(voice, seconds)
    return voice


def play(voice: OwnVoice, seconds: float, block=LOUD) -> None:
    for _ in range(round(seconds * 100)):
        voice.play(block)


@pytest.mark.parametrize("probability", [0.0, 0.25, 0.3, 0.9, 1.0])
def test_in_silence_nothing_is_changed(probability):
    assert played(0.0).users(probability) == probability


@pytest.mark.parametrize(("seconds", "bar"), [(1.0, BARS.cold), (3.1, BARS.warm)])
def test_while_we_speak_the_bar_takes_the_threshold_s_place(seconds, bar):
    voice = played(seconds)
    assert voice.users(bar) == pytest.approx(NOTICED_FROM)
    assert voice.users(bar - 0.01) < NOTICED_FROM < voice.users(bar + 0.01)


def test_judging_keeps_the_order_and_both_ends():
    voice = played(1.0)
    judged = [voice.users(probability) for probability in np.linspace(0, 1, 51)]
    assert judged == sorted(judged)
    assert (judged[0], judged[-1]) == (0.0, 1.0)


def test_after_the_echo_has_died_away_nothing_is_changed():
    alignment = Alignment()
    alignment.delay = 1600
    voice = played(1.0, alignment)
    play(voice, 0.28, QUIET)
    assert voice.users(0.5) < NOTICED_FROM
    play(voice, 0.03, QUIET)
    assert voice.users(0.5) == 0.5


def test_an_unknown_path_is_waited_for_longer():
    voice = played(1.0)
    play(voice, 0.5, QUIET)
    assert voice.users(0.5) < NOTICED_FROM


def test_silence_does_not_warm():
    voice = played(2.0)
    play(voice, 5.0, QUIET)
    assert voice.is_cold


def test_another_path_is_cold_again():
    alignment = Alignment()
    voice = played(4.0, alignment)
    assert not voice.is_cold
    alignment.jumps += 1
    play(voice, 0.01)
    assert voice.is_cold
    play(voice, 3.1)
    assert not voice.is_cold


def test_a_threshold_above_the_bar_is_kept():
    voice = OwnVoice(0.9, Alignment(), BARS)
    play(voice, 1.0)
    assert voice.users(0.7) == pytest.approx(0.7)


def test_a_bar_of_one_lets_nothing_through():
    voice = OwnVoice(NOTICED_FROM, Alignment(), Bars(1.0, 1.0))
    play(voice, 1.0)
    assert voice.users(0.99) < NOTICED_FROM
    assert voice.users(1.0) == 1.0
