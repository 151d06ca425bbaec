"""The ring of what was heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.audio.utterance import UtteranceBuffer

RATE_HZ = 16_000


def numbers(start: int, end: int) -> np.ndarray:
    return np.arange(start, end, dtype=np.float32)


def filled(seconds: float, appended: list[int]) -> UtteranceBuffer:
    buffer, at = UtteranceBuffer(seconds), 0
    for count in appended:
        buffer.append(numbers(at, at + count))
        at += count
    return buffer


def test_a_stretch_is_read_by_its_capture_times():
    buffer = filled(1.0, [512] * 10)
    assert np.array_equal(buffer.read(0.1, 0.2), numbers(1600, 3200))


@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=40),
    st.floats(0, 1.5),
    st.floats(0, 1.5),
)
def test_what_is_held_is_read_also_across_the_end_of_the_ring(appended, start_s, end_s):
    written, size = sum(appended), 4000
    copy = filled(0.25, appended).read(start_s, end_s)
    first = max(round(start_s * RATE_HZ), written - size, 0)
    last = min(round(end_s * RATE_HZ), written)
    assert np.array_equal(copy, numbers(first, last) if last > first else numbers(0, 0))


def test_a_copy_does_not_change_when_more_is_heard():
    buffer = filled(0.1, [1600])
    copy = buffer.read(0.0, 0.1)
    buffer.append(np.ones(1600, dtype=np.float32))
    assert np.array_equal(copy, numbers(0, 1600))


def test_the_future_and_the_forgotten_past_are_empty():
    buffer = filled(0.1, [1000, 1000, 1000])
    assert not len(buffer.read(5.0, 6.0))
    assert not len(buffer.read(0.0, 0.05))
    assert not len(buffer.read(0.2, 0.1))


@pytest.mark.parametrize("window", [1, 57, 1000])
def test_capture_times_hit_the_sample_exactly(window):
    """Times are sums of windows in floating point; none may fall one sample short."""
    buffer = filled(1.0, [16_000])
    for count in range(1, 16_000 // window, 7):
        assert len(buffer.read(0.0, count * window / RATE_HZ)) == count * window


def test_more_at_once_than_is_kept_leaves_the_latest():
    buffer = filled(0.1, [100, 5000])
    copy = buffer.read(0.0, 1.0)
    assert np.array_equal(copy, numbers(3500, 5100))
