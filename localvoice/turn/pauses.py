"""Pauses of the user, while their turn is open: likely from the first quiet window on, certain after three."""

from __future__ import annotations

from collections.abc import Iterator

from localvoice.turn.decisions import PauseBegan, PauseLikely, PauseOff
from localvoice.turn.floor import Floor
from localvoice.turn.speech_gate import SpeechGate

QUIET_SILENCE_S = 0.2
"""Sound kept behind the end of speech for the recogniser: more invites invented words (engines.md 3)."""


class Pauses:
    """Feed it each window in which the user has the floor.

    A likely pause gives the recogniser 64 ms, and costs little: 0.97 times a second a window falls quiet within speech,
    and 0.69 times that becomes a pause (903 s of espeak-ng, `python -m benchmarks.turns.prepared --dips`, 2026-11-21).
    """

    def __init__(self, floor: Floor, gate: SpeechGate, preroll_s: float) -> None:
        self._floor = floor
        self._gate = gate
        self._preroll_s = preroll_s
        self._is_likely = False

    def step(self, at_s: float) -> Iterator[PauseLikely | PauseOff]:
        """The window that ends at `at_s` has been heard."""
        is_quiet = self._gate.is_speech and self._gate.end_s < at_s
        if is_quiet and not self._is_likely:
            yield PauseLikely(at_s, self._pause(at_s))
        elif self._is_likely and self._gate.is_speech and not is_quiet:
            yield PauseOff(at_s, self._floor.turn)
        self._is_likely = is_quiet

    def begin(self, at_s: float) -> PauseBegan:
        """Speech has stopped."""
        self._is_likely = False
        return self._pause(at_s)

    def _pause(self, at_s: float) -> PauseBegan:
        began_s, ended_s = self._floor.began_s, self._gate.speech_end_s
        start_s, end_s = self.cut_out(began_s, at_s)
        return PauseBegan(at_s, self._floor.turn, began_s, start_s, ended_s, end_s)

    def cut_out(self, onset_s: float, at_s: float) -> tuple[float, float]:
        """From when to when the recogniser gets sound that began at `onset_s`."""
        start_s = max(self._floor.words.others_until_s, onset_s - self._preroll_s)  # no word is heard in two turns
        return start_s, min(at_s, self._gate.speech_end_s + QUIET_SILENCE_S)
