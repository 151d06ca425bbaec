"""How loud the end of a turn is against the rest of it: who has finished has faded, who goes on has not."""

from __future__ import annotations

from collections import deque

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
        self._windows: deque[Window] = deque(maxlen=_MOST_WINDOWS)

    def hear(self, window: Window) -> None:
        """A window, of a turn or not."""
        self._windows.append(window)

    def at_pause(self, began_s: float, speech_end_s: float) -> float | None:
        """The loudest of the last half second, in dB above the stressed syllables of the turn that began at `began_s`.

        None where the microphone may have heard our own voice as well, or too little of the turn was heard.
        """
        turn = [one for one in self._windows if began_s + _EDGE_S < one.at_s <= speech_end_s + _EDGE_S]
        levels_db = [one.level_db for one in turn if one.level_db is not None]
        voiced_db = [one.level_db for one in turn if one.level_db is not None and one.probability >= _VOICED]
        if len(levels_db) < len(turn) or len(voiced_db) < _LEAST_WINDOWS:
            return None
        above_db = max(levels_db[-_LAST_WINDOWS:]) - float(np.quantile(voiced_db, _STRESSED))
        return min(max(above_db, -LOUDEST_DB), LOUDEST_DB)
