"""Reading a sound between its samples: for clocks that run apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.samples import Samples

TAPS = 16
"""Length of the filter; its error stays under -60 dB up to 6 kHz."""

_STEPS = 512
"""Places between two samples that have a filter of their own."""


def read_between(held: Samples, places: NDArray[np.float64], held_from: int) -> Samples:
    """`held`, whose sample 0 is frame `held_from`, at `places`: 7 samples before and 8 after each are needed."""
    steps = np.rint(places * _STEPS).astype(np.int64)
    first = steps // _STEPS - (TAPS // 2 - 1)
    index = np.maximum(first - held_from, 0)
    read: Samples = np.einsum("ij,ij->i", held[index[:, None] + np.arange(TAPS)], _BETWEEN[steps % _STEPS])
    return read


def read_block(held: Samples, place: float, frames: int) -> Samples:
    """`frames` of `held` from `place` on: 7 samples before and 8 after them are needed."""
    steps = round(place * _STEPS)
    first = steps // _STEPS - (TAPS // 2 - 1)
    read: Samples = np.correlate(held[first : first + frames + TAPS - 1], _BETWEEN[steps % _STEPS])
    return read


def _between() -> Samples:
    """Shape (steps, taps): windowed sincs that read between samples."""
    distance = np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - np.arange(_STEPS)[:, None] / _STEPS
    window = 0.5 + 0.5 * np.cos(2 * np.pi * distance / (TAPS + 1))
    filters = np.sinc(distance) * window
    kernel: Samples = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return kernel


_BETWEEN = _between()
