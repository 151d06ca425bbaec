"""From both ends of a block to the probability that the user speaks, at whatever pace the blocks come."""

from __future__ import annotations

from localvoice.audio.duplex import Block
from localvoice.audio.echo_path import Cleaned, EchoPath
from localvoice.audio.samples import Reblocker, Samples
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
        self._quiet_s = 0.0

    def feed(self, block: Block) -> list[float]:
        """The probability of the user's voice in every window (32 ms) that is complete now."""
        clean = Cleaned(block.near, block.near) if self._echo_path is None else self._echo_path.clean(block)
        self._utterances.append(clean.for_recognition)
        return [self._probability(window) for window in self._windows.feed(clean.for_detection)]

    def _probability(self, window: Samples) -> float:
        if self._vad is None:
            return 0.0
        probability = self._vad.probability(window)
        self._quiet_s = self._quiet_s + WINDOW_S if probability < _SILENCE else 0.0
        if self._quiet_s >= _RESET_AFTER_S:
            self._vad.reset()
            self._quiet_s = 0.0
        return probability if self._echo_path is None else self._echo_path.own_voice.users(probability)
