"""A simulated room between loudspeaker and microphone, for sessions on files, tests and benchmarks.

Rule of this file: the same seed and the same sound give the same room, sample by sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.interpolation import TAPS, read_between
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import ConfigError

_FORM = "--room takes DELAY_MS,GAIN_DB[,RT60_MS], such as 60,-10,200"

_LIMITS = (("delay", 0.0, 2000.0, "ms"), ("gain", -120.0, 20.0, "dB"), ("RT60", 0.0, 3000.0, "ms"))

_TAIL_SHARE = 1.25
"""Energy of the reverberation over the direct sound's, per second of RT60 (Sabine: in proportion to it): a loudspeaker
half a metre away in a room of 40 m3, 6 dB under the direct sound at 200 ms."""

_FIRST_REFLECTION_S = 0.002
"""Table and wall nearby: 70 cm of detour."""

_DETOUR = round(0.001 * SPEECH_RATE_HZ)
"""Frames by which the direct sound is later in the new place: 34 cm."""


@dataclass(frozen=True, slots=True)
class RoomSpec:
    """The way from the loudspeaker's digital samples back to the microphone's."""

    delay_ms: float
    """Buffers and air together."""
    gain_db: float
    """Energy of the echo over what was played."""
    rt60_ms: float = 0.0
    """Time in which the reverberation falls by 60 dB; 0 = none."""
    noise_dbfs: float | None = None
    """White noise at the microphone; None = none."""
    clip: float | None = None
    """Level at which the loudspeaker saturates, softly; None = never."""
    drift_ppm: float = 0.0
    """By how much playback's clock is slower than capture's: the delay grows by so many microseconds a second."""
    cut_off: float | None = None
    """Level at which the microphone cuts off what it hears; None = 1."""
    moves_at_s: float | None = None
    """When the laptop is moved: another reverberation, and a direct sound 1 ms later; None = never."""


def parse_room(text: str) -> RoomSpec:
    """`DELAY_MS,GAIN_DB[,RT60_MS]`. Raises `ConfigError`."""
    parts = text.split(",")
    if not 2 <= len(parts) <= len(_LIMITS):
        raise ConfigError(f"{_FORM}, not {text!r}")
    numbers = []
    for part, (name, least, most, unit) in zip(parts, _LIMITS, strict=False):
        try:
            number = float(part)
        except ValueError as error:
            raise ConfigError(f"{_FORM}: {part!r} is not a number") from error
        if not (isfinite(number) and least <= number <= most):
            raise ConfigError(f"{_FORM}: {part.strip()} is not a {name} from {least:g} to {most:g} {unit}")
        numbers.append(number)
    return RoomSpec(*numbers)


class Room:
    """Blocks played in, blocks heard out, at 16 kHz and all of one length. Not thread-safe."""

    def __init__(self, spec: RoomSpec, *, seed: int = 0, block: int = 160) -> None:
        random = np.random.default_rng(seed)
        self._path = _Convolution(_impulse_response(spec, random), block)
        self._path_after_moving: _Convolution | None = None
        if spec.moves_at_s is not None:
            later = np.concatenate((silence(_DETOUR), _impulse_response(spec, random)))
            self._path_after_moving = _Convolution(later, block)
        self._blocks_until_moved = 0 if spec.moves_at_s is None else round(spec.moves_at_s * SPEECH_RATE_HZ / block)
        self._delay = _Delay(spec.delay_ms / 1000 * SPEECH_RATE_HZ, spec.drift_ppm * 1e-6)
        self._clip = spec.clip
        self._noise = 0.0 if spec.noise_dbfs is None else 10 ** (spec.noise_dbfs / 20)
        self._cut_off = 1.0 if spec.cut_off is None else spec.cut_off
        self._random = random

    def echo(self, played: Samples) -> Samples:
        """What the microphone gets of the loudspeaker while `played` is played."""
        if self._clip is not None:
            played = np.float32(self._clip) * np.tanh(played / np.float32(self._clip))
        delayed = self._delay.feed(played)
        before = self._path.feed(delayed)
        if self._path_after_moving is None:
            return before
        after = self._path_after_moving.feed(delayed)
        self._blocks_until_moved -= 1
        return before if self._blocks_until_moved >= 0 else after

    def hear(self, near: Samples, played: Samples) -> Samples:
        """The microphone's signal: `near`, the echo and the noise, as loud as it can be at most."""
        heard = near + self.echo(played)
        if self._noise:
            heard += np.float32(self._noise) * self._random.standard_normal(len(heard), dtype=np.float32)
        clipped: Samples = np.clip(heard, -self._cut_off, self._cut_off)
        return clipped


