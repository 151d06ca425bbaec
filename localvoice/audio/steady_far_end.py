"""The far end read so that its echo always comes the same time after it, though both clocks run apart.

A linear filter follows 20 ppm by itself; at 100 it leaves 5 to 10 dB more of the echo (audio.md 6).
"""

from __future__ import annotations

from localvoice.audio.alignment import Alignment
from localvoice.audio.interpolation import TAPS, read_block
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_BLOCK = SPEECH_RATE_HZ // 100

_LEAD = _BLOCK
"""Frames by which it comes before its echo: delays are right to a millisecond, and late is worse than early."""

_HELD = SPEECH_RATE_HZ
"""Frames kept: the longest delay that is measured is 0.7 s."""

_FASTEST = 5e-4
"""Largest share of a frame per frame by which it is read faster."""

_ASTRAY = SPEECH_RATE_HZ // 400
"""Frames beside its place from which it is put back. The model learns a place that is a little wrong; one that is
being corrected is another path in every block (2 to 5 dB, docs/echo.md)."""


class SteadyFarEnd:
    """Feed it every block after the alignment. Not thread-safe."""

    def __init__(self, alignment: Alignment) -> None:
        self._alignment = alignment
        self._held = silence(_HELD)
        self._place: float | None = None
        """Frames by which the newest sample read is behind the newest one held."""
        self._beside = 0.0
        """By how much that is not where the delay says; constant until that is measured anew."""
        self._jumps = 0

    def rest(self) -> None:
        """A silent block that nobody asks for; what is held is silent by then. The place is found again."""
        self._place = None

    def feed(self, far: Samples) -> Samples | None:
        """The block whose echo comes next, 10 ms before it; None while the delay is not known."""
        self._held[:-_BLOCK] = self._held[_BLOCK:]
        self._held[-_BLOCK:] = far
        target = self._alignment.place
        if target is None:
            self._place, self._beside = None, 0.0
            return None
        if self._jumps != self._alignment.jumps:
            self._place, self._beside, self._jumps = target, 0.0, self._alignment.jumps
        elif self._place is None:
            self._place = target + self._beside
        self._place += max(-_FASTEST, min(_FASTEST, self._alignment.drift)) * _BLOCK
        if abs(self._place - target) > _ASTRAY:
            self._place = target
        self._beside = self._place - target
        behind = max(TAPS, self._place - _LEAD)  # for all of the block: at 500 ppm it moves by 0.08 of a frame
        return read_block(self._held, max(TAPS, _HELD - _BLOCK - behind), _BLOCK)
