"""Resampling of a live microphone: as many samples out as came in, after every block.

soxr's stream holds 6 to 40 ms back and hands them out 30 ms at a time (48 kHz, 10 ms blocks, quality HQ); for files
that is fine, for somebody who wants to interrupt it is not.
"""

from __future__ import annotations

from math import gcd

import numpy as np

from localvoice.audio.samples import Samples, silence

_LENGTH_S = 0.0027
"""Length of the filter. It delays sound by half of that, 1.3 ms, and leaves a transition band of about 1.5 kHz."""

_KAISER_BETA = 6.76
"""70 dB of stop band (Kaiser 1974: 0.1102 (A - 8.7))."""

_PASS = 0.95
"""Middle of the transition band relative to the Nyquist frequency: aliases fall above 7.2 kHz of a 16 kHz signal."""


class LowDelayResampler:
    """A stream from one rate to another through a polyphase FIR, delayed by `delay_s`. Not thread-safe."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        divisor = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // divisor, from_hz // divisor
        taps = 0 if from_hz == to_hz else 2 * round(_LENGTH_S * max(from_hz, 2 * to_hz) / 2)
        self._phases = _phases(taps, self._up, _PASS * min(1.0, to_hz / from_hz))
        self._past = silence(max(0, taps - 1))
        self._at = 0
        """Where the next output lies, in steps of 1 / (from_hz * up), from the next input sample."""
        self.delay_s = taps / 2 / from_hz

    def feed(self, samples: Samples) -> Samples:
        """The output up to the last sample fed; the filter's past is zeros at the start."""
        if not len(self._phases):
            return samples
        count = max(0, -(-(len(samples) * self._up - self._at) // self._down))
        at = self._at + self._down * np.arange(count)
        self._at += count * self._down - len(samples) * self._up
        heard = np.concatenate((self._past, samples))
        self._past = heard[len(heard) - len(self._past) :]
        if not count:
            return silence(0)
        windows = np.lib.stride_tricks.sliding_window_view(heard, self._phases.shape[1])
        converted: Samples = np.einsum("ij,ij->i", windows[at // self._up], self._phases[at % self._up])
        return converted


def _phases(taps: int, up: int, cutoff: float) -> Samples:
    """Shape (up, taps): one filter per position between two input samples, newest input last; empty for no taps."""
    if not taps:
        return np.zeros((0, 0), dtype=np.float32)
    later = np.arange(up)[:, None] / up
    distance = np.arange(taps)[None, :] - (taps / 2 - 1) - later  # input samples from the (delayed) output
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1.0 - (2.0 * distance / taps) ** 2, 0.0, None)))
    filters = cutoff * np.sinc(cutoff * distance) * window
    phases: Samples = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return phases
