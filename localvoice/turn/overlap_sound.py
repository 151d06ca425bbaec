"""One sound over a reply: what is known of it so far, what is asked, and what it may be taken for (overlap.py)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto

from localvoice.turn.decisions import Dismissal
from localvoice.turn.observations import OverlapJudged, ReplyContext

_LONGEST_MM_HM_S = 1.0
"""Voiced time from which a sound that may be words is an interruption: synthetic backchannels last 0.2-0.7 s."""

_WORDLESS = 0.2
"""Probability of content under which a sound that goes on is no words, as far as its last second tells: a laugh."""

_LONGEST_LAUGH_S = 3.0
"""Voiced time from which even that is an interruption: whoever the judge is wrong about gets the floor then. Chosen."""

KNOWN = frozenset({Dismissal.BACKCHANNEL, Dismissal.ECHO})
"""What words so far can say against an interruption while the sound goes on."""


class Ask(Flag):
    """What the policy wants to know of the sound so far."""

    WORDS = auto()
    KIND = auto()
    """What it sounds like (`OverlapJudged`)."""


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
    is_read: bool = False
    """An answer to that has come, if only of the words so far."""
    has_ended: bool = False
    """The words that were asked for are all there are."""
    words: Verdict | None = None
    """What the words so far say."""
    earlier: Verdict | None = None
    """What they said when it was left open."""
    kind: OverlapJudged | None = None
    """What it sounds like so far; None where nobody judges."""
    context: ReplyContext | None = None
    """What the reply was saying; None where that is not known."""
    began_s: float = 0.0
    """Where the user's words begin: the onset, or that of a sound just before, whose words nobody knows."""

    @property
    def is_understood(self) -> bool:
        """Whether it is known to be no words for us."""
        return self.words in KNOWN

    @property
    def may_answer(self) -> bool:
        """Whether the reply had just asked something."""
        return self.context is not None and self.context.has_asked

    @property
    def is_too_long(self) -> bool:
        """Whether there is more voice than in a sound that takes no turn."""
        is_wordless = self.kind is not None and self.kind.content < _WORDLESS
        return self.voiced_s >= (_LONGEST_LAUGH_S if is_wordless else _LONGEST_MM_HM_S)

    def goes_on(self) -> None:
        """It had not ended after all: what is read of it so far decides nothing."""
        if self.has_ended:
            self.has_ended, self.asked_at_s, self.is_read = False, None, False

    def is_heard_from(self, at_s: float) -> None:
        """The reply begins to sound: words that are still being read get their time from here on."""
        if self.has_ended and not self.is_read:
            self.asked_at_s = at_s
