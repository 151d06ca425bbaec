"""What a voice is worth while the assistant speaks: it may be the user's, or what the canceller left of our own.

Rule of this file: no clock and no device; time is the blocks that are fed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from localvoice.audio.alignment import Alignment
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

_BLOCK_S = 0.01
_COLD_S = 3.0
"""Own speech until the canceller knows a new path (audio.md 6)."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Probabilities on the cleaned signal from which a voice is noticed (benchmarks/audio/echo.py, docs/echo.md)."""

    warm: float = 0.45
    cold: float = 0.65
    """Until the canceller knows the path."""


_HEARD_FOR_S = 0.2
"""Reverberation after the echo of the last sample played: 60 dB of a living room are over."""

_UNKNOWN_DELAY_S = 0.4

_OWN_SPEECH_POWER = 10 ** (-50 / 10)


class OwnVoice:
    """Feed it the far end of every block; it judges the probabilities of the windows."""

    def __init__(self, noticed_from: float, alignment: Alignment, bars: Bars) -> None:
        self._noticed_from = noticed_from
        """Where turn-taking notices a voice over a reply."""
        self._alignment = alignment
        self.bars = bars
        """May be replaced between two blocks: duplex_mode.py says by what."""
        self._path = 0
        self._spoken_s = 0.0
        """Own speech over the present path."""
        self._audible_s = 0.0
        """How long our voice may still be heard."""

    @property
    def is_cold(self) -> bool:
        """Whether the canceller does not know the path well."""
        return self._spoken_s < _COLD_S

    @property
    def is_audible(self) -> bool:
        """Whether our voice may be heard at this moment."""
        return self._audible_s > 0.0

    def play(self, far: Samples) -> None:
        """What was played with the next block."""
        self._audible_s = max(0.0, self._audible_s - _BLOCK_S)
        if self._alignment.jumps != self._path:
            self._path = self._alignment.jumps
            self._spoken_s = 0.0
        if float(np.dot(far, far)) < _OWN_SPEECH_POWER * len(far):
            return
        self._spoken_s += _BLOCK_S
        delay = self._alignment.delay
        self._audible_s = _HEARD_FOR_S + (_UNKNOWN_DELAY_S if delay is None else delay / SPEECH_RATE_HZ)

    def users(self, probability: float) -> float:
        """The probability that it is the user's voice, given that of a voice in the cleaned signal.

        While our own may be heard, the bar's place is taken by `noticed_from` and everything else moves in proportion.
        """
        if not self._audible_s:
            return probability
        bar = max(self._noticed_from, self.bars.cold if self.is_cold else self.bars.warm)
        if probability < bar:
            return probability * self._noticed_from / bar
        if bar >= 1.0:
            return probability
        return 1.0 - (1.0 - probability) * (1.0 - self._noticed_from) / (1.0 - bar)
