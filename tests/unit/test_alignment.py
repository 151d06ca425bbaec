"""The delay of the echo is found from our own speech, followed when it moves, and never guessed."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.alignment import Alignment, measure_delay
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

BLOCK = 160


def babble(seconds: float, seed: int = 1) -> Samples:
    """Coloured noise in syllables: what a voice is to a correlation."""
    random = np.random.default_rng(seed)
    frames = int(seconds * SPEECH_RATE_HZ)
    white = random.standard_normal(frames)
    dull = np.convolve(white, 0.9 ** np.arange(40), "same")
    syllables = np.repeat(random.uniform(0.1, 1.0, frames // 2400 + 1), 2400)[:frames]
    return (0.03 * dull * syllables).astype(np.float32)


def feed(alignment: Alignment, room: Room, played: Samples, user: Samples | None = None) -> list[Samples]:
    handed = []
    for at in range(0, len(played) - BLOCK + 1, BLOCK):
        near = silence(BLOCK) if user is None else user[at : at + BLOCK]
        far = played[at : at + BLOCK]
        handed.append(alignment.feed(room.hear(near, far), far))
    return handed


@pytest.mark.parametrize("delay_ms", [5.0, 60.0, 290.0, 480.0])
@pytest.mark.parametrize("rt60_ms", [0.0, 400.0])
def test_the_delay_is_right_to_half_a_millisecond(delay_ms, rt60_ms):
    alignment = Alignment()
    feed(alignment, Room(RoomSpec(delay_ms, -15.0, rt60_ms, noise_dbfs=-65.0)), babble(5.0))
    assert alignment.delay == pytest.approx(delay_ms * 16, abs=8)
    assert alignment.jumps == 0


def test_a_user_at_the_level_of_the_echo_does_not_mislead_it():
    alignment = Alignment()
    user = 0.2 * babble(6.0, seed=9)
    feed(alignment, Room(RoomSpec(80.0, -14.0, 300.0)), babble(6.0), user)
    assert alignment.delay == pytest.approx(1280, abs=8)


def test_one_measurement_is_not_enough():
    alignment, room = Alignment(), Room(RoomSpec(60.0, -10.0))
    feed(alignment, room, babble(2.0))
    assert alignment.delay is None
    feed(alignment, room, babble(1.0, seed=2))
    assert alignment.delay == 960


def test_headphones_have_no_delay():
    alignment = Alignment()
    feed(alignment, Room(RoomSpec(60.0, -120.0, noise_dbfs=-55.0)), babble(6.0))
    assert alignment.delay is None


def test_little_own_speech_is_not_measured():
    alignment = Alignment()
    played = babble(8.0)
    played[np.arange(len(played)) % 32000 > 8000] = 0.0
    feed(alignment, Room(RoomSpec(60.0, -10.0)), played)
    assert alignment.delay is None


def test_two_ends_that_have_nothing_in_common_have_no_peak():
    random = np.random.default_rng(1)
    near, far = (random.standard_normal(32000).astype(np.float32) for _ in range(2))
    assert measure_delay(near, far) is None
    assert measure_delay(silence(32000), far) is None


def test_a_slipped_block_is_found_within_three_seconds():
    alignment = Alignment()
    feed(alignment, Room(RoomSpec(60.0, -10.0, 200.0)), babble(4.0))
    feed(alignment, Room(RoomSpec(90.0, -10.0, 200.0)), babble(3.9, seed=2))
    assert alignment.delay == pytest.approx(1440, abs=8)
    assert alignment.jumps == 1


@pytest.mark.parametrize("ppm", [0.0, 60.0, -100.0])
def test_drift_is_followed_and_measured_without_a_jump(ppm):
    alignment = Alignment()
    feed(alignment, Room(RoomSpec(80.0, -10.0, 200.0, drift_ppm=ppm)), babble(30.0))
    assert alignment.drift_ppm == pytest.approx(ppm, abs=12.0)
    assert alignment.delay == pytest.approx(1280 + 30 * 16000 * ppm * 1e-6, abs=24)
    assert alignment.jumps == 0


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_the_place_of_the_echo_is_followed_to_a_fraction_of_a_frame_however_loud_each_word_is(ppm):
    alignment, room = Alignment(), Room(RoomSpec(80.0, -10.0, 200.0, drift_ppm=ppm))
    loudness = np.repeat(np.random.default_rng(4).uniform(0.1, 1.0, 12), SPEECH_RATE_HZ).astype(np.float32)
    beside = []
    for number, far in enumerate(np.split(loudness * babble(12.0), 1200)):
        alignment.feed(room.hear(silence(BLOCK), far), far)
        if alignment.place is not None:
            beside.append(alignment.place - 1280 - ppm * 1e-6 * BLOCK * (number + 1))
    assert len(beside) > 900
    assert np.ptp(beside) < 0.7


def test_a_laptop_that_is_moved_has_the_same_drift_as_before():
    alignment, played = Alignment(), babble(24.0)
    feed(alignment, Room(RoomSpec(80.0, -10.0, 200.0, moves_at_s=12.0)), played)
    assert alignment.delay == pytest.approx(1296, abs=2)
    assert alignment.drift_ppm == pytest.approx(0.0, abs=5.0)


def test_no_drift_is_given_before_four_seconds():
    alignment = Alignment()
    feed(alignment, Room(RoomSpec(80.0, -10.0)), babble(3.4))
    assert alignment.drift_ppm is None


@pytest.mark.parametrize("delay_ms", [60.0, 500.0])
def test_the_reference_leads_its_echo_and_is_moved_only_where_the_path_is_long(delay_ms):
    played = babble(6.0)
    handed = feed(Alignment(), Room(RoomSpec(delay_ms, -10.0)), played)
    held_back = 0.0 if delay_ms < 300 else delay_ms - 40.0
    last = len(played) - BLOCK - round(held_back * 16)
    np.testing.assert_array_equal(handed[-1], played[last : last + BLOCK])


@pytest.mark.parametrize("ppm", [400.0, -400.0])
def test_a_delay_that_drifts_past_the_longest_raw_one_is_left_where_it_is(ppm):
    played = babble(16.0)
    alignment = Alignment()
    room = Room(RoomSpec(300.0 - ppm * 0.008, -10.0, drift_ppm=ppm))
    handed = feed(alignment, room, played)
    behind = {shift for shift in range(60) if np.array_equal(handed[-1], played[-BLOCK * (shift + 1) :][:BLOCK])}
    before = {shift for shift in range(60) if np.array_equal(handed[500], played[(500 - shift) * BLOCK :][:BLOCK])}
    assert behind == before
    assert alignment.jumps == 0


def test_a_reference_that_would_come_late_is_moved_and_the_path_is_new():
    played = babble(55.0)
    alignment = Alignment()
    handed = feed(alignment, Room(RoomSpec(303.0, -10.0, drift_ppm=-450.0)), played)
    last = len(played) - BLOCK
    shift = next(n for n in range(40) if np.array_equal(handed[-1], played[last - n * BLOCK :][:BLOCK]))
    assert 35.0 < alignment.delay / 16 - 10 * shift < 50.0, "else it would be 17 ms"
    assert alignment.jumps == 1
