"""A voice far below the user's that goes on behind their words, as a television does: no part of the turn.

It is noticed in a turn, by the level of that turn alone, so that who speaks softly from the start is heard. Looked at
only where our own voice does not come back, as in usual_level.py.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from localvoice.turn.observations import Window
from localvoice.turn.speech_gate import WINDOW_S, SpeechGate

_FAR_DB = 13.0
"""Below the stressed syllables of the turn. A television 15 dB lower than the user lies under it all the time in three
of four cases, one 10 dB lower in half of them."""

_FAR_IN_SILENCE_DB = 7.0
"""While no turn is open, and somebody else is known to speak. A television 15 dB lower opens 0.6 turns a minute, with
9.5 dB 1.8; with 6 dB first words of the user come late (benchmarks.turns.television, 2026-11-22)."""

_GOES_ON_S = 1.0
"""Voice that is so far below for so long is somebody else's: of 633 orders, prompts and sentences read aloud, without
anybody else, the longest such stretch was 0.74 s, the soft end of a sentence (2026-11-22)."""

_LASTS_S = 5.0
"""Silence of theirs behind which they are not known any more."""

_VOICED = 0.8
"""Probability from which a window tells how loud somebody is; edges of words are softer."""
_VOICE = 0.35
"""And from which it is a voice at all: the default of `vad.release`."""
_LEAST_WINDOWS = 8
_LOUD_PERCENTILE = 90

_DECAY_DB = 2.0
"""By how much what was loud counts for less with each window: the next syllable comes before that matters."""

_MOST_WINDOWS = 2000
"""Of a turn: a minute."""


class OtherVoices:
    """Feed it every window in order, then ask what is left of those in which no reply sounds."""

    def __init__(self, gate: SpeechGate) -> None:
        self._gate = gate
        self._level_db = 0.0
        self._turn = 0
        self._turn_db: deque[float] = deque(maxlen=_MOST_WINDOWS)
        self._loud_db: float | None = None
        """The stressed syllables of the turn, as far as they are known, or of the last one."""
        self._since_s: float | None = None
        """Since when a voice has gone on that is far below."""
        self._known_until_s = 0.0

    def hear(self, window: Window) -> None:
        """A window, whoever speaks."""
        if window.level_db is None:
            self._since_s, self._loud_db = None, None
            return
        if window.probability < _VOICE:
            self._since_s = None
        self._level_db = max(window.level_db, self._level_db - _DECAY_DB)
        if self._is_far() and window.probability >= _VOICE and self.are_there(window.at_s):
            self._known_until_s = window.at_s + _LASTS_S

    def are_there(self, at_s: float) -> bool:
        """Whether somebody else is known to speak."""
        return at_s < self._known_until_s

    def _is_far(self, far_db: float = _FAR_DB) -> bool:
        return self._loud_db is not None and self._level_db < self._loud_db - far_db

    def users(self, window: Window, turn: int | None) -> Window:
        """The window last heard, without speech where that is not the user's. `turn`: open; None where none is.

        The gate is told where the user's words ended, if it took somebody else's for them.
        """
        is_known = self.are_there(window.at_s)
        if turn is not None and turn != self._turn:
            self._turn = turn
            self._turn_db.clear()
            self._loud_db = self._loud_db if is_known else None
        if not self._is_far(_FAR_DB if turn is not None else _FAR_IN_SILENCE_DB):
            self._since_s = None
            if turn is not None:
                self._learn(window)
        elif is_known or (turn is not None and self._goes_on(window)):
            return replace(window, probability=0.0)
        return window

    def _learn(self, window: Window) -> None:
        if window.probability >= _VOICED and window.level_db is not None:
            self._turn_db.append(window.level_db)
            if len(self._turn_db) >= _LEAST_WINDOWS:
                self._loud_db = float(np.percentile(self._turn_db, _LOUD_PERCENTILE))

    def _goes_on(self, window: Window) -> bool:
        if window.probability < _VOICE:
            return False
        if self._since_s is None:
            self._since_s = window.at_s - WINDOW_S
        goes_on = window.at_s - self._since_s >= _GOES_ON_S
        if goes_on:
            self._gate.ends_at(self._since_s)
            self._known_until_s = window.at_s + _LASTS_S
        return goes_on
