"""Where a phrase of the benchmarks begins."""

from __future__ import annotations

import numpy as np

from benchmarks.audio.onsets import first_sound, first_speech
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples


def noise(seconds: float, dbfs: float) -> Samples:
    random = np.random.default_rng(0)
    return (10 ** (dbfs / 20) * random.standard_normal(int(seconds * SPEECH_RATE_HZ))).astype(np.float32)


def test_a_breath_is_the_first_sound_and_the_vowel_behind_it_the_first_speech():
    phrase = np.concatenate([noise(0.1, -90.0), noise(0.2, -42.0), noise(1.0, -20.0)])
    assert abs(first_sound(phrase) - 0.1) < 0.02
    assert abs(first_speech(phrase) - 0.3) < 0.02


def test_pauses_inside_a_phrase_do_not_lower_the_level_from_which_it_counts():
    words = np.concatenate([noise(0.3, -20.0), noise(0.7, -80.0)])
    phrase = np.concatenate([noise(0.2, -38.0), *[words] * 5])
    assert abs(first_speech(phrase) - 0.2) < 0.02


def test_speech_that_begins_loud_begins_with_its_first_sound():
    phrase = noise(1.0, -20.0)
    assert first_sound(phrase) < 0.002
    assert first_speech(phrase) == 0.0
