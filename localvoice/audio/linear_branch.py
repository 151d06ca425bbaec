"""A second pair of ears for while we speak: a linear canceller, how much louder it is than it should be, and a VAD.

AEC3 hears our voice least, but takes some of a user's with it; this branch keeps the user, and some of our voice. It
sleeps with the canceller.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from localvoice.audio.alignment import Alignment
from localvoice.audio.block_work import Worked
from localvoice.audio.samples import Reblocker, Samples
from localvoice.audio.steady_far_end import SteadyFarEnd
from localvoice.audio.vad import WINDOW, VoiceActivity

_OWN_SPEECH_POWER = 10 ** (-50 / 10)

_HEARD_FOR_BLOCKS = 20
"""After our last word, within which an excess is ours."""

_SMOOTHED = 3
"""Blocks over which an excess is averaged, and of which the highest counts for a window."""

_USUAL = 0.1
_LEARN = 1 / 500
"""Share of a block in the usual excess: 5 s."""

_FIRST_BLOCKS = 50
_CAP = 3.0
"""A block counts for at most so many usual ones: a user does not become usual."""

_QUIET = 0.05
"""Excess that is nothing in any room."""

_ASTRAY_BLOCKS = 3
_ASTRAY = 0.2
"""Blocks in a row in which the model makes what is heard louder, and excess of each, from which our voice comes another
way. It does so now and then where hardly anything is heard, and once for 95 users in fewer blocks (docs/echo.md)."""

_TOLD_BLOCKS = 4
"""After those, within which a window says so: it ends within that time."""

_LOUD_BLOCKS = 7
"""Over which our own peak counts: those of a window, and as much reverberation."""

_KEPT = 0.9999
"""Of the highest peak after a block: it halves in 70 s of speech, so that one chime does not make us low for ever."""

_LEAST_PEAK = 1e-3
"""Of what is played, from which a higher one counts."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What the branch makes of a window of 32 ms."""

    voice: float
    """Probability of a voice in what the linear canceller leaves."""
    excess: float
    """By how much it is louder than what our voice leaves, in tens of dB."""
    against_usual: float
    """The excess over what it usually is while only we speak; 1 is usual."""
    loudness: float
    """Of what is heard of us: the peak of the last 70 ms as a share of the highest one so far, 0 to 1."""
    is_lost: bool = False
    """Our voice comes back another way than the model knows: all of the above says nothing."""


class LinearBranch:
    """Not thread-safe.

    Ask it for the far end of every block, once the alignment has had it; feed it what the work on the block gave; then
    ask it for each window.
    """

    def __init__(self, alignment: Alignment, vad: VoiceActivity) -> None:
        self._alignment = alignment
        self._vad = vad
        self._far_end = SteadyFarEnd(alignment)
        self._reference: Samples | None = None
        """The far end of the present block; None where it has no place."""
        self._windows = Reblocker(WINDOW)
        self._window: Samples | None = None
        """The one that was completed last."""
        self._excess = _Excess()
        self._is_stale = True
        """The detector has not heard the window before the present one."""

    def reference(self, far: Samples) -> Samples | None:
        """The next block of the far end as the linear model wants it; None while its place is not known."""
        self._reference = self._far_end.feed(far)
        return self._reference

    @property
    def has_reference(self) -> bool:
        """Whether the far end of the present block has a place."""
        return self._reference is not None

    def feed(self, worked: Worked, far: Samples, *, is_awake: bool) -> None:
        """The same block after the work on it; `is_awake` as that was."""
        if is_awake and self._reference is not None:
            speaks = float(np.dot(far, far)) > _OWN_SPEECH_POWER * len(far)
            self._excess.feed(worked, peak=float(np.abs(self._reference).max()), speaks=speaks)
        for window in self._windows.feed(worked.left):
            self._window = window

    def rest(self, near: Samples) -> None:
        """Whole blocks of the microphone where nothing has been played for 2 s."""
        self._far_end.rest()
        self._excess.forget()
        for window in self._windows.feed(near):
            self._window = window

    def mute(self, near: Samples) -> None:
        """10 ms of a microphone that is off: nothing is learned of it, and what was heard before is over."""
        self._excess.pause()
        for window in self._windows.feed(near):
            self._window = window

    def hear(self, *, is_audible: bool) -> Hint | None:
        """The window that is complete now; None where our voice is not heard, or its drift not known."""
        if self._window is None or not is_audible:
            self._is_stale = True
            return None
        if self._is_stale:
            self._vad.reset()
            self._is_stale = False
        voice = self._vad.probability(self._window)
        if self._alignment.drift_ppm is None:
            return None
        return Hint(voice, *self._excess.of_window, is_lost=self._excess.is_lost)


class _Excess:
    """Excess of the last blocks, what is usual, and how loud we are: loudspeakers saturate where we are loudest.

    And whether all that means anything: the model may have lost its path.
    """

    def __init__(self) -> None:
        self._peaks: deque[float] = deque([0.0] * _LOUD_BLOCKS, maxlen=_LOUD_BLOCKS)
        self._highest = _LEAST_PEAK
        self._last: deque[float] = deque([0.0] * (2 * _SMOOTHED), maxlen=2 * _SMOOTHED)
        self._usual = _USUAL
        self._learned = 0
        self._since_word = _HEARD_FOR_BLOCKS
        self._astray = 0
        """Blocks in a row."""
        self._since_lost = _TOLD_BLOCKS

    @property
    def is_lost(self) -> bool:
        """Whether it has lost it in the window that ends now."""
        return self._since_lost < _TOLD_BLOCKS

    def feed(self, worked: Worked, *, peak: float, speaks: bool) -> None:
        excess = worked.excess
        self._astray = self._astray + 1 if worked.is_astray and excess >= _ASTRAY else 0
        self._since_lost = 0 if self._astray >= _ASTRAY_BLOCKS else self._since_lost + 1
        self._last.append(excess)
        self._peaks.append(peak)
        self._highest = max(_KEPT * self._highest, peak, _LEAST_PEAK)
        self._since_word = 0 if speaks else self._since_word + 1
        if self._since_word < _HEARD_FOR_BLOCKS:
            self._learned += 1
            share = max(1 / (self._learned + _FIRST_BLOCKS), _LEARN)
            self._usual += share * (min(excess, _CAP * self._usual) - self._usual)

    def pause(self) -> None:
        """A block that tells nothing."""
        self._last.append(0.0)
        self._peaks.append(0.0)

    def forget(self) -> None:
        """What was heard last is no part of what comes next."""
        self._last.extend([0.0] * (2 * _SMOOTHED))
        self._peaks.extend([0.0] * _LOUD_BLOCKS)

    @property
    def of_window(self) -> tuple[float, float, float]:
        """(excess, against what is usual, loudness) of the blocks of the window that ends now."""
        last = list(self._last)
        means = [sum(last[end - _SMOOTHED : end]) / _SMOOTHED for end in range(_SMOOTHED + 1, len(last) + 1)]
        highest = max(means)
        return highest, highest / (self._usual + _QUIET), max(self._peaks) / self._highest
