"""How loud the user usually is at the microphone: a voice far below that is somebody else's, or a television.

Known once a turn has been taken. Levels are those of the microphone, our own voice included: while that is loud nobody
is called far, and a reply that is held leaves only the voice that is judged.
"""

from __future__ import annotations

from localvoice.turn.observations import Window

_VOICED = 0.8
"""Probability from which a window tells how loud somebody is; edges of words are softer."""

_FAR_DB = 11.0
"""Below the usual level. People vary by some 5 dB from turn to turn; half the distance from 10 dB (a user who leans
back) to 15 dB (a television that can just be followed)."""

_UP, _DOWN = 0.7, 0.2
"""Share of a new turn in the usual level: what a television said is unlearned with the next word of the user."""

_LEAST_WINDOWS = 4


class UsualLevel:
    """Feed it the windows of turns, and say when one was answered."""

    def __init__(self) -> None:
        self._usual_db: float | None = None
        self._sum_db = 0.0
        self._count = 0

    def hear(self, window: Window) -> None:
        """A window of the turn that is open."""
        if window.probability >= _VOICED:
            self._sum_db += window.level_db
            self._count += 1

    def turn_ended(self) -> None:
        """What was heard since the last one was the user's turn."""
        if self._count >= _LEAST_WINDOWS:
            mean_db = self._sum_db / self._count
            if self._usual_db is None:
                self._usual_db = mean_db
            self._usual_db += (_UP if mean_db > self._usual_db else _DOWN) * (mean_db - self._usual_db)
        self._sum_db, self._count = 0.0, 0

    def is_far(self, level_db: float | None) -> bool:
        """Whether a voice of that level is not the user's."""
        return self._usual_db is not None and level_db is not None and level_db < self._usual_db - _FAR_DB
