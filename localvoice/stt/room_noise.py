"""The noise of a quiet room around what is heard: the starter recogniser was trained with no digital silence.

Frames of nothing but zeros, as in files that a synthesiser wrote or behind a microphone that suppresses noise, drag the
utterance's mean away from its speech: of 24 commands between two half seconds of zeros it understood none, with this
noise 20, and in a room with noise of its own as many as before (docs/starters.md).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

_BELOW = 10 ** (-50 / 20)
"""Noise beside the loudest sample. 55 dB and 45 dB below did as well, 60 dB helped two thirds as often."""
_LEAST_PEAK = 0.03 * 32768
"""Before anything is loud."""


def in_a_room(sound: bytes, *, begins: int = 0, peak: int | None = None) -> bytes:
    """`sound` (s16le) with a little noise, the same for the same sample.

    Args:
        sound: Of an utterance, the whole of it or a piece.
        begins: Where the piece begins in the utterance, samples.
        peak: The loudest sample of the utterance so far; None: of `sound`.
    """
    samples = np.frombuffer(sound, np.int16)
    loudest = max(peak_of(samples) if peak is None else peak, _LEAST_PEAK)
    noise = _noise().take(np.arange(begins, begins + len(samples)), mode="wrap")
    heard = np.rint(samples + loudest * _BELOW * noise)
    return np.clip(heard, -32768, 32767).astype(np.int16).tobytes()


def peak_of(samples: np.ndarray) -> int:
    """Of 16 bits, without a sign; 0 where there are none."""
    return int(np.abs(samples.astype(np.int32)).max(initial=0))


@cache
def _noise() -> Samples:
    """A second of white noise of power 1."""
    return np.random.default_rng(0).standard_normal(SPEECH_RATE_HZ).astype(np.float32)
