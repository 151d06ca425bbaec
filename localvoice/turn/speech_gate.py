"""Where speech begins and ends, from a stream of probabilities: hysteresis, a shortest length, back-dated onsets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from localvoice.config import VadConfig

WINDOW_S = 0.032
"""Length of a VAD window (512 samples at 16 kHz)."""

HANGOVER_S = 0.096
"""Silence after which a stretch of speech is over: three windows, the shortest candidate pause (product contract)."""

ONSET_BIAS_S = 0.040
"""Taken off the start of the first speech window: Silero notices a beginning late.

Measured with the bundled Silero on 678 embeddings, at any offset to the windows, in silence and in noise of -60 dBFS
(p5/p50/p95 in ms against the first sample above -50 dBFS): 5 espeak-ng voices -13/31/89, the tiny Piper voice -5/19/76,
readers of LibriVox -14/7/31, 4 flite voices -5/36/213. With 40 ms off, all but flite's weak first consonants (14 %) lie
within 100 ms.
"""

END_BIAS_S = 0.016
"""Taken off the end of the last speech window, which holds the end at any place and lets go late.

The same measurement, last sample: espeak-ng -41/41/61, Piper -4/41/55, LibriVox -6/33/52 (in a reverberant room
45/92/142), flite -55/25/54. With 16 ms off, 99.8 % of dry speech lies within 100 ms; more would take away final
consonants.
"""


class Edge(Enum):
    """What a window changed."""

    STARTED = "speech started"
    STOPPED = "speech stopped"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a sound counts as speech."""

    start: float
    release: float
    min_speech_s: float


class SpeechGate:
    """Feed it each window in order; it says when speech starts and stops, and since when."""

    def __init__(self, config: VadConfig) -> None:
        self._normal = Thresholds(config.threshold, config.release, config.min_speech_ms / 1000)
        # over a reply the first doubtful window counts: the reply is held, and goes on if nothing follows
        self._eager = Thresholds(config.duck_threshold, min(config.release, config.duck_threshold), WINDOW_S)
        self.is_speech = False
        self.onset_s = 0.0
        """Where the present or last stretch of speech began."""
        self.end_s = 0.0
        """Where the last window of speech ended, so far."""
        self.probability = 0.0
        """Of the window that decided last."""
        self._candidate_s: float | None = None
        self._is_sure = False
        """The present stretch would have begun without a reply as well."""

    @property
    def is_quiet(self) -> bool:
        """Whether there is neither speech nor the beginning of what may become speech."""
        return not self.is_speech and self._candidate_s is None

    @property
    def speech_end_s(self) -> float:
        """Where speech ended, or will have if nothing follows the last window of it."""
        return max(self.onset_s, self.end_s - END_BIAS_S) if self.is_speech else self.end_s

    def ends_at(self, at_s: float) -> None:
        """What was taken for speech behind `at_s` was none of the user's."""
        self.end_s = min(self.end_s, max(self.onset_s, at_s))

    def step(self, at_s: float, probability: float, *, eager: bool = False) -> Edge | None:
        """Take the window that ends at `at_s`. `eager` while a reply is heard."""
        limits = self._eager if eager else self._normal
        if self.is_speech:
            self._is_sure |= probability >= self._normal.start
            # what was only held for to be safe does not keep a turn open that it could not have opened
            release = limits.release if eager or self._is_sure else limits.start
            return self._while_speech(at_s, probability, release)
        return self._while_silence(at_s, probability, limits)

    def _while_silence(self, at_s: float, probability: float, limits: Thresholds) -> Edge | None:
        if probability < limits.start:
            self._candidate_s = None
            return None
        if self._candidate_s is None:
            self._candidate_s = at_s - WINDOW_S
        if at_s - self._candidate_s < limits.min_speech_s - 1e-6:
            return None
        self.is_speech = True
        self.onset_s = max(0.0, self._candidate_s - ONSET_BIAS_S)
        self.end_s = at_s
        self.probability = probability
        self._is_sure = probability >= self._normal.start
        self._candidate_s = None
        return Edge.STARTED

    def _while_speech(self, at_s: float, probability: float, release: float) -> Edge | None:
        if probability >= release:
            self.end_s = at_s
            return None
        if at_s - self.end_s < HANGOVER_S - 1e-6:
            return None
        self.end_s, self.is_speech = self.speech_end_s, False
        self.probability = probability
        return Edge.STOPPED
