"""Conversions of samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.audio.samples import (
    AUDIBLE,
    Reblocker,
    Resampler,
    first_audible,
    from_int16,
    last_audible,
    numbers,
    resample,
    silence,
    to_int16,
    to_mono,
)


def sine(seconds: float, rate_hz: int, pitch_hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


@given(st.lists(st.integers(-32768, 32767), max_size=50))
def test_every_int16_survives_the_way_there_and_back(values):
    pcm = np.array(values, dtype="<i2")
    assert np.array_equal(to_int16(from_int16(pcm)), pcm)
    assert np.array_equal(to_int16(from_int16(pcm.tobytes())), pcm)


def test_what_is_too_loud_is_clipped_and_does_not_wrap():
    assert to_int16(np.array([1.5, -1.5, 1.0], dtype=np.float32)).tolist() == [32767, -32768, 32767]


def test_mono_is_the_mean_of_the_channels():
    frames = np.array([[0.2, 0.4], [-1.0, 1.0]], dtype=np.float32)
    assert to_mono(frames) == pytest.approx([0.3, 0.0])
    assert to_mono(frames[:, 0]) is not None
    assert to_mono(np.ones(3, dtype=np.float32)).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_a_sound_keeps_its_length_and_level_at_another_rate(rate_hz):
    converted = resample(sine(1.0, rate_hz), rate_hz, 16_000)
    assert len(converted) == pytest.approx(16_000, abs=2)
    middle = converted[2000:-2000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert middle == pytest.approx(sine(1.0, 16_000)[2000 : 2000 + len(middle)], abs=0.01)


@pytest.mark.parametrize("rate_hz", [11_025, 22_050, 44_100, 48_000])
def test_a_stream_comes_out_as_the_whole_does(rate_hz):
    whole = sine(0.5, rate_hz)
    stream = Resampler(rate_hz, 16_000)
    parts = [stream.feed(whole[at : at + 777]) for at in range(0, len(whole), 777)]
    joined = np.concatenate([*parts, stream.flush()])
    assert len(joined) == pytest.approx(8_000, abs=2)
    assert joined[500:7000] == pytest.approx(sine(0.5, 16_000)[500:7000], abs=0.01)


def test_the_same_rate_costs_nothing():
    sound = sine(0.1, 16_000)
    assert resample(sound, 16_000, 16_000) is sound
    assert Resampler(16_000, 16_000).feed(sound) is sound
    assert not len(Resampler(16_000, 16_000).flush())


def test_an_empty_sound_stays_empty():
    assert not len(resample(silence(0), 22_050, 16_000))
    assert not len(Resampler(22_050, 16_000).flush())


@given(st.integers(1, 50), st.lists(st.integers(0, 70), max_size=20))
def test_reblocking_loses_nothing_and_gives_whole_blocks(size, feeds):
    reblocker, given_, got = Reblocker(size), [], []
    for feed in feeds:
        block = np.arange(len(given_), len(given_) + feed, dtype=np.float32)
        given_ += block.tolist()
        blocks = reblocker.feed(block)
        assert all(len(one) == size for one in blocks)
        got += [value for one in blocks for value in one.tolist()]
    assert got == given_[: len(given_) // size * size]


def test_blocks_are_copies():
    source = np.zeros(4, dtype=np.float32)
    [block] = Reblocker(4).feed(source)
    source[:] = 1.0
    assert not block.any()


def test_numbers_whose_square_is_none_are_kept_without_a_warning():
    loud = np.array([3e38, -3e38, 0.5], dtype=np.float32)
    np.testing.assert_array_equal(numbers(loud), loud)


@pytest.mark.parametrize("length", [1, 1023, 1024, 1025, 5000])
def test_the_first_and_the_last_audible_sample_are_found_wherever_they_are(length):
    for first, last in {(0, length - 1), (length // 3, length // 2), (length - 1, length - 1), (0, 0)}:
        sound = np.full(length, AUDIBLE / 2, dtype=np.float32)
        sound[[first, last]] = -2 * AUDIBLE
        assert (first_audible(sound), last_audible(sound)) == (first, last)


def test_what_is_quiet_or_no_number_is_not_audible():
    for sound in (silence(0), silence(3000), np.full(3000, np.nan, dtype=np.float32)):
        assert (first_audible(sound), last_audible(sound)) == (None, None)
