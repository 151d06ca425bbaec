"""Whether a sound is a voice at all: by its periodicity, before anything is decoded."""

from __future__ import annotations

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples

VOICING_WINDOW = 512
PITCH_LAGS = (SPEECH_RATE_HZ // 400, SPEECH_RATE_HZ // 70)
PERIODIC = 0.5
"""Least normalised autocorrelation of a voiced window."""
QUIETEST = 30.0**2
"""Mean square in int16 units, -61 dBFS: below it there is nothing to understand."""
LEAST_VOICED = 4
"""Windows of 32 ms: `stop` by the shortest voice has 5 (docs/starters.md)."""


def is_voiced(sound: bytes, least: float = QUIETEST) -> bool:
    """Whether int16 `sound` (16 kHz) has a voice's periodicity for a while; breath, clicks and rustle have none.

    Normalised autocorrelation at lags of 70 to 400 Hz, in windows of 32 ms. Windows below `least` (mean square) do not
    count, nor those 20 dB below the loudest.
    """
    windows = _windows(sound)
    if not len(windows):
        return False
    power = np.abs(np.fft.rfft(windows, 2 * VOICING_WINDOW, axis=1)) ** 2
    correlation = np.fft.irfft(power, axis=1)[:, :VOICING_WINDOW]
    energy = correlation[:, 0] / VOICING_WINDOW
    lags = np.arange(*PITCH_LAGS)
    unbiased = correlation[:, lags] * (VOICING_WINDOW / (VOICING_WINDOW - lags))
    periodicity = unbiased.max(axis=1) / np.maximum(correlation[:, 0], 1.0)
    loud = energy > max(QUIETEST, least, 0.01 * float(energy.max()))
    return int(np.count_nonzero((periodicity > PERIODIC) & loud)) >= LEAST_VOICED


def loudest(sound: bytes) -> float:
    """Mean square of the loudest window; 0 without any."""
    windows = _windows(sound)
    return float((windows**2).mean(axis=1).max()) if len(windows) else 0.0


def _windows(sound: bytes) -> Samples:
    """(windows, samples), each without its mean."""
    samples = np.frombuffer(sound, dtype="<i2").astype(np.float32)
    count = len(samples) // VOICING_WINDOW
    windows: Samples = samples[: count * VOICING_WINDOW].reshape(count, VOICING_WINDOW)
    windows -= windows.mean(axis=1, keepdims=True)
    return windows
