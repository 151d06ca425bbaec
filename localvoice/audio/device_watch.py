"""When a device counts as lost, and how often it is tried again. Pure: whoever looks brings the time."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from localvoice.audio.samples import Samples

LOOK_S = 0.1
"""Between two looks at a device: a dead sound server is noticed within that (audio.md 9)."""

RESTING_LOOK_S = 0.5
"""The same while nobody talks, as long as each look finds it running: one that is unplugged is noticed within that, one
that stands still within 0.4 s more."""

STALLED_AFTER_S = 0.3
"""A device whose callback is not called for so long is lost, whatever PortAudio says (audio.md 9).

The longest stall of the virtual card on a busy machine but for one was 170 ms (audio.md 1).
"""

_LONGEST_STALL_S = 0.9
_REMEMBERED_S = 60.0
"""A device that stands still again within a minute has twice as long, up to here: where other programs leave the sound
server no processor (stalls of 0.3 to 0.7 s at load average 25, 2026-11-21), opening it again took longer than waiting
would have, and broke off replies."""

_NUMB_AFTER_S = 5.0
"""Some drivers begin with a second or two of zeros."""

_REMEDIES = {
    "darwin": "allow the terminal to use it under System Settings > Privacy & Security > Microphone",
    "win32": "allow desktop apps to use it under Settings > Privacy & security > Microphone",
    "linux": "unmute it (`pactl set-source-mute @DEFAULT_SOURCE@ 0`, or `alsamixer`, F4)",
}

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 0.5
"""Between two tries, each of which costs 50 ms: a device that is there again is noticed within 0.6 s."""


class Pulse:
    """Whether a device still runs, from looks at a number that changes with each of its blocks."""

    def __init__(self, stalled_after_s: float = STALLED_AFTER_S) -> None:
        self._stalled_after_s = stalled_after_s
        self._last: float | None = None
        self._looked_s = 0.0
        self._still_s = 0.0
        self.alive_s = 0.0
        """The last look at which it ran."""

    @property
    def is_still(self) -> bool:
        """Whether it did not run between the last two looks."""
        return self._still_s > 0.0

    def has_stopped(self, pulse: float, now_s: float) -> bool:
        """Take a look. A look that comes late proves little: perhaps this whole program had been stopped."""
        since_s, self._looked_s = now_s - self._looked_s, now_s
        if pulse != self._last:
            self._last, self._still_s, self.alive_s = pulse, 0.0, now_s
            return False
        self._still_s += min(since_s, 1.5 * LOOK_S)
        return self._still_s >= self._stalled_after_s


class Stalls:
    """How long a device may stand still, from how often one has: more where reopening did not help."""

    def __init__(self) -> None:
        self._allowed_s = STALLED_AFTER_S
        self._last_s = -_REMEMBERED_S

    def add(self, now_s: float) -> None:
        """A device was lost because it stood still."""
        self._allowed_s = min(2 * self.allowed_s(now_s), _LONGEST_STALL_S)
        self._last_s = now_s

    def allowed_s(self, now_s: float) -> float:
        """Seconds without a block that are no loss yet."""
        return self._allowed_s if now_s - self._last_s < _REMEMBERED_S else STALLED_AFTER_S


class Numbness:
    """Whether a microphone has given nothing but exact zeros since it was opened: muted, or not allowed to us.

    The quietest real one has noise.
    """

    def __init__(self) -> None:
        self._zeros_s = 0.0
        self._is_settled = False
        """Whether it was heard, or told."""

    def is_found(self, samples: Samples, rate_hz: int) -> bool:
        """Take what was recorded; True once, when 5 s of it were zeros and nothing else has come before."""
        if self._is_settled:
            return False
        self._zeros_s += len(samples) / rate_hz
        if samples.any():
            self._is_settled = True
            return False
        self._is_settled = self._zeros_s >= _NUMB_AFTER_S
        return self._is_settled


def numb_microphone(name: str, platform: str = sys.platform) -> str:
    """What to tell the user about it."""
    remedy = _REMEDIES.get(platform, _REMEDIES["linux"])
    return f'the microphone "{name}" gives digital silence only: {remedy}, or name another one with `--input`'


def pauses() -> Iterator[float]:
    """Seconds to wait behind each failed try; they never end."""
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
