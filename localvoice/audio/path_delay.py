"""When what was played comes back, followed through a recording: the delay, its slips, and the drift of both clocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.alignment import measure_delay
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_BLOCK = SPEECH_RATE_HZ // 100
_SPAN = SPEECH_RATE_HZ
"""Of the far end in one measurement: 0.3 s of speech were always enough, and 500 ppm of drift blur a second by 8 frames
only (audio.md 8; two seconds of that find no peak)."""

_STEP = SPEECH_RATE_HZ // 2
_BEHIND = round(0.7 * SPEECH_RATE_HZ)
"""How much later the echo may come: as far as `measure_delay` looks."""

_SPEECH_SHARE = 0.3
_SPEECH_POWER = 10 ** (-50 / 10)
"""Mean square from which 10 ms of the far end count as speech (alignment.py)."""

_AGREE = round(0.001 * SPEECH_RATE_HZ)
"""Measurements of one path are within 1 ms of each other (40 of 40 simulated rooms, audio.md 8)."""

_FOUND_SHARE = 1 / 3
"""Of the stretches of speech: two wrong peaks in 20 may agree by chance."""

_SLIP = round(0.003 * SPEECH_RATE_HZ)
"""A step from here on is a lost or an inserted block, not drift (alignment.py)."""

_DRIFT_SPAN_S = 5.0
"""Shortest stretch over which a drift is given: audio.md 8 repeats the measurement after 5 s."""

_FAR_OFF = (round(-0.3 * SPEECH_RATE_HZ), round(1.6 * SPEECH_RATE_HZ))
"""Where an echo is looked for that is nowhere else: a reference that is late, or a wireless loudspeaker."""

_FAR_OFF_SPAN = 4 * SPEECH_RATE_HZ
_FAR_OFF_FFT = 2**17
_BAND_HZ = (200.0, 4000.0)
_PEAK_RATIO = 1.5
_PEAK_WIDTH = 16


@dataclass(frozen=True, slots=True)
class DelayTrack:
    """The delay from the far end to its echo, as both are recorded."""

    delay_ms: float | None = None
    """The median; None where no echo was found. Negative where the far end is behind its own echo."""
    measured: int = 0
    """Stretches of speech in which it was found."""
    spread_ms: float = 0.0
    """Between the least and the greatest, drift taken out."""
    slips: int = 0
    """Jumps of 3 ms and more."""
    drift_ppm: float | None = None
    """How much slower playback's clock is than capture's; None over less than 5 s, and where it slipped."""


def track_delay(near: Samples, far: Samples) -> DelayTrack:
    """Follow the delay by GCC-PHAT, a measurement every half second of speech. Takes about 6 ms a second."""
    found = _measurements(near, far)
    if not found:
        far_off = _far_off(near, far)
        return DelayTrack() if far_off is None else DelayTrack(far_off * 1000 / SPEECH_RATE_HZ, 1)
    at, delays = np.array(found, dtype=np.float64).T
    slips = int(np.count_nonzero(np.abs(np.diff(delays)) >= _SLIP))
    drift = None
    straight = delays
    if not slips and at[-1] - at[0] >= _DRIFT_SPAN_S * SPEECH_RATE_HZ:
        slope = float(np.polyfit(at - at[0], delays, 1)[0])
        drift = slope * 1e6
        straight = delays - slope * (at - at[0])
    in_ms = 1000 / SPEECH_RATE_HZ
    return DelayTrack(float(np.median(delays)) * in_ms, len(found), float(np.ptp(straight)) * in_ms, slips, drift)


def _measurements(near: Samples, far: Samples) -> list[tuple[int, float]]:
    """(frame, delay in frames) where a peak stands out that a neighbour agrees with; nothing where those are few."""
    starts = [at for at in range(0, len(far) - _SPAN + 1, _STEP) if has_speech(far[at : at + _SPAN])]
    delays = [(at, measure_delay(near[at : at + _SPAN + _BEHIND], far[at : at + _SPAN])) for at in starts]
    found = [(at, delay) for at, delay in delays if delay is not None]
    agreed = []
    for place, (at, delay) in enumerate(found):
        beside = found[max(0, place - 1) : place] + found[place + 1 : place + 2]
        if any(abs(delay - other) <= _AGREE for _, other in beside):
            agreed.append((at, delay))
    return agreed if len(agreed) >= _FOUND_SHARE * len(starts) else []


def has_speech(far: Samples) -> bool:
    """Whether enough of it is own speech to measure by."""
    return bool(np.mean(block_powers(far) > _SPEECH_POWER) >= _SPEECH_SHARE)


def block_powers(sound: Samples) -> NDArray[np.float64]:
    """Mean square of every whole block of 10 ms."""
    blocks = sound[: len(sound) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    powers: NDArray[np.float64] = np.mean(np.square(blocks, dtype=np.float64), axis=1)
    return powers


def is_own_speech(powers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which blocks of the far end count as speech."""
    return powers > _SPEECH_POWER


def _far_off(near: Samples, far: Samples) -> int | None:
    """The delay where it is negative or very long: found in 4 s of speech."""
    spoken = np.flatnonzero(is_own_speech(block_powers(far)))
    if not len(spoken):
        return None
    first = int(spoken[0]) * _BLOCK
    said = far[first : first + _FAR_OFF_SPAN]
    start = first + _FAR_OFF[0]
    heard = near[max(0, start) : first + _FAR_OFF_SPAN + _FAR_OFF[1]]
    heard = np.concatenate((silence(max(0, -start)), heard))
    cross = np.fft.rfft(heard, _FAR_OFF_FFT) * np.conj(np.fft.rfft(said, _FAR_OFF_FFT))
    low, high = (round(hz * _FAR_OFF_FFT / SPEECH_RATE_HZ) for hz in _BAND_HZ)
    white = np.zeros_like(cross)
    white[low:high] = cross[low:high] / (np.abs(cross[low:high]) + 1e-12)
    lags = np.abs(np.fft.irfft(white)[: _FAR_OFF[1] - _FAR_OFF[0]])
    peak = int(np.argmax(lags))
    height = lags[peak]
    lags[max(0, peak - _PEAK_WIDTH) : peak + _PEAK_WIDTH + 1] = 0.0
    return peak + _FAR_OFF[0] if height > 0.0 and height >= _PEAK_RATIO * lags.max() else None
