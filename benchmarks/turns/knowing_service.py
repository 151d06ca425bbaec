"""Engines on loopback that know what the user's recording says: sound is found again in it."""

from __future__ import annotations

import io
import json
import time
from contextlib import AbstractContextManager
from functools import partial

import numpy as np
import soundfile

from benchmarks.loopback_service import Answers, loopback_service
from benchmarks.turns.overlap_sounds import Stream
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, to_int16

READS_S, FIRST_TOKEN_S, FIRST_SOUND_S = 0.05, 0.08, 0.04
"""What a small recogniser, a small model and a small voice take."""

CLOSING, CLOSED = "goodbye", "You are welcome."
"""The word after which the story is over, and what is said then."""

_VOICE_HZ, _LETTER_S = 24_000, 0.065
"""The voice hums, so long for each letter."""

_COARSE_HZ = 4000
"""Rate at which sound is looked for: enough for speech, and done within the time that reading takes."""


class Reader:
    """Reads the words of a recording in any part of it."""

    def __init__(self, user: Stream) -> None:
        self._user = user
        whole = resample(user.sound, SPEECH_RATE_HZ, _COARSE_HZ)
        self._size = 1 << (2 * len(whole)).bit_length()
        self._spectrum = np.fft.rfft(whole, self._size)

    def words(self, heard: Samples) -> str:
        """What is said in `heard`, which is a part of the recording with silence around it."""
        part = np.conj(np.fft.rfft(resample(heard, SPEECH_RATE_HZ, _COARSE_HZ), self._size))
        lag = int(np.argmax(np.fft.irfft(self._spectrum * part, self._size)))
        start_s = (lag - self._size if lag > self._size // 2 else lag) / _COARSE_HZ
        sounding = np.flatnonzero(heard) / SPEECH_RATE_HZ
        return self._user.words_at(start_s + sounding[0], start_s + sounding[-1]) if len(sounding) else ""


class _Knowing(Answers):
    def __init__(self, reader: Reader, story: str, *wire: object) -> None:
        self._reader = reader
        self._story = story
        super().__init__(*wire)  # type: ignore[arg-type] # what the server hands over

    def heard(self, request: bytes) -> str:
        due_s = time.monotonic() + READS_S
        sound, _ = soundfile.read(io.BytesIO(request[request.index(b"RIFF") :]), dtype="float32")
        words = self._reader.words(sound)
        time.sleep(max(0.0, due_s - time.monotonic()))
        return words

    def written(self, request: bytes) -> str:
        time.sleep(FIRST_TOKEN_S)
        said = str(json.loads(request)["messages"][-1]["content"])
        return CLOSED if CLOSING in said else self._story

    def spoken(self, request: bytes) -> bytes:
        time.sleep(FIRST_SOUND_S)
        at_s = np.arange(round(len(json.loads(request)["input"]) * _LETTER_S * _VOICE_HZ)) / _VOICE_HZ
        return to_int16(0.25 * np.sin(2 * np.pi * 440 * at_s)).tobytes()


def knowing_service(user: Stream, story: str) -> AbstractContextManager[dict[str, str]]:
    """The environment in which the program finds it."""
    return loopback_service(partial(_Knowing, Reader(user), story))
