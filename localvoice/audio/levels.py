"""How loud both ends are, for those who look now and then."""

from __future__ import annotations

import math

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

_BLOCK = SPEECH_RATE_HZ // 100

SILENT_DB = -120.0
"""Of digital silence."""


class Levels:
    """The loudest 10 ms of either end since somebody looked. Fed by the thread that listens, read from any other.

    A block between two steps of `take` may count twice or not at all: a meter does not show that.
    """

    def __init__(self) -> None:
        self._near = 0.0
        self._far = 0.0

    def feed(self, near: Samples, far: Samples | None) -> None:
        """10 ms of both ends, or several times that."""
        self._near = max(self._near, _power(near))
        if far is not None:
            self._far = max(self._far, _power(far))

    def take(self) -> tuple[float, float]:
        """Microphone and loudspeaker in dBFS since this was last asked."""
        near, far, self._near, self._far = self._near, self._far, 0.0, 0.0
        return _db(near), _db(far)


def _power(samples: Samples) -> float:
    """Of the loudest 10 ms."""
    return max(float(np.dot(block, block)) for block in samples.reshape(-1, _BLOCK)) / _BLOCK


def _db(power: float) -> float:
    return 10 * math.log10(power) if power > 1e-12 else SILENT_DB
