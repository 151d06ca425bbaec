"""The same loudness from every voice: who speaks first in a session sets it, the others follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from localvoice.messages import SpeechChunk

_SPEECH = 10 ** (-40 / 20)
"""Samples above -40 dBFS count: pauses between words say nothing about a voice."""
_ENOUGH_S = 1.0
"""Of such samples, after which a voice's level is known."""
_LEAST_S = 0.1
_FARTHEST_DB = 12.0
"""No voice is turned further up or down: more would be noise, or a mistake."""
_UNHEARD_DB = 1.0
"""A smaller difference is not noticed between two voices."""


@dataclass(slots=True)
class _Level:
    energy: float = 0.0
    seconds: float = 0.0

    @property
    def db(self) -> float:
        return float(10 * np.log10(self.energy / self.seconds))


class LoudnessMatch:
    """Brings the chunks of several voices to the level of the first one."""

    def __init__(self) -> None:
        self._levels: dict[str, _Level] = {}

    def matched(self, voice: str, chunk: SpeechChunk) -> SpeechChunk:
        """`chunk` at the level of the session; the very same one where it has it."""
        level = self._measured(voice, chunk)
        gain = self._gain(level, chunk)
        if gain == 1.0:
            return chunk
        return replace(chunk, samples=chunk.samples * np.float32(gain))

    def _measured(self, voice: str, chunk: SpeechChunk) -> _Level:
        level = self._levels.setdefault(voice, _Level())
        if level.seconds < _ENOUGH_S:
            loud = chunk.samples[np.abs(chunk.samples) > _SPEECH]
            level.energy += float(np.sum(np.square(loud))) / chunk.rate_hz
            level.seconds += len(loud) / chunk.rate_hz
        return level

    def _gain(self, level: _Level, chunk: SpeechChunk) -> float:
        reference = next(iter(self._levels.values()))
        if level is reference or min(level.seconds, reference.seconds) < _LEAST_S or not len(chunk.samples):
            return 1.0
        db = max(-_FARTHEST_DB, min(_FARTHEST_DB, reference.db - level.db))
        if abs(db) < _UNHEARD_DB:
            return 1.0
        peak = float(np.max(np.abs(chunk.samples)))
        return min(10 ** (db / 20), 1.0 / peak) if peak else 1.0
