"""How long it takes until what was played is heard again: measured from the assistant's own speech.

Rule of this file: no clock and no device; time is the blocks that are fed.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.interpolation import TAPS, read_block
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_BLOCK = SPEECH_RATE_HZ // 100
_WINDOW_BLOCKS = 200
"""2 s: 30 % of it are more than the 0.3 s that were always enough in 40 simulated rooms (audio.md 8)."""

_FFT = 2**16
_BAND_HZ = (200.0, 4000.0)
_FIRST_BLOCKS = 50
_EVERY_BLOCKS = 100
"""Between two measurements of 2.4 ms each, until a drift is known (3 to 4 s of one path) and from then on: a slip is
known after two of them."""

_LONGEST = round(0.7 * SPEECH_RATE_HZ)
"""Frames of the longest delay that is looked for."""

_OWN_SPEECH_SHARE = 0.3
_OWN_SPEECH_POWER = 10 ** (-50 / 10)
"""Mean square from which a block counts as own speech."""

_PEAK_RATIO = 1.5
_PEAK_WIDTH = 16
"""Frames on each side that belong to the highest peak."""

_AGREE = round(0.0005 * SPEECH_RATE_HZ)
"""Frames by which two measurements of one delay may differ, and by which a new one has to."""

_JUMP = round(0.003 * SPEECH_RATE_HZ)
"""A step from here on is another path or a slipped block; below it is drift, 0.1 ms a second at 100 ppm."""

_TAKEN_RAW = round(0.3 * SPEECH_RATE_HZ)
"""Up to this delay AEC3 finds the echo by itself (0.45 s, audio.md 3): a reference that is never moved cannot slip."""

_LONGEST_RAW = round(0.42 * SPEECH_RATE_HZ)
"""Up to here a raw reference stays so while clocks drift: moving it costs the canceller all that it has learned."""

_LEAD = round(0.04 * SPEECH_RATE_HZ)
"""By how much a reference that is moved comes before its echo: early costs nothing, late ruins the canceller."""

_DRIFT_SPAN = round(1.5 * SPEECH_RATE_HZ)
_DRIFT_FROM = 4
"""Frames and measurements from which a drift is given: they are right to 0.03 frames once a drift is taken out, so
it is to 2 ppm."""

_FASTEST = 5e-4
"""Drift from which two halves of a measurement are not of one path."""

_BESIDE = TAPS + round(_FASTEST * _WINDOW_BLOCKS * _BLOCK)
"""Frames that reading at such a pace needs on both sides."""

_READ_AT_ONCE = 5 * _BLOCK
"""Frames of the far end read at one pace before a measurement: at 100 ppm they drift by 0.08."""

_ELSEWHERE = 4
"""Frames beside the line from which a measurement is of another path, whose drift is the same."""

_HISTORY = 30
"""Measurements kept for it: half a minute of own speech."""

_OUTLIER = 0.3
"""Frames by which a measurement may lie beside the line through all of them, or twice their median."""


def measure_delay(near: Samples, far: Samples) -> float | None:
    """Frames by which the echo in `near` is behind `far` (2 s of each), by GCC-PHAT; None where no peak stands out."""
    cross = np.fft.rfft(near, _FFT) * np.conj(np.fft.rfft(far, _FFT))
    low, high = (round(hz * _FFT / SPEECH_RATE_HZ) for hz in _BAND_HZ)
    white = np.zeros_like(cross)
    white[low:high] = cross[low:high] / (np.abs(cross[low:high]) + 1e-12)
    lags = np.abs(np.fft.irfft(white))
    peak = int(np.argmax(lags[:_LONGEST]))
    before, height, after = lags[peak - 1], lags[peak], lags[peak + 1]
    lags = lags[:_LONGEST]
    lags[max(0, peak - _PEAK_WIDTH) : peak + _PEAK_WIDTH + 1] = 0.0
    if not height > 0.0 or height < _PEAK_RATIO * lags.max():
        return None
    bend = before - 2.0 * height + after
    return peak + (0.5 * float((before - after) / bend) if bend else 0.0)  # the parabola through three points


def at_pace(far: Samples, drift: float) -> Samples:
    """`far` as if the delay had been all along what it is at its end, `drift` frames a frame before.

    Else a measurement holds for the moment at which most was said: over 2 s at 100 ppm it was off by half a frame, with
    it by 0.02 (12 simulated rooms, docs/echo.md).
    """
    if not drift:
        return far
    drift = max(-_FASTEST, min(_FASTEST, drift))
    padded = np.concatenate((silence(_BESIDE), far, silence(_BESIDE)))
    starts = range(0, len(far), _READ_AT_ONCE)
    middles = (start + _READ_AT_ONCE / 2 - len(far) for start in starts)
    return np.concatenate(
        [
            read_block(padded, _BESIDE + start - drift * middle, min(_READ_AT_ONCE, len(far) - start))
            for start, middle in zip(starts, middles, strict=True)
        ]
    )


def measure_drift(near: Samples, far: Samples) -> float:
    """Frames a frame by which the delay grows from the first half of both to the second; 0 where one has no peak."""
    half, drift = len(far) // 2, 0.0
    for _ in range(2):
        steady = at_pace(far, drift)
        first = measure_delay(near[: half + _LONGEST], steady[:half])
        second = measure_delay(near[half:], steady[half:])
        if first is None or second is None or abs(second - first) > _FASTEST * half:
            return 0.0
        drift += (second - first) / half
    return drift


class Alignment:
    """Feed it both ends of every block: it knows the delay, and hands the far end on so that it leads its echo."""

    def __init__(self) -> None:
        self.delay: int | None = None
        """Frames (16 kHz) from being played to being heard, both as they are fed; None until it is known."""
        self.jumps = 0
        """How often the delay has jumped since it was first known, or was forgotten: each is another path."""
        self._near: deque[Samples] = deque(maxlen=_WINDOW_BLOCKS)
        self._far: deque[Samples] = deque(maxlen=_WINDOW_BLOCKS)
        self._blocks = 0
        self._shift = 0
        """Blocks by which the far end is held back."""
        self._candidate: float | None = None
        self._track = _Track()

    def restart(self) -> None:
        """Another device stands at one end: nothing that was measured holds any more."""
        self.delay, self._candidate, self._shift = None, None, 0
        self._track = _Track()
        self.jumps += 1
        self._near.clear()
        self._far.clear()

    @property
    def place(self) -> float | None:
        """The delay at this moment, drift included, in frames; None until it is known."""
        return self._track.delay_at(self._blocks * _BLOCK)

    @property
    def drift(self) -> float:
        """Frames by which the delay grows in a frame; 0 until it is known."""
        return self._track.drift

    @property
    def drift_ppm(self) -> float | None:
        """How much slower playback's clock is than capture's; None until some 4 s of one path have been heard."""
        return self.drift * 1e6 if self._track.knows_drift else None

    def feed(self, near: Samples, far: Samples) -> Samples:
        """The far end for the canceller: `far`, or an earlier block of it where its echo takes too long."""
        self.rest(near, far)
        if (
            self._blocks % (_EVERY_BLOCKS if self._track.knows_drift else _FIRST_BLOCKS) == 0
            and len(self._far) == _WINDOW_BLOCKS
        ):
            self._measure()
        return self._far[-1 - min(self._shift, len(self._far) - 1)]

    def rest(self, near: Samples, far: Samples) -> None:
        """The same, or more blocks at once, where nothing is played: nothing to measure, and nothing to hand on."""
        self._near.extend(near.reshape(-1, _BLOCK))
        self._far.extend(far.reshape(-1, _BLOCK))
        self._blocks += len(near) // _BLOCK

    def _measure(self) -> None:
        far = np.concatenate(self._far)
        powers = np.mean(np.square(far.reshape(_WINDOW_BLOCKS, _BLOCK)), axis=1)
        if np.mean(powers > _OWN_SPEECH_POWER) < _OWN_SPEECH_SHARE:
            return
        near = np.concatenate(self._near)
        if self.delay is None and self._candidate is not None:
            self._track.drift = measure_drift(near, far)
        measured = measure_delay(near, at_pace(far, self._track.drift))
        if measured is None:
            return
        agreed = self._candidate is not None and abs(measured - self._candidate) <= _AGREE
        self._candidate = measured
        if agreed:
            self._adopt(measured)

    def _adopt(self, measured: float) -> None:
        delay = round(measured)
        is_new = self.delay is None or abs(delay - self.delay) >= _JUMP
        if is_new:
            self.jumps += self.delay is not None
            self._track = _Track(self._track.drift)
            self._shift = (delay - _LEAD) // _BLOCK if delay > _TAKEN_RAW else 0
        self._track.add(self._blocks * _BLOCK, measured)
        if self.delay is None or abs(delay - self.delay) > _AGREE:
            self.delay = delay
        if not is_new and self._is_out_of_place(delay):
            self._shift = (delay - _LEAD) // _BLOCK
            self.jumps += 1  # for the canceller it is one

    def _is_out_of_place(self, delay: int) -> bool:
        """Whether drift has carried the echo to where the canceller loses it."""
        lead = delay - self._shift * _BLOCK
        return lead > _LONGEST_RAW if not self._shift else not _LEAD / 2 <= lead <= 2 * _LEAD


class _Track:
    """The delays of one path, and the line through them."""

    def __init__(self, drift: float = 0.0) -> None:
        self._measured: deque[tuple[float, float]] = deque(maxlen=_HISTORY)
        """(frames fed, delay)."""
        self._mid = (0.0, 0.0)
        """A point of the line."""
        self.drift = drift
        """Its slope."""

    @property
    def knows_drift(self) -> bool:
        measured = self._measured
        return len(measured) >= _DRIFT_FROM and measured[-1][0] - measured[0][0] >= _DRIFT_SPAN

    def delay_at(self, frames: int) -> float | None:
        return self._mid[1] + self.drift * (frames - self._mid[0]) if self._measured else None

    def add(self, frames: int, delay: float) -> None:
        expected = self.delay_at(frames)
        if self.knows_drift and expected is not None and abs(delay - expected) > _ELSEWHERE:
            offset = delay - expected
            self._measured = deque(((at, before + offset) for at, before in self._measured), maxlen=_HISTORY)
        self._measured.append((frames, delay))
        if self.knows_drift:
            self._draw(np.array(self._measured))
        else:
            self._mid = frames, delay

    def _draw(self, measured: NDArray[np.float64]) -> None:
        at, delays = measured.T
        mid = float(at.mean())
        slope, delay = np.polyfit(at - mid, delays, 1)
        beside = np.abs(delays - delay - slope * (at - mid))
        near = beside <= max(_OUTLIER, 2.0 * float(np.median(beside)))
        if near.sum() >= _DRIFT_FROM - 1:
            slope, delay = np.polyfit(at[near] - mid, delays[near], 1)
        self._mid, self.drift = (mid, float(delay)), float(slope)
