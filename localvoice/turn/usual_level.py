"""How loud the user usually is at the microphone: a voice far below that is somebody else's, or a television.

Known once a turn has been taken. Levels are those of the microphone, our own voice included: while that is loud nobody
is called far, and a reply that is held leaves only the voice that is judged.
"""

from __future__ import annotations

from dataclasses import replace

from localvoice.turn.observations import Window

_VOICED = 0.8
"""Probability from which a window tells how loud somebody is; edges of words are softer."""

_FAR_DB = 12.0
"""Below the usual level: between a user who leans back (10 dB) and a television that can just be followed (15 dB)."""

_UP, _DOWN = 0.7, 0.2
"""Share of a new turn in the usual level: what a television said is unlearned with the next word of the user."""

_LEAST_WINDOWS = 4

_FOLLOWS = 0.3
"""Weight of a window in the level of a sound over a reply. Our own echo dies away meanwhile."""


class UsualLevel:
    """Feed it the windows of turns, and say when one was answered."""

    def __init__(self) -> None:
        self._usual_db: float | None = None
        self._sum_db = 0.0
        self._count = 0
        self._sound_db: float | None = None
        """Of the sound over the reply in hand."""

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

    def users(self, window: Window, *, is_held: bool) -> Window:
        """A window over a reply, without speech where it is not the user's. `is_held`: a sound is being judged.

        What has not been noticed yet is taken by its own level; a sound that has, as a whole: a soft syllable is no
        reason to believe that somebody has stopped.
        """
        if not is_held or self._sound_db is None:
            self._sound_db = window.level_db
        elif window.probability >= _VOICED:
            self._sound_db += _FOLLOWS * (window.level_db - self._sound_db)
        is_far = self._usual_db is not None and self._sound_db < self._usual_db - _FAR_DB
        return replace(window, probability=0.0) if is_far else window
