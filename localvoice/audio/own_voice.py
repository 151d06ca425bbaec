"""What a voice is worth while the assistant speaks: it may be the user's, or what the canceller left of our own.

Rule of this file: no clock and no device; time is the blocks that are fed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np

from localvoice.audio.alignment import Alignment
from localvoice.audio.linear_branch import Hint
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.unknown_path import Doubts

_BLOCK_S = 0.01
_COLD_S = 3.0
"""Own speech until the canceller knows a new path (audio.md 6)."""

_UNPROVED = 1.3
"""What is not believed yet counts for at most so many times what is noticed: enough to pause, not to cut."""

_HINTS_AFTER_S = 2.0
"""Own speech until the linear branch knows it: delay and drift are known after 1.5 to 2.5 s (docs/echo.md)."""

_HINTS_AFTER_JUMP_S = 4.0
"""The same where it has another path to forget: it keeps one for 5 s."""

_HINTS_AGAIN_AFTER_S = 2.0
"""Own speech without hints once one was wrong, twice as much after the next: as when the laptop has been moved. With
3.5 s a user who came behind one wrong hint was noticed 130 ms later (docs/echo.md)."""

_PROVED_WITHIN_WINDOWS = 18
_PROVED_FROM = 0.3
"""Time in which, and probability from which, the canceller alone has to hear the user of a hint: 0.58 s. We pause, and
the echo is over before."""


_ALONE_WINDOWS = 3
"""In a row that the canceller alone may take for a user's without being believed: those of our own voice are no longer
(0.1 s, docs/echo.md), and the branch makes little of a faint user for longer than that."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Probabilities on the cleaned signal from which a voice is noticed (benchmarks/audio/echo.py, docs/echo.md)."""

    warm: float = 0.45
    cold: float = 0.65
    """Until the canceller knows the path."""

    @property
    def is_deaf(self) -> bool:
        """Whether no voice reaches them: half duplex."""
        return self.warm > 1.0


_FLOOR = 0.003
"""Probabilities are taken no nearer to 0 and 1: there they say nothing more."""

_VOTE = (3.24, 2.79, 0.35, 0.62, -6.11, -2.7, -1.15)
"""Log odds of a user: excess, logarithm of the excess against the usual one, log odds of a voice in what AEC3 and in
what the linear branch leave, excess times our loudness, our loudness, and a constant that puts the bar at `Bars.warm`.
Searched on rooms 600-639, where a false pause less was worth 2 ms of the mean user (docs/echo.md)."""

_AGREE = (0.3, 0.5)
_AGREED = 0.65
"""Probabilities of a voice in what the canceller and in what the branch leaves from which both hear one, and what that
counts for at least: in 6 minutes of our own voice, a quarter of it in hard rooms, they never did (docs/echo.md)."""

_FAINTEST = (0.1, 0.33)
"""Probabilities of a voice in what the canceller and in what the branch leaves, of which one has to be reached: what is
only louder than it should be is mostly ours, from a loudspeaker that saturates. 0.2 of either had twice as many false
pauses in 52 minutes of our own voice, and 193 users over it were noticed no sooner (docs/echo.md)."""

_HEARD_FOR_S = 0.3
"""Reverberation after the echo of the last sample played: 60 dB of a living room are over."""

_LINGERS_S = 0.4
"""How much longer a sound that was taken for ours is: a detector forgets it only slowly, and the false pauses of a
canceller that knows its path fell into the moment at which our voice was over (docs/echo.md)."""

_WINDOW_S = 0.032

_UNKNOWN_DELAY_S = 0.4

_SPEAKS_ON_S = 0.2
"""Pauses within our speech. After a longer one a user who answers is heard also where no echo was found, as with
headphones: waiting until it could not be heard any more cost the first 0.3 s of an answer to the greeting."""

_ANSWERS_AFTER_S = 0.1
"""Of silence from which a sound that begins may be such an answer. One that goes on from before may be the echo of what
made us silent: a reply that was held came back 245 ms later and was taken for the user (docs/echo.md)."""

_OWN_SPEECH_POWER = 10 ** (-50 / 10)


