"""Where a phrase begins: its first sound, and its first speech.

A phrase may begin with a breath or a weak consonant 0.2 s before its first vowel; no detector hears those in a room,
and nobody would call them an interruption. So figures are told from both places.
"""

from __future__ import annotations

import numpy as np

from localvoice.audio.duplex import BLOCK
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

_SOUND = 0.03
"""Of the highest peak: 30 dB under it."""

_MARGIN_DB = 15.9
"""Between the level of speech and the threshold of activity (ITU-T P.56, method B)."""

_ROUNDS = 20


def first_sound(phrase: Samples) -> float:
    """Seconds to the first sample over 3 % of the highest peak."""
    return float(np.flatnonzero(np.abs(phrase) > _SOUND * np.abs(phrase).max())[0] / SPEECH_RATE_HZ)


def first_speech(phrase: Samples) -> float:
    """Seconds to the first block of 10 ms that is active as in ITU-T P.56: within 15.9 dB of the active level.

    P.56 smoothes with 30 ms; blocks are not smoothed, so that a phrase begins no later than there.
    """
    powers = np.mean(np.square(phrase[: len(phrase) // BLOCK * BLOCK].reshape(-1, BLOCK)), axis=1)
    active = powers
    for _ in range(_ROUNDS):
        active = powers[powers >= np.mean(active) * 10 ** (-_MARGIN_DB / 10)]
    return float(np.flatnonzero(powers >= active.min())[0] * BLOCK / SPEECH_RATE_HZ)
