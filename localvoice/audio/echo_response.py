"""The picture of an echo path: how loud our voice comes back, how long after it was played.

Rule of this file: arrays in, figures out; for people to look at, no decision follows from it.
"""

from __future__ import annotations

import numpy as np

from localvoice.audio.path_delay import block_powers, is_own_speech
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

STEP_MS = 5
"""Of each figure."""
LENGTH_MS = 400
"""Of the picture: what AEC3 takes (audio.md 4)."""
FLOOR_DB = -40.0
"""Below the loudest step nothing is told: the voice that measures is no sweep."""

_WINDOW = SPEECH_RATE_HZ
"""1 s: twice the longest path and a little more."""
_REGULAR = 1e-3
"""Of the mean power of what was played, added to each frequency: nothing is learnt where nothing was played."""


def echo_response(near: Samples, far: Samples) -> tuple[float, ...]:
    """Level of the echo for each `STEP_MS` from 0 to `LENGTH_MS`, in dB below the loudest one, at least `FLOOR_DB`.

    Least squares over windows of 1 s, half of each over the next: the transfer function from `far` to `near` (both 16
    kHz, same clock) and its impulse response. Empty where nothing was played or heard.
    """
    cross = np.zeros(_WINDOW // 2 + 1, dtype=np.complex128)
    power = np.zeros(_WINDOW // 2 + 1)
    shape = np.hanning(_WINDOW)
    for start in range(0, min(len(near), len(far)) - _WINDOW + 1, _WINDOW // 2):
        window = slice(start, start + _WINDOW)
        if not is_own_speech(block_powers(far[window])).any():
            continue
        played, heard = np.fft.rfft(far[window] * shape), np.fft.rfft(near[window] * shape)
        cross += np.conj(played) * heard
        power += np.abs(played) ** 2
    if not power.any():
        return ()
    response = np.fft.irfft(cross / (power + _REGULAR * power.mean()))
    step = SPEECH_RATE_HZ * STEP_MS // 1000
    levels = np.square(response[: step * (LENGTH_MS // STEP_MS)]).reshape(-1, step).sum(axis=1)
    if not levels.any():
        return ()
    below = 10 * np.log10(levels / levels.max() + 1e-12)
    return tuple(float(level) for level in np.maximum(below, FLOOR_DB))
