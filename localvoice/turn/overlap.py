"""A sound over the reply: does the user take the turn, or was it a cough, an "mm-hm", nothing?

The reply is already held when this is asked. The words decide where the recogniser has them in time, else length and
voicing: an "mm-hm" may last longer than the time to decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from localvoice.config import TurnConfig
from localvoice.turn.decisions import Dismissal
from localvoice.turn.speech_gate import WINDOW_S

_BLIP_S = 0.13
"""Voiced time up to which a sound that has ended is a click or a cough: no word is that short."""

_VOICED_SHARE = 0.6
"""Share of voiced windows from which a sound that goes on is somebody speaking."""

_READ_WITHIN_S = 0.19
"""Time given to the recogniser once the sound is over, six windows. That it is over is known up to 160 ms after its
true end (a hangover of 96 ms, a VAD that lets go up to 64 ms late), and full volume is due 400 ms after that end, or
600 ms after the onset of a sound of 200 ms (product contract)."""

_PEEK_S = 0.15
"""Time given to the recogniser for the words so far, before a sound that goes on is judged."""

_FALLING = 0.3
"""Probability under which a window looks like the end of the sound: it is not judged as speech that goes on."""

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
    decide_at_s: float
    judged_from_s: float
    """Where the stretch began that is judged at `decide_at_s`: the onset, later where it was left open."""
    voiced_s: float = 0.0
    voiced_before_s: float = 0.0
    """The part of `voiced_s` before `judged_from_s`."""
    asked_at_s: float | None = None
    """When its words were asked for; None where no answer is awaited."""
    has_ended: bool = False
    """The words that were asked for are all there are."""
    words: Verdict | None = None
    """What the words so far say."""
    earlier: Verdict | None = None
    """What they said when it was left open."""


class OverlapPolicy:
    """Feed it the windows of one overlap; it answers with a verdict as soon as there is one."""

    def __init__(self, turn: TurnConfig, voiced_from: float) -> None:
        self._decide_s = turn.overlap_decide_ms / 1000
        self._voiced_from = voiced_from
        self._stop_words = tuple(map(plain_words, turn.stop_words))
        self._backchannels = frozenset(map(plain_words, turn.backchannels))

    def begin(self, onset_s: float, probability: float) -> Overlap:
        """A sound that began at `onset_s` was noticed with this window."""
        overlap = Overlap(onset_s, onset_s + self._decide_s, onset_s)
        self.count(overlap, probability)
        return overlap

    def count(self, overlap: Overlap, probability: float) -> None:
        """Another window of the sound, without a verdict."""
        if probability >= self._voiced_from:
            overlap.voiced_s += WINDOW_S

    def step(self, overlap: Overlap, at_s: float, probability: float, *, is_speech: bool) -> Verdict | None:
        """Take the next window; None while it is open. `is_speech`: the sound has not ended yet."""
        if is_speech:
            self.count(overlap, probability)
            if overlap.has_ended:  # and goes on after all
                overlap.has_ended, overlap.asked_at_s = False, None
            return self._while_it_lasts(overlap, at_s, probability)
        if overlap.has_ended and overlap.asked_at_s is not None:
            late = at_s - overlap.asked_at_s >= _READ_WITHIN_S
            return self._unread(overlap) if late else None
        if overlap.voiced_s <= _BLIP_S:
            return Dismissal.NOISE
        overlap.has_ended, overlap.asked_at_s = True, at_s
        return Ask.WORDS

    def _while_it_lasts(self, overlap: Overlap, at_s: float, probability: float) -> Verdict | None:
        if probability < _FALLING:
            return None
        next_s = at_s + WINDOW_S
        if next_s <= overlap.decide_at_s:  # then the next window is still in time
            is_due = next_s > overlap.decide_at_s - _PEEK_S and overlap.voiced_s > _BLIP_S
            if not is_due or overlap.asked_at_s is not None:
                return None
            overlap.asked_at_s = at_s
            return Ask.WORDS
        voiced_s = overlap.voiced_s - overlap.voiced_before_s
        is_voiced = voiced_s >= _VOICED_SHARE * (at_s - overlap.judged_from_s)
        if overlap.words is True or (overlap.words is not Dismissal.BACKCHANNEL and is_voiced):
            return True
        overlap.judged_from_s, overlap.voiced_before_s = at_s, overlap.voiced_s
        overlap.decide_at_s = at_s + self._decide_s
        overlap.earlier, overlap.asked_at_s, overlap.words = overlap.words, None, None
        return None

    @staticmethod
    def _unread(overlap: Overlap) -> Verdict:
        since_s = overlap.voiced_s - overlap.voiced_before_s
        ends_one = overlap.earlier is Dismissal.BACKCHANNEL and since_s < _UNREAD_WORD_S
        if ends_one or overlap.words is Dismissal.BACKCHANNEL:
            return Dismissal.BACKCHANNEL
        return True if overlap.voiced_s >= _UNREAD_WORD_S else Dismissal.NOISE

    def hear(self, overlap: Overlap, text: str, *, rejected: bool) -> Verdict | None:
        """The recogniser has read the sound, or what there was of it. None while that decides nothing."""
        if overlap.asked_at_s is None:
            return None  # too late
        words = plain_words(text)
        if any(f" {stop} " in f" {words} " for stop in self._stop_words):
            return True
        if words in self._backchannels:
            overlap.words = Dismissal.BACKCHANNEL
        elif rejected:
            overlap.words = self._unread(overlap) if overlap.has_ended else None
        else:
            overlap.words = True if words else Dismissal.NOTHING_SAID
        return overlap.words if overlap.has_ended else None


def plain_words(text: str) -> str:
    """Lower case, hyphens and marks as spaces, apostrophes kept: how words are compared."""
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower()))
