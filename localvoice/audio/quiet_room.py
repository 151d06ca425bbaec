"""Whether a window is louder than the room has been: what is not needs no voice detector.

Rule of this file: no clock and no device; time is the windows that are fed.
"""

from __future__ import annotations

import math

import numpy as np

from localvoice.audio.samples import Samples

_RISE_DB = 0.1
"""How fast the floor follows a louder room, per window: 3 dB a second, slower than a syllable."""

_OVER_DB = 4.0
"""Level over the floor from which there is something to hear. Windows of even noise differ by 1 dB; speech so little
above the noise is not noticed by Silero either."""

_SILENT_DB = -120.0


class QuietRoom:
    """Feed it every window in order."""

    def __init__(self) -> None:
        self._floor_db = 0.0

    def is_louder(self, window: Samples) -> bool:
        """Whether the window stands out from the quietest ones before it."""
        level_db = 10 * math.log10(float(np.dot(window, window)) / len(window) + 1e-12)
        self._floor_db = max(_SILENT_DB, min(level_db, self._floor_db + _RISE_DB))
        return level_db > self._floor_db + _OVER_DB
