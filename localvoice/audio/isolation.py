"""Whether the microphone hears the loudspeaker at all: with headphones it does not.

A canceller without an echo takes some of the user away, and the bars against our own voice stand in the way of one that
has nothing to do with us. Rule of this file: no clock and no device; time is the blocks that are fed.
"""

from __future__ import annotations

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

_BLOCK = SPEECH_RATE_HZ // 100

_OWN_SPEECH_POWER = 10 ** (-50 / 10)
_SILENT_POWER = 10 ** (-90 / 10)

_OVER = 10 ** (3 / 10)
"""Over the noise of the room from which something is heard. Even noise varies by half a dB in a block of 10 ms."""

_SMOOTHED = 0.3
_RISE = 10 ** (0.01 / 10)
"""How fast the noise follows a louder room, in a block: 1 dB a second."""

_CALM_BLOCKS = 120
"""Of own speech over a quiet microphone until that is believed: longer than any way back that is looked for (0.7 s)."""

_FORGETS = 1 / 100
_LOUD_SHARE = 0.3
"""Of the last second of own speech over a microphone that is not quiet, until isolation is not believed any more. A
user who begins to talk makes us silent within 0.1 s; what goes on under our voice is an echo that came late."""


class Isolation:
    """Feed it both ends of every block."""

    def __init__(self) -> None:
        self._noise = 0.0
        """Power of the room; 0 until it was heard."""
        self._near: float | None = None
        self._calm = 0
        self._loud = 0.0
        """Share of blocks, forgetting."""

    @property
    def holds(self) -> bool:
        """Whether our voice is known not to come back."""
        return self._calm >= _CALM_BLOCKS

    def end(self) -> None:
        """An echo was found, or the devices have changed."""
        self._calm, self._loud = 0, 0.0

    def rest(self, near: Samples) -> None:
        """The same of whole blocks while nothing is played, and what was is not heard any more."""
        blocks = near.reshape(-1, _BLOCK)
        for power in np.einsum("ij,ij->i", blocks, blocks) / _BLOCK:
            self._learn_noise(self._smoothed(float(power)))

    def feed(self, near: Samples, far: Samples, *, is_audible: bool) -> None:
        """10 ms of both ends; `is_audible`: our voice, or what is left of it in the room, might be heard now."""
        power = self._smoothed(_power(near))
        if not is_audible:
            self._learn_noise(power)
        elif self._noise and _power(far) >= _OWN_SPEECH_POWER:
            self._count(is_quiet=power <= self._noise * _OVER)

    def _smoothed(self, power: float) -> float:
        near = power if self._near is None else self._near + _SMOOTHED * (power - self._near)
        self._near = near
        return near

    def _learn_noise(self, power: float) -> None:
        self._noise = max(_SILENT_POWER, min(power, self._noise * _RISE) if self._noise else power)

    def _count(self, *, is_quiet: bool) -> None:
        self._loud += _FORGETS * ((not is_quiet) - self._loud)
        if is_quiet:
            self._calm = min(self._calm + 1, _CALM_BLOCKS)
        elif not self.holds:
            self._calm = 0
        elif self._loud >= _LOUD_SHARE:
            self.end()


def _power(samples: Samples) -> float:
    return float(np.dot(samples, samples)) / len(samples)
