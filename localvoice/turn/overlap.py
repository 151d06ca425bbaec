"""A sound over the reply: does the user take the turn, or was it a cough, an "mm-hm", nothing?

The reply is already held when this is asked. Length and voicing decide; a short sound is read by the recogniser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from localvoice.config import TurnConfig
from localvoice.turn.events import Dismissal
from localvoice.turn.speech_gate import WINDOW_S

_BLIP_S = 0.13
"""Voiced time up to which a sound that has ended is a click or a cough: no word is that short."""

_VOICED_SHARE = 0.6
"""Share of voiced windows from which a sound that goes on is somebody speaking."""

_READ_WITHIN_S = 0.25
"""Time given to the recogniser after the sound: keeps the resume within 400 ms of its end (product contract)."""

_UNREAD_WORD_S = 0.25
"""Voiced time from which speech the recogniser cannot read still counts as an interruption."""


class Ask(Enum):
    """The policy wants the words of the sound."""

    WORDS = "words"


Verdict = Dismissal | Ask | bool
"""True: the user takes the turn. A `Dismissal`: the reply goes on."""


@dataclass(slots=True)
class Overlap:
    """One sound over a reply, from its onset until it is decided."""

    onset_s: float
    voiced_s: float = 0.0
    decide_at_s: float = 0.0
    asked_at_s: float | None = None


class OverlapPolicy:
    """Feed it the windows of one overlap; it answers with a verdict as soon as there is one."""

    def __init__(self, turn: TurnConfig, voiced_from: float) -> None:
        self._decide_s = turn.overlap_decide_ms / 1000
        self._voiced_from = voiced_from
        self._stop_words = tuple(map(plain_words, turn.stop_words))
        self._backchannels = frozenset(map(plain_words, turn.backchannels))

    def begin(self, onset_s: float, at_s: float, probability: float) -> Overlap:
        """A sound was noticed at `at_s`."""
        overlap = Overlap(onset_s, decide_at_s=at_s + self._decide_s)
        self._count(overlap, probability)
        return overlap

    def _count(self, overlap: Overlap, probability: float) -> None:
        if probability >= self._voiced_from:
            overlap.voiced_s += WINDOW_S

    def step(self, overlap: Overlap, at_s: float, probability: float, *, is_speech: bool) -> Verdict | None:
        """Take the next window; None while it is open. `is_speech`: the sound has not ended yet."""
        if is_speech:
            self._count(overlap, probability)
            overlap.asked_at_s = None
            return self._while_it_lasts(overlap, at_s)
        if overlap.asked_at_s is not None:
            late = at_s - overlap.asked_at_s >= _READ_WITHIN_S
            return self._unread(overlap) if late else None
        if overlap.voiced_s <= _BLIP_S:
            return Dismissal.NOISE
        overlap.asked_at_s = at_s
        return Ask.WORDS

    def _while_it_lasts(self, overlap: Overlap, at_s: float) -> Verdict | None:
        if at_s < overlap.decide_at_s:
            return None
        if overlap.voiced_s >= _VOICED_SHARE * (at_s - overlap.onset_s):
            return True
        overlap.decide_at_s += self._decide_s
        return None

    @staticmethod
    def _unread(overlap: Overlap) -> Verdict:
        return True if overlap.voiced_s >= _UNREAD_WORD_S else Dismissal.NOISE

    def judge_words(self, overlap: Overlap, text: str, *, rejected: bool) -> Verdict:
        """The recogniser has read the sound."""
        words = plain_words(text)
        if any(f" {stop} " in f" {words} " for stop in self._stop_words):
            return True
        if words in self._backchannels:
            return Dismissal.BACKCHANNEL
        if rejected:
            return self._unread(overlap)
        return True if words else Dismissal.NOTHING_SAID


def plain_words(text: str) -> str:
    """Lower case, hyphens and marks as spaces, apostrophes kept: how words are compared."""
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower()))
