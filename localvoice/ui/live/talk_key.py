"""Push-to-talk where a terminal tells only that a key is pressed: held by its repeats, or tapped twice.

Rule of this file: pure; times are seconds of any clock.
"""

from __future__ import annotations

import math

_FIRST_REPEAT_S = 0.75
"""A key that is held comes again within this: X waits 0.66 s before the first repeat, macOS and Windows up to 0.5 s."""
_RELEASED_S = 0.25
"""A key that was held and has not come for so long was let go: repeats come every 0.03 to 0.1 s."""


class TalkKey:
    """Whether the user wants to be heard."""

    def __init__(self) -> None:
        self.is_open = False
        self._is_held = False
        self._last_s = -math.inf

    def press(self, now_s: float) -> None:
        """The key came: pressed, or repeated because it is held."""
        since_s, self._last_s = now_s - self._last_s, now_s
        if not self.is_open:
            self.is_open, self._is_held = True, False
        elif since_s <= (_RELEASED_S if self._is_held else _FIRST_REPEAT_S):
            self._is_held = True
        else:
            self.release()

    def pass_time(self, now_s: float) -> None:
        """Time goes on: a key that was held may have been let go."""
        if self.is_open and self._is_held and now_s - self._last_s > _RELEASED_S:
            self.release()

    def release(self) -> None:
        """The user has spoken."""
        self.is_open = self._is_held = False
