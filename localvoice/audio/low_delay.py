"""Resampling of a live microphone: as many samples out as came in, after every block.

soxr's stream holds 6 to 40 ms back and hands them out 30 ms at a time (48 kHz, 10 ms blocks, quality HQ); for files
that is fine, for somebody who wants to interrupt it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from localvoice.audio import native_reflex
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
        self._at = 0
        """Where the next output lies, in steps of 1 / (from_hz * up), from the next input sample."""
        self._step = self._prepared(0, max(0, taps - 1))
        self._zeros = 0
        """Fed one after the other, up to here."""
        self._held = silence(0)
        """The beginning of a part."""
        self.delay_s = taps / 2 / from_hz

    def feed(self, samples: Samples) -> Samples:
        """The output up to the last sample fed; the filter's past is zeros at the start."""
        if not len(self._phases):
            return samples
        step = self._step
        past = step.heard[step.fed :]
        self._zeros = 0 if samples.any() else self._zeros + len(samples)
        if self._zeros > len(past) + len(samples):  # a loudspeaker is silent for most of a day
            return self._silent(len(samples))
        if (len(samples), self._at) != (step.fed, step.at):  # blocks of a device are alike: prepared once
            step = self._step = self._prepared(len(samples), len(past))
        step.heard[: len(past)] = past
        step.heard[len(past) :] = samples
        self._at += len(step.phases) * self._down - len(samples) * self._up
        return step.filtered()

    def feed_parts(self, samples: Samples, part: int) -> Samples:
        """The same, in parts of one length, for which one filter is prepared; the beginning of one waits for its rest.

        A filter for all of them would need as much more memory, and take half as long again. Only for lengths that
        give a whole number of samples do parts wait. Not to be mixed with `feed`.
        """
        if not len(self._phases) or part * self._up % self._down:
            return self.feed(samples)
        if len(self._held):
            samples = np.concatenate((self._held, samples))
        whole = len(samples) - len(samples) % part
        self._held = samples[whole:]
        return self._feed_alike(samples[:whole], part) if whole else silence(0)

    def _feed_alike(self, samples: Samples, part: int) -> Samples:
        """Parts that begin at the same place between two outputs."""
        step = self._step
        past = step.heard[step.fed :]
        zeros, self._zeros = self._zeros, 0 if samples.any() else self._zeros + len(samples)
        if zeros > len(past) and self._zeros:
            return self._silent(len(samples))
        if (part, self._at) != (step.fed, step.at):
            step = self._step = self._prepared(part, len(past))
        heard = np.concatenate((past, samples))
        step.heard[:] = heard[len(heard) - len(step.heard) :]
        return step.filtered_all(heard)

    def _silent(self, fed: int) -> Samples:
        count = self._count(fed)
        self._at += count * self._down - fed * self._up
        return silence(count)

    def _count(self, fed: int) -> int:
        """Outputs that so many more inputs make."""
        return max(0, -(-(fed * self._up - self._at) // self._down))

    def _prepared(self, fed: int, past: int) -> _Step:
        count = self._count(fed)
        at = self._at + self._down * np.arange(count, dtype=np.int64)  # where that is not the default, too: C reads it
        heard = silence(past + fed)
        phases = self._phases[at % self._up] if count else self._phases[:0]
        windows = np.lib.stride_tricks.sliding_window_view(heard, phases.shape[1]) if count else phases
        starts, made = at // self._up, silence(count)
        places = tuple(array.ctypes.data for array in (heard, starts, phases, made))
        return _Step(fed, self._at, heard, windows, starts, phases, made, places)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What one call of `feed` works with, for a number of samples and the place of the first output among them."""

    fed: int
    at: int
    heard: Samples
    """The filter's past, then what is fed."""
    windows: Samples
    """Shape (starts, taps): a view of `heard`."""
    starts: NDArray[np.int64]
    """Where in `heard` the filter of each output begins."""
    phases: Samples
    """Shape (outputs, taps)."""

    made: Samples
    """Room for the outputs."""
    places: tuple[int, ...]
    """Where all of these lie, for C; finding out takes as long as the filter."""

    def filtered_all(self, heard: Samples) -> Samples:
        """The outputs of several that follow each other, behind the same past."""
        count = (len(heard) - len(self.heard)) // self.fed + 1
        library = native_reflex.load()
        if library is None:
            windows = np.lib.stride_tricks.sliding_window_view(heard, self.phases.shape[1])
            firsts = self.fed * np.arange(count)
            return np.concatenate([np.einsum("ij,ij->i", windows[at + self.starts], self.phases) for at in firsts])
        made = silence(count * len(self.made))
        _, starts, phases, _ = self.places
        begin, end = heard.ctypes.data, made.ctypes.data
        for at in range(count):
            here, there = begin + at * self.fed * heard.itemsize, end + at * self.made.nbytes
            library.brief.lv_resample(here, starts, phases, there, *self.phases.shape)
        return made

    def filtered(self) -> Samples:
        """The outputs. NumPy has to copy what the filters overlap in, and gives the GIL away; C does neither."""
        library = native_reflex.load()
        if library is None:
            converted: Samples = np.einsum("ij,ij->i", self.windows[self.starts], self.phases)
            return converted
        library.brief.lv_resample(*self.places, *self.phases.shape)
        return self.made.copy()


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
