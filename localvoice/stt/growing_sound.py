"""The sound of a turn that goes on, and where in it there was speech, as far as its level tells.

Rule of this file: a mistake costs a reading that was not needed, never a word. Loud noise counts as speech.
"""

from __future__ import annotations

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_FRAME = SPEECH_RATE_HZ // 50
"""20 ms."""

_QUIET = 0.03
"""Share of the turn's loudest frame (-30 dB) below which a frame is quiet; the weakest consonants lie 25-30 dB below
the vowels of the same word (Fletcher 1953)."""

_SILENT = 1e-3
"""Level (-60 dBFS) below which a frame is quiet in any turn."""

_KEPT_QUIET = SPEECH_RATE_HZ // 5
"""Quiet read behind the last speech: more invites invented words (engines.md 3), as `turn.pauses.QUIET_SILENCE_S`."""

_DIP_FRAMES = 3


class GrowingSound:
    """Counted in samples from the beginning of the turn; its beginning may be dropped."""

    def __init__(self) -> None:
        self._held = silence(SPEECH_RATE_HZ)
        self._size = 0
        self._levels: list[float] = []
        """Of the frames of the whole turn."""
        self._limit = _SILENT
        """Level up to which a frame is quiet."""
        self.start = 0
        """Where what is held begins."""

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + self._size

    @property
    def seconds(self) -> float:
        """Length of what is held."""
        return self._size / SPEECH_RATE_HZ

    def add(self, block: Samples) -> None:
        """It goes on."""
        needed = self._size + len(block)
        if needed > len(self._held):
            self._held = np.concatenate((self._held[: self._size], silence(max(needed, self._size))))
        self._held[self._size : needed] = block
        self._size = needed
        while (len(self._levels) + 1) * _FRAME <= self.end:
            at = len(self._levels) * _FRAME - self.start
            frame = self._held[max(0, at) : at + _FRAME]
            self._levels.append(float(np.sqrt(np.mean(np.square(frame)))))
            self._limit = max(self._limit, _QUIET * self._levels[-1])

    def until(self, end: int) -> Samples:
        """A copy of what is held up to `end`."""
        return self._held[: end - self.start].copy()

    def drop(self, end: int) -> None:
        """What lies before `end` is needed no more."""
        self._held = self._held[end - self.start : self._size].copy()
        self._size, self.start = len(self._held), end

    def has_speech_after(self, at: int) -> bool:
        """Whether anything behind `at` is loud enough; whether there is any sound at all where that is negative.

        The frame that holds `at` counts as well: it ends behind it.
        """
        limit = self._limit
        return self.end > 0 if at < 0 else any(level > limit for level in self._levels[at // _FRAME :])

    @property
    def is_quiet_now(self) -> bool:
        """Whether the last 60 ms are."""
        limit = self._limit
        return all(level <= limit for level in self._levels[-_DIP_FRAMES:])

    @property
    def end_of_speech(self) -> int:
        """Where the last speech ends, and a little quiet behind it."""
        limit = self._limit
        last = next((at for at in range(len(self._levels), 0, -1) if self._levels[at - 1] > limit), 0)
        return min(self.end, max(self.start, last * _FRAME + _KEPT_QUIET)) if last else self.end

    def quietest(self, from_s: float) -> int:
        """The best place for a cut, at least `from_s` behind the beginning of what is held: the middle of 200 ms."""
        first = (self.start + int(from_s * SPEECH_RATE_HZ)) // _FRAME
        levels = np.square(np.array(self._levels[first:]))
        width = 10
        sums = np.convolve(levels, np.ones(width), mode="valid")
        return (first + int(np.argmin(sums)) + width // 2) * _FRAME
