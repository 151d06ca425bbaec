"""Sounds of people that are no words, drawn from a source and a filter: laughs, hums, coughs, cleared throats, sneezes.

No synthesiser laughs: espeak-ng reads "ha ha ha", which is words. What is drawn here differs in everything that a
throat can vary (pitch, roughness, breath, vowel, rhythm), so that what is learned from it holds for people.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

_LOWEST_HZ = 60.0
_VOWELS = (
    *((300, 2300), (400, 2000), (550, 1800), (700, 1700), (750, 1200)),
    *((600, 1000), (500, 900), (350, 800), (500, 1500)),
)
"""First two formants of a male throat."""


def laugh(draw: random.Random) -> Samples:
    """Bursts of one vowel four to seven times a second, each with breath before it; some only breath, or a hum."""
    throat = _Throat(draw, closed=draw.random() < 0.2)
    step_s = draw.uniform(0.13, 0.28)
    share, breath = draw.uniform(0.3, 0.75), draw.uniform(0.02, 0.8)
    pitch, fall = 100 * 9 ** draw.random(), draw.uniform(0.75, 1.02)
    is_voiceless = draw.random() < 0.12
    parts: list[Samples] = []
    level = 1.0
    for number in range(draw.randint(2, 14)):
        is_drawn_out = number == 0 and draw.random() < 0.3
        voiced_s = step_s * share * draw.uniform(0.8, 1.25) * (draw.uniform(1, 3) if is_drawn_out else 1)
        tune = [pitch * draw.uniform(0.8, 1.1), pitch, pitch * draw.uniform(0.7, 1.05)]
        parts += [
            throat.breath(step_s * (1 - share) * draw.uniform(0.7, 1.3)) * np.float32(level * breath * 0.5),
            (throat.breath(voiced_s) if is_voiceless else throat.voice(voiced_s, tune, breath)) * np.float32(level),
        ]
        pitch *= fall * draw.uniform(0.92, 1.1)
        level *= draw.uniform(0.75, 1.12)
    if draw.random() < 0.3:
        parts.append(throat.breath(draw.uniform(0.15, 0.5)) * np.float32(0.3 * level))
    return np.concatenate(parts)


def hum(draw: random.Random) -> Samples:
    """A hum, "mm", "hmm", "mm-hm" with a closed mouth, or "uh-huh" and "ah" with an open one, to any tune."""
    throat = _Throat(draw, closed=draw.random() < 0.65)
    pitch = draw.uniform(80, 320)
    parts: list[Samples] = []
    for _ in range(draw.choice((1, 1, 2, 2, 3))):
        tune = [pitch * draw.uniform(0.75, 1.3) for _ in range(3)]
        parts += [throat.voice(draw.uniform(0.1, 0.45), tune, draw.uniform(0.0, 0.15))]
        parts += [throat.breath(draw.uniform(0.03, 0.12)) * np.float32(draw.uniform(0.02, 0.3))]
        pitch *= draw.uniform(0.8, 1.35)
    return np.concatenate(parts[:-1])


def cough(draw: random.Random) -> Samples:
    """One to four: a burst of noise, then a rough voice that dies away."""
    parts: list[Samples] = []
    throat = _Throat(draw, closed=False)
    for _ in range(draw.randint(1, 4)):
        burst = throat.burst(draw.uniform(0.02, 0.08))
        tail_s, pitch = draw.uniform(0.08, 0.3), draw.uniform(90, 350)
        tail = throat.voice(tail_s, [pitch, pitch * draw.uniform(0.6, 1.0)], draw.uniform(0.4, 2.0), rough=0.25)
        tail *= np.exp(-np.linspace(0, draw.uniform(1, 4), len(tail))).astype(np.float32)
        parts += [burst, tail * np.float32(draw.uniform(0.3, 1.0)), silence(_frames(draw.uniform(0.05, 0.35)))]
    return np.concatenate(parts[:-1])


def cleared_throat(draw: random.Random) -> Samples:
    """A low, rough voice through a narrow throat, one to three times."""
    throat = _Throat(draw, closed=draw.random() < 0.4)
    pitch = draw.uniform(60, 190)
    parts: list[Samples] = []
    for _ in range(draw.randint(1, 3)):
        tune = [pitch * draw.uniform(0.7, 1.4) for _ in range(3)]
        rough = draw.uniform(0.08, 0.4)
        parts += [
            throat.voice(draw.uniform(0.08, 0.5), tune, draw.uniform(0.1, 1.5), rough=rough),
            throat.breath(draw.uniform(0.02, 0.15)) * np.float32(draw.uniform(0.0, 0.4)),
        ]
    return np.concatenate(parts)


def sneeze(draw: random.Random) -> Samples:
    """Air drawn in, with or without a voice, a burst, and what follows it."""
    throat = _Throat(draw, closed=False)
    pitch = draw.uniform(120, 400)
    drawn = throat.voice(draw.uniform(0.1, 0.6), [pitch, pitch * draw.uniform(1.0, 1.5)], draw.uniform(0.3, 3.0))
    burst = throat.burst(draw.uniform(0.06, 0.3))
    tail = throat.voice(draw.uniform(0.05, 0.3), [pitch * 1.3, pitch * 0.8], draw.uniform(0.2, 1.5))
    gap = silence(_frames(draw.uniform(0.0, 0.2)))
    before, behind = np.float32(draw.uniform(0.05, 0.8)), np.float32(draw.uniform(0, 1))
    return np.concatenate((drawn * before, gap, burst, tail * behind))


def sigh(draw: random.Random) -> Samples:
    """A long breath or vowel that falls, as in a sigh, a yawn, a moan."""
    throat = _Throat(draw, closed=draw.random() < 0.25)
    pitch = draw.uniform(90, 380)
    tune = [pitch * draw.uniform(0.9, 1.2), pitch, pitch * draw.uniform(0.5, 0.9)]
    return throat.voice(draw.uniform(0.4, 1.6), tune, draw.uniform(0.1, 3.0))


ATTENTION: dict[str, Callable[[random.Random], Samples]] = {"laugh": laugh, "hum": hum}
"""What shows attention, and takes no turn."""
NOISE: dict[str, Callable[[random.Random], Samples]] = {
    "cough": cough, "cleared throat": cleared_throat, "sneeze": sneeze, "sigh": sigh,
}  # fmt: skip


class _Throat:
    """One person, one vowel at a time."""

    def __init__(self, draw: random.Random, *, closed: bool) -> None:
        self._draw = draw
        self._random = np.random.default_rng(draw.randrange(2**32))
        self._length = draw.uniform(0.95, 1.3)
        """A shorter throat has higher formants."""
        self._tilt = draw.uniform(0.7, 1.6)
        self._closed = closed
        vowel = draw.choice(_VOWELS)
        self._formants = [250.0, 1100.0] if closed else [hz * draw.uniform(0.85, 1.15) for hz in vowel]

    def voice(self, seconds: float, tune: list[float], breath: float, *, rough: float = 0.02) -> Samples:
        """Pulses along `tune` (Hz), swelling and fading, with so much breath beside them."""
        count = _frames(seconds)
        pitch = np.interp(np.linspace(0, len(tune) - 1, count), range(len(tune)), tune)
        places = np.arange(0, count + 160, 80)
        drift = np.interp(np.arange(count), places, self._random.normal(0, rough, len(places)))
        phase = np.cumsum(np.maximum(_LOWEST_HZ, pitch * (1 + drift)) / SPEECH_RATE_HZ)
        pulses = np.diff(np.floor(phase), prepend=0.0)
        pulses *= 1 + self._random.normal(0, 4 * rough, count)
        noise = self._random.normal(0, 0.05 * breath, count)
        return self._shaped(pulses, self._tilt) * self._swell(count) + self._shaped(noise, 0.2) * self._swell(count)

    def breath(self, seconds: float) -> Samples:
        """Air without a voice."""
        count = _frames(seconds)
        return self._shaped(self._random.normal(0, 0.05, count), 0.3) * self._swell(count)

    def burst(self, seconds: float) -> Samples:
        """Air let go at once."""
        count = _frames(seconds)
        sound = self._shaped(self._random.normal(0, 0.2, count), -self._draw.uniform(0.0, 0.6))
        return sound * np.exp(-np.linspace(0, self._draw.uniform(0.5, 4), count)).astype(np.float32)

    def _swell(self, count: int) -> Samples:
        rise, fall = self._draw.uniform(0.05, 0.4), self._draw.uniform(0.1, 0.6)
        at = np.linspace(0, 1, count)
        return np.minimum(1.0, np.minimum(at / rise, (1 - at) / fall)).astype(np.float32)

    def _shaped(self, source: np.ndarray, tilt: float) -> Samples:
        """Through the formants, falling by `tilt` x 6 dB an octave."""
        size = len(source) + 1024
        hz = np.fft.rfftfreq(size, 1 / SPEECH_RATE_HZ)
        shape = (1 + hz / 120) ** -tilt * np.ones(len(hz), complex)
        formants = (*self._formants, 2500.0, 3500.0, 4500.0)
        for number, centre in enumerate(formants):
            centre_hz = centre * self._length
            width_hz = centre_hz * 0.06 + 50 + 200 * (self._closed and number > 0)
            shape *= centre_hz**2 / (centre_hz**2 - hz**2 + 1j * hz * width_hz)
        if self._closed:
            shape *= (1 + hz / 600) ** -1.0
        spectrum = np.fft.rfft(source, size) * shape
        return np.fft.irfft(spectrum, size)[: len(source)].astype(np.float32)


def _frames(seconds: float) -> int:
    return max(1, round(seconds * SPEECH_RATE_HZ))
