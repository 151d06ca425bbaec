"""The gate in front of the voice detector: what is no louder than the room needs none."""

from __future__ import annotations

import numpy as np

from localvoice.audio.quiet_room import QuietRoom
from localvoice.audio.vad import WINDOW

RANDOM = np.random.default_rng(7)


def noise(level_db: float) -> np.ndarray:
    return (RANDOM.standard_normal(WINDOW) * 10 ** (level_db / 20)).astype(np.float32)


def test_even_noise_never_stands_out():
    room = QuietRoom()
    assert not any(room.is_louder(noise(-55.0)) for _ in range(2000))


def test_speech_stands_out_at_once_and_the_room_is_quiet_again_behind_it():
    room = QuietRoom()
    for _ in range(30):
        room.is_louder(noise(-55.0))
    assert room.is_louder(noise(-45.0))
    assert not room.is_louder(noise(-55.0))


def test_a_room_that_stays_louder_is_the_new_quiet():
    room = QuietRoom()
    room.is_louder(noise(-70.0))
    assert room.is_louder(noise(-50.0))
    for _ in range(220):  # 7 s, at 3 dB a second
        room.is_louder(noise(-50.0))
    assert not room.is_louder(noise(-50.0))


def test_digital_silence_is_quiet_and_anything_else_is_not():
    room = QuietRoom()
    assert not room.is_louder(np.zeros(WINDOW, np.float32))
    assert room.is_louder(noise(-80.0))
