"""The noise of a quiet room, in which the starter recogniser hears."""

from __future__ import annotations

import numpy as np

from localvoice.audio.samples import to_int16
from localvoice.stt.room_noise import in_a_room, peak_of

SOUND = to_int16(np.sin(np.arange(40_000, dtype=np.float32) / 20) * 0.5)


def test_a_piece_is_heard_as_it_is_in_the_whole():
    whole = in_a_room(SOUND.tobytes())
    pieces = (
        in_a_room(SOUND[at : at + 1700].tobytes(), begins=at, peak=peak_of(SOUND)) for at in range(0, len(SOUND), 1700)
    )
    assert b"".join(pieces) == whole


def test_the_noise_is_50_db_below_the_loudest_sample_and_some_in_silence():
    heard = np.frombuffer(in_a_room(SOUND.tobytes()), np.int16).astype(float)
    assert abs(20 * np.log10(np.std(heard - SOUND) / peak_of(SOUND)) + 50) < 0.2
    assert np.any(np.frombuffer(in_a_room(bytes(3200)), np.int16))


def test_what_is_as_loud_as_can_be_is_not_turned_over():
    loudest = np.array([32767, -32768] * 100, np.int16)
    heard = np.frombuffer(in_a_room(loudest.tobytes()), np.int16)
    assert np.all(np.sign(heard) == np.sign(loudest))
    assert in_a_room(b"") == b""
