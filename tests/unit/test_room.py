"""The simulated room: exact where it is simple, the same each time, and refused in one line where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.room import Room, RoomSpec, parse_room
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import ConfigError

BLOCK = 160


def noise(seconds: float, seed: int = 1) -> Samples:
    return (0.1 * np.random.default_rng(seed).standard_normal(int(seconds * SPEECH_RATE_HZ))).astype(np.float32)


def tone(seconds: float, hz: float = 1000.0) -> Samples:
    at_s = np.arange(int(seconds * SPEECH_RATE_HZ)) / SPEECH_RATE_HZ
    return (0.3 * np.sin(2 * np.pi * hz * at_s)).astype(np.float32)


def echo_of(room: Room, played: Samples) -> Samples:
    return np.concatenate([room.echo(played[at : at + BLOCK]) for at in range(0, len(played), BLOCK)])


def lag_frames(sound: Samples, echo: Samples) -> int:
    size = 2 * len(sound)
    cross = np.fft.irfft(np.fft.rfft(echo, size) * np.conj(np.fft.rfft(sound, size)))
    return int(np.argmax(cross[: len(sound)]))


def rms_db(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound**2)))


@pytest.mark.parametrize("delay_ms", [0.0, 5.0, 60.0, 300.5])
def test_without_reverberation_the_echo_is_the_sound_later_and_quieter(delay_ms):
    played = noise(1.0)
    echo = echo_of(Room(RoomSpec(delay_ms, -20.0)), played)
    late = round(delay_ms * 16)
    np.testing.assert_allclose(echo[late:], 0.1 * played[: len(played) - late], atol=1e-6)
    assert np.abs(echo[:late]).max(initial=0.0) < 1e-6


def test_reverberation_keeps_the_gain_and_the_place_of_the_direct_sound():
    played = noise(4.0)
    echo = echo_of(Room(RoomSpec(60.0, -10.0, 400.0), seed=3), played)
    assert lag_frames(played, echo) == 960
    assert rms_db(echo[16000:]) - rms_db(played[16000:]) == pytest.approx(-10.0, abs=0.7)


def test_reverberation_falls_by_60_db_in_its_time():
    click = silence(16000)
    click[0] = 1.0
    energy = echo_of(Room(RoomSpec(0.0, 0.0, 500.0), seed=5), click) ** 2
    early, late = (10 * np.log10(np.mean(energy[at : at + 800])) for at in (400, 6400))
    assert early - late == pytest.approx(60 * 6000 / 8000, abs=2.0)
    assert not energy[8160:].any()


def test_the_tail_of_a_sound_goes_on_after_it():
    room = Room(RoomSpec(0.0, 0.0, 300.0))
    room.echo(noise(0.01))
    assert np.abs(room.echo(silence(BLOCK))).max() > 1e-4


def test_the_same_seed_is_the_same_room():
    played, spec = noise(0.5), RoomSpec(20.0, -6.0, 200.0, noise_dbfs=-50.0)

    def heard(seed):
        room = Room(spec, seed=seed)
        return np.concatenate([room.hear(silence(BLOCK), played[at : at + BLOCK]) for at in range(0, 8000, BLOCK)])

    np.testing.assert_array_equal(heard(1), heard(1))
    assert np.abs(heard(1) - heard(2)).max() > 1e-3


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_drift_moves_the_delay_by_its_rate(ppm):
    played = noise(21.0)
    echo = echo_of(Room(RoomSpec(50.0, 0.0, drift_ppm=ppm)), played)
    at = 20 * SPEECH_RATE_HZ
    window = slice(at - 4000, at + 4000)
    moved = lag_frames(played[window], echo[window]) - 800
    assert moved == pytest.approx(ppm * 1e-6 * at, abs=1.0)


def test_drift_does_not_colour_the_sound():
    played = tone(2.0, 3000.0)
    echo = echo_of(Room(RoomSpec(50.0, 0.0, drift_ppm=80.0)), played)[8000:]
    spectrum = np.abs(np.fft.rfft(echo * np.hanning(len(echo)))) ** 2
    peak = int(np.argmax(spectrum))
    assert spectrum[peak - 5 : peak + 6].sum() / spectrum.sum() > 1 - 1e-5


def test_a_clock_that_runs_away_stops_at_no_delay():
    played = noise(3.0)
    echo = echo_of(Room(RoomSpec(1.0, 0.0, drift_ppm=-2000.0)), played)
    assert rms_db(echo[32000:]) == pytest.approx(rms_db(played[32000:]), abs=0.5)


def test_a_saturating_loudspeaker_bends_loud_sound_only():
    room = Room(RoomSpec(0.0, 0.0, clip=0.2))
    assert np.abs(room.echo(tone(0.01))).max() < 0.2
    quiet = tone(0.01) * np.float32(0.05)
    np.testing.assert_allclose(Room(RoomSpec(0.0, 0.0, clip=0.2)).echo(quiet), quiet, atol=1e-4)


def test_the_microphone_hears_user_echo_and_noise_and_clips():
    near, played = noise(0.01, seed=2), noise(0.01)
    np.testing.assert_allclose(Room(RoomSpec(0.0, 0.0)).hear(near, played), near + played, atol=1e-6)
    noisy = np.concatenate([Room(RoomSpec(0.0, 0.0, noise_dbfs=-40.0)).hear(silence(BLOCK), silence(BLOCK))])
    assert rms_db(noisy) == pytest.approx(-40.0, abs=2.0)
    loud = np.full(BLOCK, 0.9, dtype=np.float32)
    assert Room(RoomSpec(0.0, 0.0)).hear(loud, loud).max() == 1.0


def test_a_room_is_read_from_its_numbers():
    assert parse_room("60,-10,200") == RoomSpec(60.0, -10.0, 200.0)
    assert parse_room(" 7.5 , -20 ") == RoomSpec(7.5, -20.0)


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("60", "60"),
        ("60,-10,200,1", "60,-10,200,1"),
        ("60,loud", "loud"),
        ("60,,5", "''"),
        ("-1,0", "-1"),
        ("60,-10,nan", "nan"),
        ("9999,0", "9999"),
        ("60,100", "100"),
    ],
)
def test_what_is_no_room_is_refused_with_the_form(text, blamed):
    with pytest.raises(ConfigError, match="DELAY_MS,GAIN_DB") as refused:
        parse_room(text)
    assert blamed in str(refused.value)


def test_a_laptop_that_is_moved_has_another_room_around_it():
    played, spec = noise(2.0), RoomSpec(20.0, -6.0, 200.0)
    still, moved = (echo_of(Room(one, seed=2), played) for one in (spec, RoomSpec(20.0, -6.0, 200.0, moves_at_s=1.0)))
    np.testing.assert_array_equal(moved[:16000], still[:16000])
    assert lag_frames(played[17000:], moved[17000:]) == 320 + 16
    assert np.corrcoef(moved[17000:], still[17000:])[0, 1] < 0.5


def test_a_microphone_that_is_too_sensitive_cuts_off_peaks():
    heard = Room(RoomSpec(0.0, 0.0, cut_off=0.1)).hear(tone(0.01), silence(BLOCK))
    assert np.abs(heard).max() == pytest.approx(0.1)
