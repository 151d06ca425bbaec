"""What a pair of devices is like for being talked over: measured from a stretch of our own speech heard again.

Rule of this file: arrays in, figures out; no clock, device or thread. What the figures mean is in duplex_mode.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.echo_response import echo_response
from localvoice.audio.path_delay import DelayTrack, block_powers, is_own_speech, track_delay
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.vad import WINDOW

_BLOCK = SPEECH_RATE_HZ // 100
_BLOCK_S = 0.01

_CLIPPED = 0.99
"""Level of a sample that a converter has cut off (audio.md 8)."""

_ACTIVE_DB = 20.0
"""Blocks within so much of the echo's 95th percentile are our voice, the others pauses and noise (audio.md 8)."""

_SETTLED_S = 2.0
"""Own speech before the attenuation counts (audio.md 8); half of a shorter stretch."""

_COLD_S = 3.0
"""Own speech until the canceller knows a path (own_voice.py)."""

_TAIL_S = 0.4
"""Our voice may be heard so long behind its echo's end: reverberation."""

_DECAY = 10 ** (-1.0 / 10)
"""Of the expected echo from block to block: a reverberation of 0.6 s, more than a living room has."""

_UNKNOWN_BLOCKS = 40
"""The echo may come so much later where its delay is not known."""

_MARGIN = 10.0
"""Power over the expected echo that is somebody else: 20 good and 10 bad simulated rooms had no such window."""

_NOISE_MARGIN = 4.0

_CANCELS_DB = 20.0
_PASSES_DB = 6.0
"""A voice that loses so little in a canceller that takes `_CANCELS_DB` from ours, and is warm, is not ours."""

_VOICE = 0.5
"""Probability from which a window holds a voice."""

