"""When a device counts as lost, and how often it is tried again. Pure: whoever looks brings the time."""

from __future__ import annotations

from collections.abc import Iterator

LOOK_S = 0.1
"""Between two looks at a device: a dead sound server is noticed within that (audio.md 9)."""

STALLED_AFTER_S = 0.3
"""A device whose callback is not called for so long is lost, whatever PortAudio says (audio.md 9).

The longest stall of the virtual card on a busy machine but for one was 170 ms (audio.md 1).
"""

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 0.5
"""Between two tries, each of which costs 50 ms: a device that is there again is noticed within 0.6 s."""


class Pulse:
    """Whether a device still runs, from looks at a number that changes with each of its blocks."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._looked_s = 0.0
        self._still_s = 0.0
        self.alive_s = 0.0
        """The last look at which it ran."""

    def has_stopped(self, pulse: float, now_s: float) -> bool:
        """Take a look. A look that comes late proves little: perhaps this whole program had been stopped."""
        since_s, self._looked_s = now_s - self._looked_s, now_s
        if pulse != self._last:
            self._last, self._still_s, self.alive_s = pulse, 0.0, now_s
            return False
        self._still_s += min(since_s, 1.5 * LOOK_S)
        return self._still_s >= STALLED_AFTER_S


def pauses() -> Iterator[float]:
    """Seconds to wait behind each failed try; they never end."""
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