class OwnVoice:
    """Feed it the far end of every block; it judges the probabilities of the windows."""

    def __init__(self, noticed_from: float, alignment: Alignment, bars: Bars) -> None:
        self._noticed_from = noticed_from
        """Where turn-taking notices a voice over a reply."""
        self._alignment = alignment
        self.bars = bars
        """May be replaced between two blocks: duplex_mode.py says by what."""
        self._path = 0
        self._hints, self._doubts = _Hints(_HINTS_AFTER_S), Doubts()
        self._spoken_s = 0.0
        """Own speech over the present path."""
        self._rest = _Rest()

    @property
    def is_cold(self) -> bool:
        """Whether the canceller does not know the path well."""
        return self._spoken_s < _COLD_S

    @property
    def is_audible(self) -> bool:
        """Whether our voice may be heard at this moment."""
        return self._rest.audible_s > 0.0

    def play(self, far: Samples) -> None:
        """What was played with the next block."""
        self._rest.go_on()
        if self._alignment.jumps != self._path:
            self._path = self._alignment.jumps
            self._begin_path()
        if float(np.dot(far, far)) < _OWN_SPEECH_POWER * len(far):
            return
        self._spoken_s += _BLOCK_S
        delay = self._alignment.delay
        self._rest = _Rest(_HEARD_FOR_S + (_UNKNOWN_DELAY_S if delay is None else delay / SPEECH_RATE_HZ))

    def _begin_path(self) -> None:
        """Our voice comes back another way than before."""
        self._spoken_s = 0.0
        self._hints, self._doubts = _Hints(_HINTS_AFTER_JUMP_S), Doubts()

    def users(self, probability: float, hint: Hint | None = None) -> float:
        """The probability that it is the user's voice, given that of a voice in the cleaned signal.

        While our own may be heard, the bar's place is taken by `noticed_from` and everything else moves in proportion.
        A `hint` of the linear branch makes it sooner and surer; without one the canceller is trusted alone, once the
        echo has been found at all.
        """
        self._hints.prove(probability, self._spoken_s)
        if not self.is_audible:
            return probability
        if hint is not None and hint.is_lost:
            self._begin_path()
        if hint is not None and self._spoken_s >= self._hints.count_from_s:
            judged, is_believed = self._by_both(probability, hint)
        else:
            is_cold = self.is_cold
            cold = self._doubts.over(probability, self.bars.cold, self._spoken_s) if is_cold else self.bars.warm
            is_answer = self._rest.is_answer(is_sound=probability >= self._noticed_from)
            judged, is_believed = self._over(cold, probability), is_answer or self._alignment.delay is not None
        if judged < self._noticed_from <= probability:
            self._rest.linger()
        return judged if is_believed else min(judged, _UNPROVED * self._noticed_from)

    def _by_both(self, probability: float, hint: Hint) -> tuple[float, bool]:
        """What canceller and branch make of it together, and whether that is more than enough to pause."""
        vote = _vote(probability, hint)
        # what the canceller alone would call a user when cold is one: of a faint one the branch makes little
        noticed = max(vote, probability) if probability >= self.bars.cold else vote
        if noticed >= self.bars.warm:
            self._hints.notice()
        return self._over(self.bars.warm, noticed), self._hints.believe(is_alone=vote < self.bars.warm <= noticed)

    def _over(self, bar: float, probability: float) -> float:
        bar = max(self._noticed_from, bar)
        if probability < bar:
            return probability * self._noticed_from / bar
        if bar >= 1.0:
            return probability
        return 1.0 - (1.0 - probability) * (1.0 - self._noticed_from) / (1.0 - bar)


@dataclass(slots=True)
class _Rest:
    """How long our voice may still be heard since its last word."""

    audible_s: float = 0.0
    lingers_s: float = _LINGERS_S
    """By how much a sound that goes on may put that off."""
    since_s: float = 0.0
    """Of silence since then."""
    is_ours: bool = False
    """The sound that is heard began before anybody could answer."""

    def go_on(self) -> None:
        """Another block has passed."""
        self.audible_s = max(0.0, self.audible_s - _BLOCK_S)
        self.since_s += _BLOCK_S

    def is_answer(self, *, is_sound: bool) -> bool:
        """Whether what is heard in the next window can't be an echo that was not found yet."""
        self.is_ours = is_sound and (self.is_ours or self.since_s < _ANSWERS_AFTER_S)
        return self.since_s > _SPEAKS_ON_S and not self.is_ours

    def linger(self) -> None:
        """The window that ends now was ours, and the next one may hold the rest of it."""
        put_off_s = min(max(0.0, _WINDOW_S + _BLOCK_S - self.audible_s), self.lingers_s)
        self.audible_s += put_off_s
        self.lingers_s -= put_off_s


class _Hints:
    """Whether the linear branch is believed: what it takes for a user has to be one once we are silent."""

    def __init__(self, count_from_s: float) -> None:
        self.count_from_s = count_from_s
        """Own speech from which hints count."""
        self._unproved: int | None = None
        """Windows since a hint that has not proved right; None where there is none."""
        self._proved = 0
        """Windows for which somebody counts as heard by the canceller alone."""
        self._alone = 0
        """Windows in a row that the canceller alone has taken for a user's."""
        self._again_after_s = _HINTS_AGAIN_AFTER_S

    def believe(self, *, is_alone: bool) -> bool:
        """Whether the next window is more than enough to pause: nobody is whom only one of both has heard so far.

        `is_alone`: only the canceller has.
        """
        self._alone = self._alone + 1 if is_alone else 0
        return self._unproved is None and not 0 < self._alone <= _ALONE_WINDOWS

    def notice(self) -> None:
        """A hint says that there is a user."""
        if self._proved:
            self._again_after_s = _HINTS_AGAIN_AFTER_S
        elif self._unproved is None:
            self._unproved = 0

    def prove(self, probability: float, spoken_s: float) -> None:
        """What the canceller alone hears in the next window."""
        self._proved = _PROVED_WITHIN_WINDOWS if probability >= _PROVED_FROM else max(0, self._proved - 1)
        if self._unproved is None:
            return
        self._unproved += 1
        if self._proved:
            self._unproved, self._again_after_s = None, _HINTS_AGAIN_AFTER_S
        elif self._unproved > _PROVED_WITHIN_WINDOWS:
            self._unproved, self.count_from_s = None, spoken_s + self._again_after_s
            self._again_after_s *= 2.0


def _vote(probability: float, hint: Hint) -> float:
    if probability < _FAINTEST[0] and hint.voice < _FAINTEST[1]:
        return 0.0
    voices = _odds(probability), _odds(hint.voice)
    loud = hint.excess * hint.loudness, hint.loudness
    seen = hint.excess, log(hint.against_usual + 0.1), *voices, *loud, 1.0
    vote = 1.0 / (1.0 + exp(-sum(weight * fact for weight, fact in zip(_VOTE, seen, strict=True))))
    do_agree = probability >= _AGREE[0] and hint.voice >= _AGREE[1]
    return max(vote, _AGREED) if do_agree else vote


def _odds(probability: float) -> float:
    """Logarithm of the odds."""
    kept = min(max(probability, _FLOOR), 1.0 - _FLOOR)
    return log(kept / (1.0 - kept))