_SILENT = 1e-4
"""Sample under which nothing was played: -80 dBFS, as for the canceller (echo.py)."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """Both ends of a stretch of own speech, 16 kHz: the samples of one index belong together."""

    near: Samples
    """What the microphone heard; silence of ours comes first."""
    far: Samples
    """What the loudspeaker was given meanwhile, or a little earlier."""
    clean: Samples | None
    """`near` behind the canceller that detection uses; None where there is none."""
    voices: Sequence[tuple[int, float]]
    """(end in samples, probability of a voice) of every VAD window of `clean`, or of `near` without one."""
    cut_at: int | None = None
    """What sounded at this sample was the last before our voice was told to stop."""


@dataclass(frozen=True, slots=True)
class PathReport:
    """Figures of a pair of devices. Levels are RMS in dBFS, voices probabilities of windows of 32 ms."""

    own_speech_s: float
    noise_dbfs: float
    """Before we speak."""
    heard_dbfs: float
    """While we speak: echo and noise."""
    clipped: int
    """Samples that the microphone cut off."""
    delay: DelayTrack
    attenuation_db: float | None
    """Of what is heard while we speak, by the canceller; None where there is none."""
    left_over_noise_db: float | None
    """What it leaves, over the noise."""
    cold_voices: tuple[float, ...]
    """While we speak, in the first 3 s of own speech."""
    voices: tuple[float, ...]
    """From then on."""
    strangers: int
    """Windows with a voice that our echo does not explain."""
    cut_tail_ms: float | None = None
    """From being told to stop to the last sample heard."""
    response_db: tuple[float, ...] = ()
    """How the echo comes back, as `echo_response` has it."""

    @property
    def has_echo(self) -> bool:
        """Whether our voice can be heard at all."""
        return self.delay.delay_ms is not None or self.heard_dbfs >= self.noise_dbfs + 3.0

    @property
    def is_deaf(self) -> bool:
        """Whether the microphone gives digital silence: it is muted, or not allowed."""
        return self.heard_dbfs < -110.0


def measure(take: Take) -> PathReport | None:
    """The figures of `take`; None where we say nothing in it. Takes some 10 ms for each second."""
    near, far = block_powers(take.near), block_powers(take.far)
    speaks = is_own_speech(far)
    if not speaks.any():
        return None
    first, last = np.flatnonzero(speaks)[[0, -1]]
    delay = track_delay(take.near, take.far)
    noise = _noise(near, int(first))
    heard = slice(first, last + 1 + round(_TAIL_S / _BLOCK_S) + _blocks(delay))
    active = np.zeros(len(near), dtype=bool)
    active[heard] = near[heard] >= np.percentile(near[heard], 95) * 10 ** (-_ACTIVE_DB / 10)
    spoken_s = np.cumsum(speaks, dtype=np.float64) * _BLOCK_S
    attenuation_db, left_db = _attenuation(take, near, active, spoken_s)
    windows = _windows(take, heard)
    explained = _MARGIN * _expected(near, far, noise, delay) + _NOISE_MARGIN * noise
    return PathReport(
        own_speech_s=float(spoken_s[-1]),
        noise_dbfs=_dbfs(noise),
        heard_dbfs=_dbfs(float(np.mean(near[active]))),
        clipped=int(np.count_nonzero(np.abs(take.near) >= _CLIPPED)),
        delay=delay,
        attenuation_db=attenuation_db,
        left_over_noise_db=None if left_db is None else left_db - _dbfs(noise),
        cold_voices=tuple(voice for block, voice in windows if spoken_s[block] < _COLD_S),
        voices=tuple(voice for block, voice in windows if spoken_s[block] >= _COLD_S),
        strangers=_strangers(take, near, explained, _passes(take, near, active, spoken_s)),
        cut_tail_ms=_cut_tail_ms(take, delay),
        response_db=echo_response(take.near, take.far),
    )


def _noise(near: NDArray[np.float64], first: int) -> float:
    """Power before we speak; where we speak at once, that of the quietest tenth."""
    return float(np.median(near[:first])) if first else float(np.percentile(near, 10))


def _attenuation(
    take: Take, near: NDArray[np.float64], active: NDArray[np.bool_], spoken_s: NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """The attenuation in dB and the level that is left."""
    if take.clean is None:
        return None, None
    left = block_powers(take.clean)
    counted = active & (spoken_s >= min(_SETTLED_S, spoken_s[-1] / 2))
    if not counted.any():
        return None, None
    heard_db, left_db = (_dbfs(float(np.mean(powers[counted]))) for powers in (near, left))
    return heard_db - left_db, left_db


def _windows(take: Take, heard: slice) -> list[tuple[int, float]]:
    """(last block, probability) of the windows in which our voice may be heard."""
    blocks = len(take.near) // _BLOCK
    placed = [(min(end // _BLOCK, blocks) - 1, voice) for end, voice in take.voices]
    return [(block, voice) for block, voice in placed if heard.start <= block < heard.stop]


def _expected(
    near: NDArray[np.float64], far: NDArray[np.float64], noise: float, delay: DelayTrack
) -> NDArray[np.float64]:
    """The most that our echo explains in each block: what was played, delayed, dying away as in a large room."""
    if delay.delay_ms is None:
        padded = np.concatenate((np.zeros(_UNKNOWN_BLOCKS), far))
        arriving = np.lib.stride_tricks.sliding_window_view(padded, _UNKNOWN_BLOCKS + 1).max(axis=1)
    else:
        late = _blocks(delay)
        arriving = np.concatenate((np.zeros(late), far))[: len(far)]
        arriving[1:] = np.maximum(arriving[1:], arriving[:-1].copy())  # the delay is no whole number of blocks
    envelope = np.empty_like(arriving)
    level = 0.0
    for block, power in enumerate(arriving):
        level = max(power, level * _DECAY)
        envelope[block] = level
    loud = envelope >= envelope.max() * 10**-1.5
    gain = float(np.median(np.maximum(near[loud] - noise, 0.0) / envelope[loud]))
    expected: NDArray[np.float64] = gain * envelope
    return expected


def _strangers(
    take: Take, near: NDArray[np.float64], explained: NDArray[np.float64], passes: NDArray[np.float64] | None
) -> int:
    """Windows with a voice louder than our echo can be, or one that passes the canceller as ours does not.

    `passes`: from what power on, after the canceller, a block counts as passed; None where that says nothing.
    """
    left = near if take.clean is None else block_powers(take.clean)
    width = -(-WINDOW // _BLOCK)
    count = 0
    for end, voice in take.voices:
        last = min(end // _BLOCK, len(near))
        first = max(0, last - width)
        if voice < _VOICE or first >= last:
            continue
        is_louder = float(np.mean(near[first:last])) > float(explained[max(0, first - 1) : last].max())
        has_passed = passes is not None and float(np.mean(left[first:last])) > float(np.mean(passes[first:last]))
        count += is_louder or has_passed
    return count


def _passes(
    take: Take, near: NDArray[np.float64], active: NDArray[np.bool_], spoken_s: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """The power that no block of ours keeps behind a warm canceller; None where there is none that works."""
    if take.clean is None:
        return None
    attenuation_db = 10 * np.log10((near[active] + 1e-12) / (block_powers(take.clean)[active] + 1e-12))
    if float(np.median(attenuation_db)) < _CANCELS_DB:
        return None
    passes: NDArray[np.float64] = np.where(spoken_s >= _COLD_S, near * 10 ** (-_PASSES_DB / 10), np.inf)
    return passes


def _cut_tail_ms(take: Take, delay: DelayTrack) -> float | None:
    if take.cut_at is None or delay.delay_ms is None:
        return None
    played = np.flatnonzero(np.abs(take.far) > _SILENT)
    return float((played[-1] - take.cut_at) * 1000 / SPEECH_RATE_HZ + delay.delay_ms)


def _blocks(delay: DelayTrack) -> int:
    return max(0, int((delay.delay_ms or 0.0) / 1000 / _BLOCK_S))


def _dbfs(power: float) -> float:
    return float(10 * np.log10(power + 1e-12))
