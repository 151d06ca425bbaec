"""The microphone's resampler: level, aliases, and nothing held back."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio import native_reflex
from localvoice.audio.low_delay import LowDelayResampler
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

RATES_HZ = (8000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)


def converted(samples: Samples, rate_hz: int, block: int) -> Samples:
    resampler = LowDelayResampler(rate_hz, SPEECH_RATE_HZ)
    return np.concatenate([resampler.feed(samples[at : at + block]) for at in range(0, len(samples), block)])


def sine(hz: float, rate_hz: int, frames: int, delay_s: float = 0.0) -> Samples:
    return np.sin(2 * np.pi * hz * (np.arange(frames) / rate_hz - delay_s)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_speech_passes_unchanged_but_for_the_delay(rate_hz: int) -> None:
    delay_s = LowDelayResampler(rate_hz, SPEECH_RATE_HZ).delay_s
    assert 0.0 < delay_s < 0.006
    for hz in (100, 440, 3000):
        result = converted(sine(hz, rate_hz, rate_hz // 2), rate_hz, rate_hz // 100)
        expected = sine(hz, SPEECH_RATE_HZ, len(result), delay_s)
        np.testing.assert_allclose(result[800:], expected[800:], atol=2e-3)


@pytest.fixture(params=[False, True], ids=["C", "without C"])
def without_c(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(native_reflex, "load", lambda: None)


@pytest.mark.parametrize("rate_hz", [rate for rate in RATES_HZ if rate > 20_000])
def test_what_lies_above_8_khz_is_not_heard_as_something_else(rate_hz: int) -> None:
    result = converted(sine(9500, rate_hz, rate_hz // 2), rate_hz, rate_hz // 100)
    assert np.abs(result[800:]).max() < 1e-3


@pytest.mark.parametrize("rate_hz", [8000, 32_000, 44_100, 48_000, 96_000])
def test_every_block_comes_out_at_once(rate_hz: int) -> None:
    resampler = LowDelayResampler(rate_hz, SPEECH_RATE_HZ)
    assert [len(resampler.feed(sine(440, rate_hz, rate_hz // 100))) for _ in range(5)] == [160] * 5


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("block", [1, 7, 441, 1000])
def test_the_size_of_blocks_does_not_matter(rate_hz: int, block: int) -> None:
    noise = np.random.default_rng(1).standard_normal(3000).astype(np.float32)
    np.testing.assert_allclose(converted(noise, rate_hz, block), converted(noise, rate_hz, 3000), atol=1e-5)


def test_c_is_given_places_of_64_bits_also_where_numpy_counts_in_32(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, arange = sine(440, 48_000, 480), np.arange
    expected = converted(sound, 48_000, 480)
    with monkeypatch.context() as patched:  # as on Windows before NumPy 2, and on 32-bit systems
        patched.setattr(np, "arange", lambda *range_, dtype=np.int32: arange(*range_, dtype=dtype))
        result = converted(sound, 48_000, 480)
    np.testing.assert_array_equal(result, expected)


def test_equal_rates_pass_through() -> None:
    resampler = LowDelayResampler(SPEECH_RATE_HZ, SPEECH_RATE_HZ)
    samples = sine(440, SPEECH_RATE_HZ, 160)
    assert resampler.feed(samples) is samples
    assert resampler.delay_s == 0.0


def test_nothing_in_gives_nothing_out() -> None:
    assert len(LowDelayResampler(48_000, SPEECH_RATE_HZ).feed(np.zeros(0, dtype=np.float32))) == 0


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_silence_is_handed_through_and_leaves_the_sound_behind_it_where_it_was(rate_hz: int) -> None:
    block = rate_hz // 100
    tone, quiet = sine(440, rate_hz, 3 * block + 7), np.zeros(20 * block + 3, dtype=np.float32)
    whole = np.concatenate((tone, quiet, tone))
    in_blocks, at_once = converted(whole, rate_hz, block), converted(whole, rate_hz, len(whole))
    np.testing.assert_allclose(in_blocks, at_once, atol=1e-6)
    assert np.abs(in_blocks[len(in_blocks) // 2 :]).max() > 0.9


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_without_a_compiler_it_is_the_same(rate_hz: int, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(2).standard_normal(3000).astype(np.float32)
    compiled = converted(noise, rate_hz, 441)
    monkeypatch.setattr(native_reflex, "load", lambda: None)
    np.testing.assert_allclose(converted(noise, rate_hz, 441), compiled, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("sizes", [(3840, 3840, 3840), (1764, 1, 479, 5000), (100, 15_360)])
def test_parts_at_once_are_the_same_as_one_by_one(rate_hz: int, sizes: tuple[int, ...], without_c: None) -> None:
    part, sound = round(rate_hz / 100), np.random.default_rng(5).standard_normal(40_000).astype(np.float32)
    sound[9000:25_000] = 0.0
    resampler, made, at = LowDelayResampler(rate_hz, SPEECH_RATE_HZ), [], 0
    for size in sizes * 8:
        made.append(resampler.feed_parts(sound[at : at + size], part))
        at += size
    result = np.concatenate(made)
    whole = min(at, len(sound)) // part * part
    expected = converted(sound[:whole], rate_hz, part)
    assert len(result) >= len(expected)
    np.testing.assert_allclose(result[: len(expected)], expected, atol=1e-5)


def test_what_was_converted_stays() -> None:
    resampler = LowDelayResampler(48_000, SPEECH_RATE_HZ)
    first = resampler.feed(np.ones(480, dtype=np.float32))
    kept = first.copy()
    resampler.feed(-np.ones(480, dtype=np.float32))
    assert np.array_equal(first, kept)
