"""Samples in memory: the one place that converts widths, rates and block sizes."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Shape (n,), mono, float32 in [-1, 1]; 16 kHz unless a name beside it says otherwise."""

Pcm = NDArray[np.int16]
"""The same as whole numbers."""

SPEECH_RATE_HZ = 16_000
"""Rate of everything that listens: VAD, recognisers, smart-turn."""

AUDIBLE = 10 ** (-50 / 20)
"""Level above which a sample counts as sound (product contract, section 5: -50 dBFS)."""

_INT16_SCALE = 32768.0

_SOUGHT = 1024
"""Samples looked at in one step: mostly the first has what is sought, and a long reply is not gone through."""


def silence(frames: int) -> Samples:
    """`frames` zeros."""
    return np.zeros(frames, dtype=np.float32)


def from_int16(data: bytes | NDArray[np.int16]) -> Samples:
    """Int16 little-endian PCM (bytes or array) to float32 in [-1, 1)."""
    array = np.frombuffer(data, dtype="<i2") if isinstance(data, bytes | bytearray | memoryview) else data
    return array.astype(np.float32) / np.float32(_INT16_SCALE)


def to_int16(samples: Samples) -> Pcm:
    """Float32 to int16, clipped to its range, rounded to nearest."""
    pcm: Pcm = np.clip(np.rint(samples * _INT16_SCALE), -32768, 32767).astype("<i2")
    return pcm


def first_audible(samples: Samples) -> int | None:
    """Index of the first sample above `AUDIBLE`, None where there is none."""
    for begin in range(0, len(samples), _SOUGHT):
        audible = np.abs(samples[begin : begin + _SOUGHT]) > AUDIBLE
        if audible.any():
            return begin + int(audible.argmax())
    return None


def last_audible(samples: Samples) -> int | None:
    """Index of the last sample above `AUDIBLE`, None where there is none."""
    for end in range(len(samples), 0, -_SOUGHT):
        audible = np.abs(samples[max(0, end - _SOUGHT) : end][::-1]) > AUDIBLE
        if audible.any():
            return end - 1 - int(audible.argmax())
    return None


def numbers(samples: Samples) -> Samples:
    """Its argument, unless a sample is no number, which filters with a memory would keep: then a copy, silent there."""
    if isfinite(np.vdot(samples, samples)):  # two hundred times a second; `dot` would warn of what this looks for
        return samples
    return np.where(np.isfinite(samples), samples, np.float32(0.0))


def to_mono(frames: NDArray[np.float32]) -> Samples:
    """Shape (n,) or (n, channels) to the mean of the channels, shape (n,)."""
    if frames.ndim == 1:
        return frames
    return np.ascontiguousarray(frames.mean(axis=1, dtype=np.float32))


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole sound at another rate (soxr, high quality). Returns its argument when the rates are equal."""
    if from_hz == to_hz or not len(samples):
        return samples
    import soxr

    converted: Samples = soxr.resample(samples, from_hz, to_hz)
    return converted


class Resampler:
    """A stream from one rate to another: `feed` block after block, then `flush` for the tail. Not thread-safe."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream: Any = None
        if from_hz != to_hz:
            import soxr

            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")

    def feed(self, samples: Samples) -> Samples:
        """What has become ready; may be shorter or longer than the rate alone suggests."""
        if self._stream is None:
            return samples
        ready: Samples = self._stream.resample_chunk(samples)
        return ready

    def flush(self) -> Samples:
        """The tail still inside the filter; the stream cannot be fed afterwards."""
        if self._stream is None:
            return silence(0)
        tail: Samples = self._stream.resample_chunk(silence(0), last=True)
        return tail


class Reblocker:
    """Blocks of any size in, blocks of exactly `frames` out. Not thread-safe."""

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._rest = silence(0)

    def feed(self, samples: Samples) -> list[Samples]:
        """Every whole block that is complete now, in order; each is its own copy."""
        joined = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(joined) // self._frames
        blocks = [joined[i * self._frames : (i + 1) * self._frames].copy() for i in range(whole)]
        self._rest = joined[whole * self._frames :].copy()
        return blocks
