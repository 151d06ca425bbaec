"""A voice detector that is not asked while the room is quiet, and forgets what has gone stale."""

from __future__ import annotations

from localvoice.audio.quiet_room import QuietRoom
from localvoice.audio.samples import Samples, silence
from localvoice.audio.vad import WINDOW, WINDOW_S, VoiceActivity

_RESET_AFTER_S = 2.0
"""Silence after which the VAD forgets: a stale state delayed onsets to p95 393 ms, with resets 130 (latency.md 2)."""

_SILENCE = 0.1
"""Probability below which a window counts as silence for that."""


class Detector:
    """Feed it every window in order. Not thread-safe."""

    def __init__(self, vad: VoiceActivity) -> None:
        self._vad = vad
        self._room = QuietRoom()
        self._quiet_s = 0.0
        self._stale_s = 0.0
        """Silence since the VAD was last made to forget."""
        self._before = silence(WINDOW)
        self._has_skipped = False

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has been heard for a while."""
        return self._quiet_s >= _RESET_AFTER_S

    def probability(self, window: Samples, *, may_rest: bool) -> float:
        """Of a voice in the next window; 0 where `may_rest` and nothing is louder than the quiet room."""
        before, self._before = self._before, window
        is_louder = self._room.is_louder(window)
        if self.is_quiet and may_rest and not is_louder:
            self._has_skipped = True
            return 0.0
        if self._has_skipped:
            self._has_skipped, self._stale_s = False, 0.0
            self._vad.reset()
            self._vad.probability(before)  # what leads up to a beginning
        probability = self._vad.probability(window)
        self._count_quiet(probability)
        return probability

    def _count_quiet(self, probability: float) -> None:
        if probability >= _SILENCE:
            self._quiet_s = self._stale_s = 0.0
            return
        self._quiet_s += WINDOW_S
        self._stale_s += WINDOW_S
        if self._stale_s >= _RESET_AFTER_S:
            self._vad.reset()
            self._stale_s = 0.0
