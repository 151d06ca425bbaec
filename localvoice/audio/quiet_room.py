"""Whether sound is louder than the room has been: what is not needs no voice detector.

Rule of this file: no clock and no device; time is the windows that are fed.
"""

from __future__ import annotations

import math

import numpy as np

from localvoice.audio.samples import Samples
from localvoice.audio.vad import WINDOW, WINDOW_S

_RISE_DB = 0.1
"""How fast the floor follows a louder room, per window: 3 dB a second, slower than a syllable."""

_OVER_DB = 4.0
"""Level over the floor from which there is something to hear. Windows of even noise differ by 1 dB; speech so little
above the noise is not noticed by Silero either."""

_SILENT_DB = -120.0

LOOK_S = 0.08
"""Between two looks of who would rather wait: each takes the loudest of `LOOK_WINDOWS`."""

LOOK_WINDOWS = 3
"""A little more than what came since the last look."""

_LOOK_RISE_DB = _RISE_DB * LOOK_S / WINDOW_S
_LOOK_OVER_DB = 3.0
"""As `_OVER_DB`: the loudest of three windows of noise differs less, and the floor is the least of those."""

LOOK_RISE, LOOK_OVER = (10 ** (level_db / 10) for level_db in (_LOOK_RISE_DB, _LOOK_OVER_DB))
"""As ratios of powers."""


def loudest(sound: Samples) -> float:
    """Mean square of the loudest of the last `LOOK_WINDOWS`; of as many as there are."""
    count = min(LOOK_WINDOWS, len(sound) // WINDOW)
    windows = sound[len(sound) - count * WINDOW :].reshape(count, WINDOW)
    return max((float(np.dot(window, window)) / WINDOW for window in windows), default=0.0)


class QuietRoom:
    """Feed it every window in order, or how loud each is."""

    def __init__(self, rise_db: float = _RISE_DB, over_db: float = _OVER_DB) -> None:
        self._rise_db = rise_db
        self._over_db = over_db
        self._floor_db = 0.0

    @classmethod
    def for_looks(cls) -> QuietRoom:
        """One for sound that is looked at every 80 ms, by the loudest of `LOOK_WINDOWS`. As callback_look.h."""
        return cls(_LOOK_RISE_DB, _LOOK_OVER_DB)

    def is_louder(self, window: Samples) -> bool:
        """Whether the window stands out from the quietest ones before it."""
        return self.stands_out(float(np.dot(window, window)) / len(window))

    def stands_out(self, power: float) -> bool:
        """The same of its mean square."""
        level_db = 10 * math.log10(power + 1e-12)
        self._floor_db = max(_SILENT_DB, min(level_db, self._floor_db + self._rise_db))
        return level_db > self._floor_db + self._over_db
