"""What a sound over the reply is by its sound alone: words that want the floor, an "mm-hm", or neither.

A small convolutional network in numpy, asked while the sound goes on. How it was made and what it is worth:
scripts/backchannel/README.md.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.languages import language_code

BEFORE_S = 0.1
"""Sound before the onset that the network wants to see: the gate may have missed a soft beginning."""

LONGEST_S = 0.9
"""Sound that the network has learned from at a time."""

BANDS = 32
_FRAME, _HOP, _FFT = 400, 160, 512
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7000.0
_FLOOR = 1e-9
"""Power of a band below which there is nothing to hear."""
_ALONE = 250_000
"""Multiplications that OpenBLAS does on one thread (its threshold is 2^18)."""
_RANGE = 5.0
"""Decades under the loudest band that are looked at."""

Features = NDArray[np.float32]
"""Shape (frames, BANDS)."""


def log_mels(samples: Samples) -> Features:
    """Power in `BANDS` mel bands every 10 ms, as a logarithm to base 10. Frames lie within `samples`."""
    if len(samples) < _FRAME:
        return np.zeros((0, BANDS), dtype=np.float32)
    frames = sliding_window_view(samples, _FRAME)[::_HOP]
    power = np.square(np.abs(np.fft.rfft(frames * _WINDOW, _FFT)))
    mels: Features = np.log10(_product(power, _BANK) + _FLOOR).astype(np.float32)
    return mels


def levelled(mels: Features) -> Features:
    """The same at any loudness: the loudest band is 1, five decades under it -1."""
    scaled: Features = np.maximum(mels - mels.max(), -_RANGE) * np.float32(2.0 / _RANGE) + np.float32(1.0)
    return scaled


def judged(onset_s: float, at_s: float) -> tuple[float, float]:
    """From when to when a sound that began at `onset_s` is judged at `at_s`: all of it, later its last part."""
    return max(onset_s, at_s - LONGEST_S) - BEFORE_S, at_s


class SoundJudge:
    """Tells content from backchannels. Stateless; a call takes about 0.3 ms a view."""

    def __init__(self) -> None:
        """Load the weights of the package."""
        place = resources.files("localvoice.audio") / "backchannel.npz"
        with resources.as_file(place) as path, np.load(path) as stored:
            self._weights = {name: stored[name].astype(np.float32) for name in stored.files}

    def judge(self, *views: Samples) -> tuple[float, float]:
        """Probabilities that a sound is content and that it is a backchannel; the rest is noise or echo.

        Args:
            views: From `BEFORE_S` before its onset until now, at 16 kHz; the same sound as each canceller leaves it.
                What one of them takes from the user, or leaves of us, the other does not: their opinions are averaged.
        """
        opinions = [self._logits(mels) for mels in map(log_mels, views) if len(mels)]
        if not opinions:
            return 0.0, 0.0
        logits = np.mean(opinions, axis=0)
        shares = np.exp(logits - logits.max())
        content, backchannel, _ = shares / shares.sum()
        return float(content), float(backchannel)

    def _logits(self, mels: Features) -> NDArray[np.float32]:
        weights = self._weights
        hidden = levelled(mels)
        for layer, stride in (("a", 1), ("b", 2), ("c", 1)):
            hidden = _convolved(hidden, weights[f"{layer}w"], weights[f"{layer}b"], stride)
        length = np.array([len(mels) / 100], dtype=np.float32)
        pooled = np.concatenate((hidden.mean(axis=0), hidden.max(axis=0), hidden[-2:].mean(axis=0), length))
        dense = np.maximum(weights["dw"] @ pooled + weights["db"], 0)
        logits: NDArray[np.float32] = weights["ew"] @ dense + weights["eb"]
        return logits


def load_sound_judge(language: str) -> SoundJudge | None:
    """The judge for a language; None for other ones than English: it has heard no other."""
    return SoundJudge() if language_code(language) in {"", "en"} else None


def _convolved(x: Features, weights: Features, bias: Features, stride: int) -> Features:
    """Along time, zeros around it, negative values cut. `weights`: (out, in, taps)."""
    taps = weights.shape[2]
    padded = np.pad(x, ((taps // 2, taps // 2), (0, 0)))
    stretches = sliding_window_view(padded, taps, axis=0)[::stride].reshape(-1, weights.shape[1] * taps)
    out: Features = np.maximum(_product(stretches, weights.reshape(len(weights), -1).T) + bias, 0)
    return out


def _product(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """`a @ b` in parts that BLAS does not spread over threads: waking them took up to 16 ms on busy cores."""
    rows = max(1, _ALONE // b.size)
    return np.concatenate([a[at : at + rows] @ b for at in range(0, len(a), rows)])


def _mel_bank() -> Features:
    """Triangles, evenly spaced in mel, each of area one."""
    mel = np.linspace(_to_mel(_LOWEST_HZ), _to_mel(_HIGHEST_HZ), BANDS + 2)
    edges = 700.0 * (10 ** (mel / 2595.0) - 1.0)
    bins = np.arange(_FFT // 2 + 1) * SPEECH_RATE_HZ / _FFT
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    bank: Features = (triangles / np.maximum(triangles.sum(axis=0), 1e-9)).astype(np.float32)
    return bank


def _to_mel(hz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hz / 700.0))


_WINDOW = np.hanning(_FRAME).astype(np.float32)
_BANK = _mel_bank()