def _impulse_response(spec: RoomSpec, random: np.random.Generator) -> Samples:
    """The direct sound at sample 0 and a decaying tail; its energy is the gain."""
    rt60_s = spec.rt60_ms / 1000
    first = round(_FIRST_REFLECTION_S * SPEECH_RATE_HZ)
    response = np.zeros(max(1, round(rt60_s * SPEECH_RATE_HZ)))
    if len(response) > first:
        at_s = np.arange(len(response) - first) / SPEECH_RATE_HZ
        tail = random.standard_normal(len(at_s)) * 10 ** (-3.0 * at_s / rt60_s)
        response[first:] = tail * np.sqrt(_TAIL_SHARE * rt60_s / np.sum(tail**2))
    response[0] = 1.0
    scaled: Samples = (response * (10 ** (spec.gain_db / 20) / np.sqrt(np.sum(response**2)))).astype(np.float32)
    return scaled


class _Delay:
    """A delay line whose length may grow or shrink with time."""

    def __init__(self, frames: float, drift: float) -> None:
        self._drift = drift
        self._frames = frames if drift else float(round(frames))
        self._held = silence(int(self._frames) + TAPS)
        self._held_from = -len(self._held)
        """Index of the first sample held; 0 is the first one fed."""
        self._fed = 0

    def feed(self, block: Samples) -> Samples:
        self._held = np.concatenate((self._held, block))
        at = self._fed + np.arange(len(block))
        self._fed += len(block)
        out = self._interpolated(at) if self._drift else self._shifted(len(block))
        return out.astype(np.float32, copy=False)

    def _shifted(self, count: int) -> Samples:
        start = len(self._held) - count - int(self._frames)
        out = self._held[start : start + count].copy()
        self._held = self._held[count:]
        return out

    def _interpolated(self, at: NDArray[np.int64]) -> Samples:
        place = np.minimum(at * (1.0 - self._drift) - self._frames, at - TAPS / 2)
        out = read_between(self._held, place, self._held_from)
        gone = max(0, min(int(place[0]) - TAPS - self._held_from, len(self._held) - TAPS))
        self._held, self._held_from = self._held[gone:], self._held_from + gone
        return out


class _Convolution:
    """Uniformly partitioned overlap-save: as many samples out as in, none late."""

    def __init__(self, response: Samples, block: int) -> None:
        count = -(-len(response) // block)
        padded = np.concatenate((response, silence(count * block - len(response)))).reshape(count, block)
        parts = np.fft.rfft(padded, 2 * block, axis=1).astype(np.complex64)
        self._parts = np.concatenate((parts[::-1], parts[::-1]))  # twice: any rotation is a slice
        self._spectra = np.zeros((count, block + 1), dtype=np.complex64)
        self._at = 0
        self._last = silence(block)

    def feed(self, block: Samples) -> Samples:
        count = len(self._spectra)
        self._spectra[self._at] = np.fft.rfft(np.concatenate((self._last, block)))
        turned = self._parts[count - 1 - self._at : 2 * count - 1 - self._at]
        self._at = (self._at + 1) % count
        self._last = block
        both = np.fft.irfft(np.einsum("ij,ij->j", self._spectra, turned))
        out: Samples = both[len(block) :].astype(np.float32)
        return out
