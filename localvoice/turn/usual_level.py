"""How loud the user usually is at the microphone: a voice far below that is somebody else's, or a television.

Known once a turn has been taken, and looked at only where our own voice does not come back: beside an echo the level at
the microphone says little, and a user may be far below it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from localvoice.turn.observations import Window

_VOICED = 0.8
"""Probability from which a window tells how loud somebody is; edges of words are softer."""

_FAR_DB = 10.5
"""Below the usual level. Since 64 ms of voice may cut, one stressed syllable of a reader 15 dB lower is enough: of 45
such stretches 8 were cut for with 10.5, 7 with 9.5, 13 with 11, 24 with 11.5; of 20 orders and single words of people
10 dB lower than the question 9 were cut for with 9.5, 16 with 10.5 (the sounds of benchmarks.turns.overlaps and
recordings of people, 2026-11-22)."""

_FAR_BESIDE_OTHERS_DB = 6.0
"""The same while somebody else is known to speak (other_voices.py): the stressed syllables of a television that is
15 dB lower by its mean lie 8 dB below the user's."""

_UP, _DOWN = 0.7, 0.2
"""Share of a new turn in the usual level: what a television said is unlearned with the next word of the user."""

_RISE_DB = 4.0
"""By how much one turn makes it louder than it ever was, at most: who raised their voice to be heard over the reply is
16 dB louder, and is not somebody else when they speak as usual again."""

_LEAST_WINDOWS = 4

_LOUD_PERCENTILE = 90
"""Of the windows of a turn: its stressed syllables, which is what the first word of a sound is compared with."""

_DECAY_DB = 2.0
"""By how much the loudest of a sound over a reply counts for less with each window; the next syllable comes before that
matters."""

_MOST_WINDOWS = 2000
"""Of a turn: a minute."""


class UsualLevel:
    """Feed it the windows of turns, and say when one was answered."""

    def __init__(self) -> None:
        self._usual_db: float | None = None
        self._loudest_db = 0.0
        """It ever was."""
        self._turn_db: deque[float] = deque(maxlen=_MOST_WINDOWS)
        self._sound_db: float | None = None
        """Of the sound over the reply in hand."""

    def hear(self, window: Window) -> None:
        """A window of the turn that is open."""
        if window.probability >= _VOICED and window.level_db is not None:
            self._turn_db.append(window.level_db)

    def turn_ended(self) -> None:
        """What was heard since the last one was the user's turn."""
        if len(self._turn_db) >= _LEAST_WINDOWS:
            loud_db = float(np.percentile(self._turn_db, _LOUD_PERCENTILE))
            if self._usual_db is None:
                self._usual_db = self._loudest_db = loud_db
            self._usual_db += (_UP if loud_db > self._usual_db else _DOWN) * (loud_db - self._usual_db)
            self._usual_db = min(self._usual_db, self._loudest_db + _RISE_DB)
            self._loudest_db = max(self._loudest_db, self._usual_db)
        self._turn_db.clear()

    def users(self, window: Window, *, is_held: bool, beside_others: bool = False) -> Window:
        """A window over a reply, without speech where it is not the user's. `is_held`: a sound is being judged.

        What has not been noticed yet is taken by its own level; a sound that has, as a whole: a soft syllable is no
        reason to believe that somebody has stopped.
        """
        if not is_held:
            self._sound_db = window.level_db
        if window.level_db is None or self._sound_db is None:  # it is beside our own voice, or began there
            self._sound_db = None
            return window
        self._sound_db = max(window.level_db, self._sound_db - _DECAY_DB)
        far_db = _FAR_BESIDE_OTHERS_DB if beside_others else _FAR_DB
        is_far = self._usual_db is not None and self._sound_db < self._usual_db - far_db
        return replace(window, probability=0.0) if is_far else window
