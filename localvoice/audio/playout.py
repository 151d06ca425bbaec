"""When each sample of a reply sounds, reckoned from looks at how many of them the device has taken.

Pure: no device, no clock of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

_LOOKS = 32
"""Looks that count: a third of a second at one every 10 ms, so that a gap of the device is believed soon."""


class Anchor:
    """When a counter stood at zero, from looks that may be late (a thread woke late) but never early."""

    def __init__(self) -> None:
        self._zeros: deque[float] = deque(maxlen=_LOOKS)

    def look(self, count_s: float, at_s: float) -> None:
        """The counter was seen at `count_s` at the time `at_s`."""
        self._zeros.append(at_s - count_s)

    @property
    def is_known(self) -> bool:
        """Whether there was a look."""
        return bool(self._zeros)

    @property
    def zero_s(self) -> float:
        """The time of zero; the counter stands at `at_s - zero_s` at the time `at_s`."""
        return min(self._zeros)


@dataclass(slots=True)
class _Run:
    """An uninterrupted stretch of a reply."""

    first: int
    latency_s: float
    anchor: Anchor = field(default_factory=Anchor)
    """Where its frame 0 would have been taken."""

    @property
    def sounds_from_s(self) -> float:
        """When its frame 0 would have begun to sound."""
        return self.anchor.zero_s + self.latency_s


class Playout:
    """The way of one reply through a device. Times are on any one clock, frames count the samples of the reply."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._runs: list[_Run] = []
        self._taken = 0
        self._sounded = 0

    def start(self, frame: int, latency_s: float) -> None:
        """A device is about to take `frame` first: at the beginning, after a pause, a gap, or going back.

        What it takes begins to sound `latency_s` later.
        """
        while self._runs and self._runs[-1].first >= frame:
            self._runs.pop()
        self._runs.append(_Run(frame, latency_s))
        if frame < self._taken:
            self._sounded = min(self._sounded, frame)
        self._taken = frame

    def look(self, taken: int, at_s: float) -> None:
        """At `at_s` the device had taken everything before `taken`."""
        if taken > self._taken and self._runs:
            self._taken = taken
            self._runs[-1].anchor.look(taken / self._rate_hz, at_s)

    def when(self, frame: int) -> float | None:
        """When `frame` sounds or sounded; None as long as the device has not taken it."""
        if frame >= self._taken:
            return None
        for run in self._known_runs():
            if frame >= run.first:
                return run.sounds_from_s + frame / self._rate_hz
        return None

    def sounded(self, at_s: float) -> int:
        """How many frames have begun to sound at `at_s`; never fewer than said before, but for going back."""
        for run in self._known_runs():
            frames = int((at_s - run.sounds_from_s) * self._rate_hz) + 1
            self._sounded = max(self._sounded, min(self._taken, max(run.first, frames)))
            break
        return self._sounded

    def sounded_at_loss(self, alive_s: float, *, was_taking: bool) -> int:
        """How many frames had begun to sound when the device was lost; whatever it had not yet played never sounded.

        `was_taking`: more was there for it, so that what it took last is its last sign of life. Otherwise that was at
        `alive_s`, as somebody says who looks now and then.
        """
        for run in self._known_runs():
            took_last_s = run.anchor.zero_s + self._taken / self._rate_hz
            lived_to_s = took_last_s if was_taking else max(alive_s, took_last_s)
            frames = int((lived_to_s - run.sounds_from_s) * self._rate_hz) + 1
            return min(self._taken, max(run.first, frames))
        return min(self._taken, self._sounded)

    def _known_runs(self) -> Iterator[_Run]:
        """The runs that have been looked at, the latest first."""
        return (run for run in reversed(self._runs) if run.anchor.is_known)
