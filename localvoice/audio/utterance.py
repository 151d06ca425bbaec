"""The last minute of what the microphone heard, for recognisers: one writer, and copies for everyone else."""

from __future__ import annotations

import threading

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence


class UtteranceBuffer:
    """A preallocated ring of captured samples (16 kHz), addressed by capture time. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._ring = silence(int(seconds * SPEECH_RATE_HZ))
        self._written = 0
        self._lock = threading.Lock()

    def append(self, samples: Samples) -> None:
        """Add what was captured next."""
        size = len(self._ring)
        with self._lock:
            if len(samples) > size:
                self._written += len(samples) - size
                samples = samples[-size:]
            at = self._written % size
            head = min(len(samples), size - at)
            self._ring[at : at + head] = samples[:head]
            self._ring[: len(samples) - head] = samples[head:]
            self._written += len(samples)

    def read(self, start_s: float, end_s: float) -> Samples:
        """A copy of the sound between two capture times, as far as it has been captured and is still held."""
        size = len(self._ring)
        with self._lock:
            end = min(round(end_s * SPEECH_RATE_HZ), self._written)
            start = max(0, round(start_s * SPEECH_RATE_HZ), self._written - size)
            if end <= start:
                return silence(0)
            copy = silence(end - start)
            at = start % size
            head = min(len(copy), size - at)
            copy[:head] = self._ring[at : at + head]
            copy[head:] = self._ring[: len(copy) - head]
            return copy
