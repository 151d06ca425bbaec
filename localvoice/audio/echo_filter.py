"""A linear model of the echo, in numpy: what it predicts and what it leaves says more of a user than AEC3's output.

A partitioned-block Kalman filter in the frequency domain (Enzner and Vary 2006; partitions as Kuech, Mabande and
Enzner 2014): it knows how sure it is of every part of the path, so that a user who speaks does not spoil it. It follows
a path by itself only slowly: its far end has to come from `steady_far_end.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_BLOCK = SPEECH_RATE_HZ // 100
_SPAN = 2 * _BLOCK
BINS = _BLOCK + 1

_PARTITIONS = 20
"""Length of the model in blocks: 0.2 s of the path. The tail behind it is left to `residue.py`."""

_KEEPS = np.float32(0.998)
"""What the path keeps of itself from block to block: 5 s of memory (audio.md 7)."""

_FALL_PARTITIONS = 8.0
"""By how many partitions the first guess at the path's energy falls by 1/e."""

_SILENT = 10 ** (-80 / 20)
"""Peak of the far end under which nothing is played. Where nothing of it is left in the model nothing is learned, and
nothing forgotten: after 2 s of silence the path was a third too small, and our next word exceeded what it should be."""

_ERROR_MEMORY = np.float32(0.8)
_CONSTRAINED = 4
_CONSTRAINED_EVERY = 2
"""Partitions whose circular tail is cut off, and every how many blocks: all of them in ten, at a tenth of the cost."""

Spectrum = NDArray[np.complex64]


class EchoFilter:
    """Feed it both ends of every block; it keeps the path. Not thread-safe."""

    def __init__(self) -> None:
        self._far = np.zeros((_PARTITIONS, BINS), dtype=np.complex64)
        """Spectra of the last blocks, newest first."""
        self._powers = np.zeros((_PARTITIONS, BINS), dtype=np.float32)
        self._path = np.zeros_like(self._far)
        fall = np.exp(-np.arange(_PARTITIONS, dtype=np.float32) / np.float32(_FALL_PARTITIONS))
        self._unsure = np.repeat(fall[:, None], BINS, axis=1)
        """Expected squared error of the path."""
        self._error_power = np.full(BINS, 1e-3, dtype=np.float32)
        self._played = silence(_SPAN)
        self._padded = silence(_SPAN)
        self._blocks = 0
        self._silent_blocks = _PARTITIONS

    def process(self, near: Samples, far: Samples) -> tuple[Samples, Samples]:
        """(what is left of `near`, the echo that was predicted): 160 samples each, nothing of them late."""
        self._silent_blocks = 0 if np.abs(far).max() > _SILENT else self._silent_blocks + 1
        self._played[:_BLOCK] = self._played[_BLOCK:]
        self._played[_BLOCK:] = far
        self._far[1:] = self._far[:-1].copy()
        self._far[0] = np.fft.rfft(self._played)
        self._powers[1:] = self._powers[:-1].copy()
        self._powers[0] = _power(self._far[0])
        if self._silent_blocks >= _PARTITIONS:
            return near, silence(_BLOCK)
        echo: Samples = np.fft.irfft(np.einsum("pk,pk->k", self._far, self._path))[_BLOCK:].astype(
            np.float32, copy=False
        )
        left = near - echo
        self._padded[_BLOCK:] = left
        self._learn(np.fft.rfft(self._padded).astype(np.complex64, copy=False))
        return left, echo

    def _learn(self, left: Spectrum) -> None:
        self._error_power += (1 - _ERROR_MEMORY) * (_power(left) - self._error_power)
        self._unsure *= _KEEPS**2
        self._unsure += (1 - _KEEPS**2) * _power(self._path)
        doubt = np.float32(0.5) * np.einsum("pk,pk->k", self._powers, self._unsure)
        gain = self._unsure / (doubt + self._error_power + np.float32(1e-9))
        step = np.multiply(self._far, np.conj(left))  # conjugated below: cheaper than conjugating the far end
        step *= gain
        self._path += np.conj(step, out=step)
        self._path *= _KEEPS
        gain *= self._powers
        gain *= np.float32(-0.5)
        gain += 1
        self._unsure *= gain
        self._blocks += 1
        if self._blocks % _CONSTRAINED_EVERY == 0:
            self._constrain()

    def _constrain(self) -> None:
        """Of an impulse response twice as long as a block the second half is an artefact of the transform."""
        first = self._blocks // _CONSTRAINED_EVERY * _CONSTRAINED % _PARTITIONS
        turn = slice(first, first + _CONSTRAINED)
        responses = np.fft.irfft(self._path[turn], axis=1)
        responses[:, _BLOCK:] = 0.0
        self._path[turn] = np.fft.rfft(responses, axis=1)


def _power(spectrum: Spectrum) -> NDArray[np.float32]:
    return spectrum.real**2 + spectrum.imag**2
