"""What a linear model leaves of the echo: how much louder the rest is than it should be, and the rest made quiet.

Rule of this file: all figures are learned from our own voice as it is heard; none depends on how loud it is.
"""

from __future__ import annotations

from itertools import cycle

import numpy as np

from localvoice.audio.echo_filter import BINS, Spectrum
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_BLOCK = SPEECH_RATE_HZ // 100
_SPAN = 2 * _BLOCK

_FALL = np.float32(0.8)
"""Power that a predicted echo keeps for 10 ms: 1 dB, an RT60 of 0.6 s."""

_OVER = np.float32(4.0)
"""By how much the rest is taken for larger than it is on average: 6 dB, its peaks."""

_LEARN = 0.004
"""Share of a block in what is known of the rest: 2.5 s."""

_CAP = np.float32(4.0)
"""A block counts for at most so much of the average, once 0.5 s have been heard: a user is no part of the rest."""

_SETTLED_BLOCKS = 50

_PREDICTED = 1e-3
"""Sum of a predicted echo's powers from which it is learned from."""

_NOISE_RISE = np.float32(1.002)
"""How fast the noise floor follows a louder room: 0.9 dB a second."""

_NOISE_MEMORY = np.float32(0.9)

_DRAWS = 97
"""Spectra of noise that are drawn once: it repeats after a second, which nobody hears."""

_VOICE = slice(4, 80)
"""Bins of 200 to 4000 Hz."""


class Residue:
    """Feed it what the filter leaves and what it predicted. Not thread-safe."""

    def __init__(self) -> None:
        self._draws = cycle(draws())
        self._window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_SPAN) / _SPAN)).astype(np.float32)
        self._heard = np.zeros((2, _SPAN), dtype=np.float32)
        """Two blocks of what is left and of what was predicted."""
        self._echo = np.zeros(BINS, dtype=np.float32)
        self._averages = np.full((2, BINS), 1e-6, dtype=np.float32)
        """Power of the rest, and of the echo that was predicted meanwhile."""
        self._learned = 0
        self._noise = np.full((2, BINS), 1e-4, dtype=np.float32)
        """Smoothed power of what is left, and its floor."""
        self._tail = silence(_BLOCK)

    def feed(self, left: Samples, echo: Samples) -> tuple[Samples, float]:
        """(the rest suppressed and under noise, 10 ms late; by how much the block is louder than the rest should be).

        The second is the mean excess of the bins of a voice, in tens of dB: 0 where nothing stands out.
        """
        self._heard[:, :_BLOCK] = self._heard[:, _BLOCK:]
        self._heard[:, _BLOCK:] = left, echo
        spectra = np.fft.rfft(self._window * self._heard, axis=1).astype(np.complex64, copy=False)
        power, predicted = spectra.real**2 + spectra.imag**2
        self._echo = np.maximum(predicted, _FALL * self._echo)
        smoothed, floor = self._noise
        smoothed += (1 - _NOISE_MEMORY) * (power - smoothed)
        floor[:] = np.minimum(floor * _NOISE_RISE, np.maximum(smoothed, np.float32(1e-9)))
        rest = self._averages[0] / self._averages[1] * self._echo
        self._learn(np.maximum(power - floor, 0), rest)
        over = power[_VOICE] / (_OVER * rest + 2 * floor)[_VOICE]
        excess = float(np.mean(np.log10(np.maximum(over, 1.0))))
        gain = np.maximum(1 - _OVER * rest / (power + np.float32(1e-12)), 0)
        return self._sound(gain * spectra[0] + (1 - gain) * self._drawn_noise()), excess

    def _learn(self, heard: Samples, rest: Samples) -> None:
        if float(self._echo.sum()) < _PREDICTED:
            return
        self._learned += 1
        share = np.float32(max(1 / self._learned, _LEARN))
        if self._learned > _SETTLED_BLOCKS:
            heard = np.minimum(heard, _CAP * rest)
        self._averages += share * (np.stack((heard, self._echo)) - self._averages)
        np.maximum(self._averages[0], np.float32(1e-5) * self._averages[1], out=self._averages[0])

    def _drawn_noise(self) -> Spectrum:
        """Of the level of the floor. A detector hears speech at any level: silence would not hide what is left."""
        drawn: Spectrum = next(self._draws) * np.sqrt(self._noise[1])
        return drawn

    def _sound(self, spectrum: Spectrum) -> Samples:
        frame = self._window * np.fft.irfft(spectrum).astype(np.float32, copy=False)
        out: Samples = self._tail + frame[:_BLOCK]
        self._tail = frame[_BLOCK:]
        return out


def draws() -> Spectrum:
    """Shape (draws, bins), of power 1; always the same, so that the same sound gives the same probabilities."""
    parts = np.random.default_rng(0).standard_normal((2, _DRAWS, BINS)) / np.sqrt(2.0)
    drawn: Spectrum = (parts[0] + 1j * parts[1]).astype(np.complex64)
    return drawn
