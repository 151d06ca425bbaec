"""The delay of an echo through a recording: found, followed over drift and slips, and not invented."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.path_delay import DelayTrack, track_delay
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence


def murmur(seconds: float, seed: int = 1) -> Samples:
    """Noise with the rhythm of syllables, at the level of speech."""
    random = np.random.default_rng(seed)
    sound = random.standard_normal(round(seconds * SPEECH_RATE_HZ))
    at_s = np.arange(len(sound)) / SPEECH_RATE_HZ
    return (0.1 * sound * np.maximum(0.0, np.sin(2 * np.pi * 3 * at_s))).astype(np.float32)


def heard(far: Samples, **room: float) -> Samples:
    spec = RoomSpec(**({"delay_ms": 80.0, "gain_db": -10.0, "rt60_ms": 300.0, "noise_dbfs": -60.0} | room))
    through = Room(spec, seed=2)
    return np.concatenate([through.hear(silence(160), far[at : at + 160]) for at in range(0, len(far), 160)])


@pytest.mark.parametrize("delay_ms", [0.0, 20.0, 300.0, 690.0])
def test_the_delay_is_found_to_a_tenth_of_a_millisecond(delay_ms):
    far = murmur(6.0)
    track = track_delay(heard(far, delay_ms=delay_ms), far)
    assert track.delay_ms == pytest.approx(delay_ms, abs=0.1)
    assert (track.slips, track.measured) == (0, pytest.approx(11, abs=2))
    assert track.spread_ms < 0.2


@pytest.mark.parametrize("drift_ppm", [-100.0, 50.0, 200.0])
def test_the_drift_of_the_clocks_is_told_from_slips(drift_ppm):
    far = murmur(9.0)
    track = track_delay(heard(far, drift_ppm=drift_ppm), far)
    assert track.drift_ppm == pytest.approx(drift_ppm, rel=0.05, abs=5.0)
    assert (track.slips, track.spread_ms < 0.2) == (0, True)


def test_a_lost_block_is_a_slip_and_no_drift():
    far = murmur(8.0)
    near = heard(far)
    track = track_delay(np.concatenate((near[:64_000], silence(480), near[64_000:]))[: len(near)], far)
    assert track.slips == 1
    assert track.drift_ppm is None


def test_a_short_stretch_has_a_delay_and_no_drift():
    far = np.concatenate((silence(8000), murmur(1.5), silence(8000)))
    track = track_delay(heard(far), far)
    assert track.delay_ms == pytest.approx(80.0, abs=0.1)
    assert track.drift_ppm is None


@pytest.mark.parametrize("delay_ms", [-40, -250, 800, 1400])
def test_an_echo_far_from_where_it_should_be_is_found_as_well(delay_ms):
    far = murmur(8.0)
    shift = round(delay_ms * SPEECH_RATE_HZ / 1000)
    moved = (
        np.concatenate((silence(shift), far))[: len(far)]
        if shift > 0
        else np.concatenate((far[-shift:], silence(-shift)))
    )
    track = track_delay(heard(moved, delay_ms=0.0), far)
    assert track.delay_ms == pytest.approx(delay_ms, abs=0.2)


def test_an_echo_of_a_moment_is_none():
    far = murmur(10.0)
    near = heard(far)
    near[: 8 * SPEECH_RATE_HZ] = heard(murmur(8.0, seed=9))
    assert track_delay(near, far) == DelayTrack()


def test_nothing_is_found_where_nothing_is():
    far = murmur(6.0)
    noise = 0.001 * np.random.default_rng(3).standard_normal(len(far)).astype(np.float32)
    assert track_delay(noise, far) == DelayTrack()
    assert track_delay(heard(murmur(6.0, seed=7)), far) == DelayTrack()
    assert track_delay(noise, silence(len(far))) == DelayTrack()
    assert track_delay(silence(len(far)), far) == DelayTrack()
    assert track_delay(silence(0), silence(0)) == DelayTrack()
