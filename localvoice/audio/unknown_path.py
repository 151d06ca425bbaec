"""What is heard over our own voice before the canceller knows its path: mostly our own voice, and it comes again.

Rule of this file: no clock and no device; time is our own speech and the windows that are fed.
"""

from __future__ import annotations

_DOUBT, _HIGHEST = 0.1, 0.9
"""By how much the bar rises, while the canceller does not know the path, with each sound that reached it, and how far:
to that of `guarded`. Both false cuts of the first four simulated hours followed two or three such sounds in 1.5 s."""

_OUT_OF_REACH = 1.01
_MOST_SOUNDS = 3
_LEARNS_S = 1.0
"""Sounds that reached that bar, after which none does for so much of our own speech: a reply that is held every 0.1 s
gives a canceller nothing to learn from. On a busy machine one was held eight times, and then cut (docs/echo.md)."""

_APART_WINDOWS = 4
"""Below the bar, from which the next sound is another one: 0.13 s."""


class Doubts:
    """What has reached the bar over one path."""

    def __init__(self) -> None:
        self._sounds = 0
        self._deaf_until_s = 0.0
        """Own speech until which no voice reaches the bar."""
        self._is_over = False
        self._below = 0

    def over(self, probability: float, bar: float, spoken_s: float) -> float:
        """Where the bar stands for this window, after so much of our own speech."""
        if spoken_s < self._deaf_until_s:
            return _OUT_OF_REACH
        bar = max(bar, min(bar + self._sounds * _DOUBT, _HIGHEST))
        if probability >= bar:
            self._is_over, self._below = True, 0
        elif self._is_over:
            self._below += 1
            if self._below == _APART_WINDOWS:
                self._is_over, self._sounds = False, self._sounds + 1
                if self._sounds % _MOST_SOUNDS == 0:
                    self._deaf_until_s = spoken_s + _LEARNS_S
        return bar
