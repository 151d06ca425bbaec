"""What follows from the figures of a pair of devices: the mode, why, and what could be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localvoice.audio.alignment import Alignment
from localvoice.audio.duplex_mode import BARS, judge, judge_greeting, longest_s, pauses
from localvoice.audio.own_voice import OwnVoice
from localvoice.audio.path_delay import DelayTrack
from localvoice.audio.samples import silence
from localvoice.audio.self_test import PathReport

GOOD = PathReport(
    own_speech_s=8.0,
    noise_dbfs=-65.0,
    heard_dbfs=-32.0,
    clipped=0,
    delay=DelayTrack(60.0, 20, 0.1, 0, 12.0),
    attenuation_db=36.0,
    left_over_noise_db=-4.0,
    cold_voices=(0.1, 0.5, 0.1),
    voices=(0.05,) * 200,
    strangers=0,
)
FAINT = replace(GOOD, heard_dbfs=-64.0, delay=DelayTrack())
GREETED = replace(GOOD, own_speech_s=1.2, voices=(), cold_voices=(0.1,) * 40)


def sounds(count: int, windows: int, probability: float) -> tuple[float, ...]:
    """So many sounds of so many windows."""
    return ((0.05,) * 20 + (probability,) * windows) * count + (0.05,) * 20


def test_a_room_that_is_cancelled_is_full():
    verdict = judge(GOOD)
    assert (verdict.mode, verdict.advice, verdict.is_sure) == ("full", "", True)


def test_headphones_are_full_and_said_to_be_so_even_without_a_canceller():
    for cancels in (True, False):
        verdict = judge(FAINT, cancels=cancels)
        assert verdict.mode == "full"
        assert "headphones" in verdict.why


def test_an_echo_that_nothing_takes_out_is_half():
    report = replace(GOOD, attenuation_db=None, left_over_noise_db=None)
    verdict = judge(report, cancels=False)
    assert (verdict.mode, verdict.advice) == ("half", "use headphones")


@pytest.mark.parametrize(
    ("voices", "mode"),
    [
        pytest.param(sounds(1, 1, 0.44), "full", id="below the bar"),
        pytest.param(sounds(1, 1, 0.46), "guarded", id="one window above the bar"),
        pytest.param(sounds(6, 3, 0.79), "guarded", id="many, below the guarded bar"),
        pytest.param(sounds(2, 7, 0.81), "guarded", id="two short ones above it"),
        pytest.param(sounds(3, 1, 0.81), "half", id="three above it"),
        pytest.param(sounds(1, 8, 0.81), "half", id="one long enough to interrupt"),
    ],
)
def test_the_voice_that_is_left_decides(voices, mode):
    assert judge(replace(GOOD, voices=voices)).mode == mode


def test_the_first_seconds_do_not_count_in_the_test():
    assert judge(replace(GOOD, cold_voices=(0.99,) * 20)).mode == "full"


@pytest.mark.parametrize(
    ("attenuation_db", "left_db", "mode"), [(21.0, 15.0, "full"), (19.0, 7.0, "guarded"), (13.0, 5.0, "full")]
)
def test_little_attenuation_counts_where_the_echo_stands_out_of_the_noise(attenuation_db, left_db, mode):
    report = replace(GOOD, attenuation_db=attenuation_db, left_over_noise_db=left_db)
    assert judge(report).mode == mode


def test_a_clipping_microphone_is_guarded_and_to_be_turned_down():
    verdict = judge(replace(GOOD, clipped=300, heard_dbfs=-9.0))
    assert verdict.mode == "guarded"
    assert "gain" in verdict.advice
    assert judge(replace(GOOD, clipped=2)).mode == "full"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"heard_dbfs": -12.0}, "down by 8 dB"),
        ({"noise_dbfs": -40.0}, "another microphone"),
        ({"delay": DelayTrack(60.0, 20, 0.1, 2, None)}, "latency_ms"),
        ({"delay": DelayTrack(60.0, 20, 0.1, 0, 300.0)}, "one device"),
        ({}, "headphones"),
    ],
)
def test_the_advice_fits_what_is_wrong(changes, word):
    verdict = judge(replace(GOOD, voices=sounds(1, 1, 0.6), **changes))
    assert verdict.mode == "guarded"
    assert word in verdict.advice


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"heard_dbfs": -15.0}, "less volume"),
        ({"noise_dbfs": -40.0}, "another microphone"),
        ({"heard_dbfs": -58.0}, "turn the loudspeaker up"),
    ],
)
def test_what_could_be_better_is_said_where_all_is_well(changes, word):
    verdict = judge(replace(GOOD, **changes))
    assert verdict.mode == "full"
    assert word in verdict.advice


@pytest.mark.parametrize("delay_ms", [-40.0, 800.0])
def test_an_echo_that_comes_when_it_cannot_be_cancelled_is_half_whatever_was_heard(delay_ms):
    report = replace(GOOD, delay=DelayTrack(delay_ms, 1), strangers=70)
    assert (judge(report).mode, judge(report).is_sure) == ("half", True)
    assert judge_greeting(replace(report, voices=())).mode == "half"


def test_somebody_else_makes_a_test_worth_nothing():
    assert not judge(replace(GOOD, strangers=4)).is_sure
    assert judge(replace(GOOD, strangers=3)).is_sure
    assert judge(replace(GOOD, strangers=9, clipped=300)).is_sure, "a clipped echo looks like a stranger"
    assert judge_greeting(replace(GREETED, cold_voices=(0.99,) * 30, strangers=4)) is None
    stumbled = judge(replace(GOOD, strangers=9, delay=DelayTrack(60.0, 20, 0.1, 2)))
    assert (stumbled.is_sure, "stumbled" in stumbled.why) == (False, True)


def test_a_muted_microphone_says_nothing_about_the_devices():
    muted = replace(FAINT, heard_dbfs=-120.0, noise_dbfs=-120.0)
    verdict = judge(muted)
    assert (verdict.mode, verdict.is_sure) == ("full", False)
    assert "unmute" in verdict.advice
    assert judge_greeting(muted) is None


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        pytest.param({}, "full", id="nothing left"),
        pytest.param({"cold_voices": sounds(3, 3, 0.7)}, "full", id="three windows are no word"),
        pytest.param({"cold_voices": sounds(1, 4, 0.7)}, "guarded", id="four may be one"),
        pytest.param({"cold_voices": sounds(1, 8, 0.95)}, "half", id="long and sure"),
        pytest.param({"clipped": 50}, "guarded", id="clipped"),
        pytest.param({"attenuation_db": 8.0, "left_over_noise_db": 20.0}, "guarded", id="hardly cancelled"),
        pytest.param({"attenuation_db": 8.0, "left_over_noise_db": 3.0}, "full", id="a faint echo"),
    ],
)
def test_a_greeting_is_judged_by_a_canceller_that_has_just_begun(changes, mode):
    assert judge_greeting(replace(GREETED, **changes)).mode == mode


def test_a_greeting_that_was_cut_or_stumbled_says_nothing():
    stumbled = replace(GREETED, cold_voices=(0.99,) * 30, delay=DelayTrack(60.0, 3, 0.1, 1))
    assert judge_greeting(stumbled) is None
    assert judge_greeting(replace(GREETED, own_speech_s=0.5)) is None


def test_the_guarded_bars_are_higher_and_those_of_half_let_nothing_through():
    full, guarded = BARS["full"], BARS["guarded"]
    assert full.warm < guarded.warm < 1.0
    assert full.cold < guarded.cold < 1.0
    voice = OwnVoice(0.3, Alignment(), BARS["half"])
    voice.play(silence(160) + 0.1)
    assert voice.users(1.0) < 0.3


def test_runs_and_pauses_are_counted_in_windows():
    assert longest_s((0.1, 0.6, 0.6, 0.1, 0.6), 0.5) == pytest.approx(0.064)
    assert longest_s((), 0.5) == 0.0
    assert pauses((0.6, 0.1, 0.1, 0.6), 0.5) == 1
    assert pauses((0.6, 0.1, 0.1, 0.1, 0.6), 0.5) == 2
    assert pauses((), 0.5) == 0
