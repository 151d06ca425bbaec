"""How loud the end of a turn is against the rest of it: who has finished has faded, who goes on has not."""

from __future__ import annotations

import numpy as np

from localvoice.turn.observations import Window

_MOST_WINDOWS = 2000
"""A minute, the longest turn."""

_VOICED = 0.8
"""Probability from which a window tells how loud somebody is; edges of words are softer."""
_LEAST_WINDOWS = 4

_LAST_WINDOWS = 16
"""Half a second: it holds the last stressed syllable. With 0.3 s it holds none where the last words are "of it"."""
_STRESSED = 0.8
"""Share of the windows of a turn that are softer than its stressed syllables."""

LOUDEST_DB = 6.0
"""It counts no further than to here, either way: 95 in 100 ends and pauses lie within 5 dB."""

_EDGE_S = 1e-3
"""Times of windows and of edges are the same but for rounding."""


class Loudness:
    """Feed it every window, and ask at a pause."""

    def __init__(self) -> None:
        self._windows = np.zeros((_MOST_WINDOWS, 3))
        """Time, probability and level (NaN: not known) of each; the next one takes the oldest one's place."""
        self._heard = 0

    def hear(self, window: Window) -> None:
        """A window, of a turn or not."""
        level_db = np.nan if window.level_db is None else window.level_db
        self._windows[self._heard % _MOST_WINDOWS] = window.at_s, window.probability, level_db
        self._heard += 1

    def at_pause(self, began_s: float, speech_end_s: float) -> float | None:
        """The loudest of the last half second, in dB above the stressed syllables of the turn that began at `began_s`.

        None where the microphone may have heard our own voice as well, or too little of the turn was heard.
        """
        windows = np.roll(self._windows, -self._heard, axis=0)[-self._heard :]
        turn = windows[(windows[:, 0] > began_s + _EDGE_S) & (windows[:, 0] <= speech_end_s + _EDGE_S)]
        levels_db = turn[:, 2]
        voiced_db = levels_db[turn[:, 1] >= _VOICED]
        if len(voiced_db) < _LEAST_WINDOWS or np.isnan(levels_db).any():
            return None
        above_db = float(levels_db[-_LAST_WINDOWS:].max() - np.quantile(voiced_db, _STRESSED))
        return min(max(above_db, -LOUDEST_DB), LOUDEST_DB)
