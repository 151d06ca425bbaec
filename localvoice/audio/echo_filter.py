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

_PARTITIONS = 40
"""Length of the model in blocks: 0.4 s of the path; with 0.2 s the tail of a living room was half of what it left. What
is behind it is left to `residue.py`."""

_LEARN_FAST, _LEARN_SLOW = 4e-3, 2e-4
_FAST_BLOCKS = 200
"""Share of the path that may have become another one in a block: at first, and at the least. In between it falls with
the blocks that have been learned from. A constant 0.004 left 5 dB more of the echo (docs/echo.md)."""

_UNKNOWN = 0.03
_FALL_PARTITIONS = 12.0
"""The first guess at the path's energy, and by how many partitions it falls by 1/e. With a guess of 1 the model made
our voice louder in its first 1.5 s."""

_LOST_LEFT, _LOST_ECHO = np.float32(0.9), np.float32(0.5)
_MEMORIES = np.array([[0.97], [0.75]], dtype=np.float32)
"""Shares of the microphone's power over 0.3 s that are left, and that were predicted, from which the path has become
another one: of a user alone nothing is taken out either, but little is predicted. The second memory, of 40 ms, tells
sooner, and now and then wrongly (linear_branch.py)."""

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
        self._unknown = np.float32(_UNKNOWN) * fall[:, None]
        self._unsure = np.repeat(self._unknown, BINS, axis=1)
        """Expected squared error of the path; above it the same where nothing is known."""
        self._error_power = np.full(BINS, 1e-3, dtype=np.float32)
        self._played = silence(_SPAN)
        self._padded = silence(_SPAN)
        self._blocks = 0
        """Learned from since the path was new."""
        self._lately = np.zeros((2, 3), dtype=np.float32)
        """Power of the near end, of what is left of it, and of what was predicted, by both memories."""
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
            self._lately[1] = 0.0
            return near, silence(_BLOCK)
        echo: Samples = np.fft.irfft(np.einsum("pk,pk->k", self._far, self._path))[_BLOCK:].astype(
            np.float32, copy=False
        )
        left = near - echo
        self._padded[_BLOCK:] = left
        self._learn(np.fft.rfft(self._padded).astype(np.complex64, copy=False))
        self._doubt(near, left, echo)
        return left, echo

    @property
    def is_astray(self) -> bool:
        """Whether what is predicted has made the last 40 ms louder: our voice comes back another way."""
        heard, rest, predicted = self._lately[1]
        return bool(predicted > 0.0 and predicted >= _LOST_ECHO * heard and rest >= heard)

    def _learn(self, left: Spectrum) -> None:
        self._error_power += (1 - _ERROR_MEMORY) * (_power(left) - self._error_power)
        forgets = np.float32(max(_LEARN_SLOW, _LEARN_FAST * min(1.0, _FAST_BLOCKS / (self._blocks + 1))))
        self._unsure *= 1 - forgets
        self._unsure += forgets * _power(self._path)
        doubt = np.float32(0.5) * np.einsum("pk,pk->k", self._powers, self._unsure)
        gain = self._unsure / (doubt + self._error_power + np.float32(1e-9))
        step = np.multiply(self._far, np.conj(left))  # conjugated below: cheaper than conjugating the far end
        step *= gain
        self._path += np.conj(step, out=step)
        self._path *= np.sqrt(1 - forgets)
        gain *= self._powers
        gain *= np.float32(-0.5)
        gain += 1
        self._unsure *= gain
        self._blocks += 1
        if self._blocks % _CONSTRAINED_EVERY == 0:
            self._constrain()

    def _doubt(self, near: Samples, left: Samples, echo: Samples) -> None:
        """What takes nothing out, as loud as it predicts our voice, has another path before it."""
        powers = np.array([np.dot(sound, sound) for sound in (near, left, echo)])
        self._lately += (1 - _MEMORIES) * (powers - self._lately)
        heard, rest, predicted = self._lately[0]
        is_lost = predicted >= _LOST_ECHO * heard and rest >= _LOST_LEFT * heard
        if is_lost and self._blocks >= _FAST_BLOCKS:
            self._blocks = 0
            np.maximum(self._unsure, self._unknown, out=self._unsure)

    def _constrain(self) -> None:
        """Of an impulse response twice as long as a block the second half is an artefact of the transform."""
        first = self._blocks // _CONSTRAINED_EVERY * _CONSTRAINED % _PARTITIONS
        turn = slice(first, first + _CONSTRAINED)
        responses = np.fft.irfft(self._path[turn], axis=1)
        responses[:, _BLOCK:] = 0.0
        self._path[turn] = np.fft.rfft(responses, axis=1)


def _power(spectrum: Spectrum) -> NDArray[np.float32]:
    return spectrum.real**2 + spectrum.imag**2
