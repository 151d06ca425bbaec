"""When each sample of a reply sounds, reckoned from looks at how many of them the device has taken.

Pure: no device, no clock of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

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


class Playout:
    """The way of one reply through a device. Times are on any one clock, frames count the samples of the reply."""

    def __init__(self, rate_hz: int, latency_s: float) -> None:
        self._rate_hz = rate_hz
        self._latency_s = latency_s
        self._runs: list[tuple[int, Anchor]] = []
        """First frame of each uninterrupted run, and where its frame 0 would lie."""
        self._taken = 0
        self._sounded = 0

    def start(self, frame: int) -> None:
        """The device is about to take `frame` first: at the beginning, after a pause, a gap, or going back."""
        while self._runs and self._runs[-1][0] >= frame:
            self._runs.pop()
        self._runs.append((frame, Anchor()))
        if frame < self._taken:
            self._sounded = min(self._sounded, frame)
        self._taken = frame

    def look(self, taken: int, at_s: float) -> bool:
        """At `at_s` the device had taken everything before `taken`; whether that is more than at the last look."""
        if taken <= self._taken or not self._runs:
            return False
        self._taken = taken
        self._runs[-1][1].look(taken / self._rate_hz, at_s)
        return True

    def when(self, frame: int) -> float | None:
        """When `frame` sounds or sounded; None as long as the device has not taken it."""
        if frame >= self._taken:
            return None
        for first, zero_s in self._known_runs():
            if frame >= first:
                return zero_s + self._latency_s + frame / self._rate_hz
        return None

    def sounded(self, at_s: float) -> int:
        """How many frames have begun to sound at `at_s`; never fewer than said before, but for going back."""
        for first, zero_s in self._known_runs():
            frames = int((at_s - zero_s - self._latency_s) * self._rate_hz) + 1
            self._sounded = max(self._sounded, min(self._taken, max(first, frames)))
            break
        return self._sounded

    def _known_runs(self) -> Iterator[tuple[int, float]]:
        """First frame and time of frame 0 of the runs that have been looked at, the latest first."""
        return ((first, anchor.zero_s) for first, anchor in reversed(self._runs) if anchor.is_known)
