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
_CORRECTS = 2e-4
"""Largest share of a frame per frame by which it is read faster, or corrected: no step that a filter would notice."""


class SteadyFarEnd:
    """Feed it every block after the alignment. Not thread-safe."""

    def __init__(self, alignment: Alignment) -> None:
        self._alignment = alignment
        self._held = silence(_HELD)
        self._place: float | None = None
        """Frames by which the newest sample read is behind the newest one held."""
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
            self._place = None
            return None
        if self._place is None or self._jumps != self._alignment.jumps:
            self._place, self._jumps = target, self._alignment.jumps
        drift = self._alignment.drift
        correction = (target - self._place) / SPEECH_RATE_HZ
        rate = max(-_FASTEST, min(_FASTEST, drift + max(-_CORRECTS, min(_CORRECTS, correction))))
        self._place += rate * _BLOCK
        behind = max(TAPS, self._place - _LEAD)  # for all of the block: at 500 ppm it moves by 0.08 of a frame
        return read_block(self._held, max(TAPS, _HELD - _BLOCK - behind), _BLOCK)
