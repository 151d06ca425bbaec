"""From both ends of a block to the probability that the user speaks, at whatever pace the blocks come."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from localvoice.audio.duplex import Block
from localvoice.audio.echo_path import Cleaned, EchoPath
from localvoice.audio.quiet_room import QuietRoom
from localvoice.audio.samples import Reblocker, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW, WINDOW_S, VoiceActivity

_RESET_AFTER_S = 2.0
"""Silence after which the VAD forgets: a stale state delayed onsets to p95 393 ms, with resets 130 (latency.md 2)."""

_SILENCE = 0.1
"""Probability below which a window counts as silence for that."""


class Hearing:
    """Canceller, utterance buffer and VAD in a row. Not thread-safe."""

    def __init__(
        self, vad: VoiceActivity | None, utterances: UtteranceBuffer, echo_path: EchoPath | None = None
    ) -> None:
        self._vad = vad
        """None where nobody listens (typed conversations): windows then only carry the time."""
        self._utterances = utterances
        self._echo_path = echo_path
        """None where our own voice cannot be heard."""
        self._windows = Reblocker(WINDOW)
        self._room = QuietRoom()
        self._quiet_s = 0.0
        self._stale_s = 0.0
        """Silence since the detector was last made to forget."""
        self._before = silence(WINDOW)
        self._has_skipped = False
        self._near_powers: deque[float] = deque(maxlen=3)

    @property
    def is_resting(self) -> bool:
        """Whether nothing has been heard for a while: sound may then wait for a few blocks."""
        return self._vad is None or (self._quiet_s >= _RESET_AFTER_S and not self._hears_us)

    @property
    def _hears_us(self) -> bool:
        return self._echo_path is not None and self._echo_path.own_voice.is_audible

    @property
    def level_db(self) -> float | None:
        """Of the loudest 10 ms of the last 30 at the microphone, dBFS; None where our voice comes back to it."""
        if self._echo_path is not None and not self._echo_path.is_isolated:
            return None
        return 10 * math.log10(max(self._near_powers, default=0.0) + 1e-12)

    def feed(self, block: Block) -> list[float]:
        """The probability of the user's voice in every window (32 ms) that is complete now."""
        self._near_powers.append(float(np.dot(block.near, block.near)) / len(block.near))
        clean = Cleaned(block.near, block.near) if self._echo_path is None else self._echo_path.clean(block)
        self._utterances.append(clean.for_recognition)
        return [self._probability(window) for window in self._windows.feed(clean.for_detection)]

    def _probability(self, window: Samples) -> float:
        if self._vad is None:
            return 0.0
        before, self._before = self._before, window
        is_louder = self._room.is_louder(window)
        if self.is_resting and not is_louder:
            self._has_skipped = True
            return 0.0
        if self._has_skipped:
            self._has_skipped, self._stale_s = False, 0.0
            self._vad.reset()
            self._vad.probability(before)  # what leads up to a beginning
        probability = self._vad.probability(window)
        self._count_quiet(probability, self._vad)
        return probability if self._echo_path is None else self._echo_path.users(probability)

    def _count_quiet(self, probability: float, vad: VoiceActivity) -> None:
        if probability >= _SILENCE:
            self._quiet_s = self._stale_s = 0.0
            return
        self._quiet_s += WINDOW_S
        self._stale_s += WINDOW_S
        if self._stale_s >= _RESET_AFTER_S:
            vad.reset()
            self._stale_s = 0.0
