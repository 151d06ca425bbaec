"""Sound read between its samples."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.interpolation import read_between, read_block
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

PLACES = 20.0 + np.arange(100)


def tone(at: np.ndarray) -> Samples:
    return np.sin(2 * np.pi * 3000 * at / SPEECH_RATE_HZ).astype(np.float32)


HELD = tone(np.arange(200))


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.4, 0.999])
def test_a_tone_is_read_where_it_lies(fraction):
    expected = tone(PLACES + fraction)
    assert np.abs(read_between(HELD, PLACES + fraction, 0) - expected).max() < 0.005
    assert np.abs(read_block(HELD, PLACES[0] + fraction, len(PLACES)) - expected).max() < 0.005


def test_places_count_from_the_frame_at_which_the_sound_begins():
    np.testing.assert_array_equal(read_between(HELD[5:], PLACES, 5), read_between(HELD, PLACES, 0))
