"""Who has the floor: the turn and the reply in hand, as the decisions see them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from localvoice.messages import Origin
from localvoice.turn.observations import SpeakRequested, Typed
from localvoice.turn.overlap_sound import Overlap
from localvoice.turn.usual_level import UsualLevel


@dataclass(slots=True)
class Words:
    """Where the user's words lie, in seconds."""

    began_s: float = 0.0
    """Onset of the first speech of the turn in hand."""
    others_until_s: float = 0.0
    """Where those of the turns before it end."""
    answered_until_s: float = 0.0
    """Where those end that were answered last, its own included."""


class Floor:
    """Who has it: the numbers and times of the turn and the reply in hand."""

    def __init__(self) -> None:
        self.last_turn = 0
        self.turn = 0
        """The turn that is open or being answered."""
        self.awaited = 0
        """The turn whose answer follows, while a filler is said under the number `turn`; else 0."""
        self.words = Words()
        self.usual_level = UsualLevel()
        """How loud those words usually are."""
        self.is_committed = False
        """The answer cannot be taken back: it was typed, is as long as it may get, or a tool has changed something."""
        self.unasked: SpeakRequested | None = None
        """What is being said, where nobody asked for it."""
        self.overlap: Overlap | None = None
        self.early: Overlap | None = None
        """Speech while such an answer was made: an overlap as soon as that begins to sound."""

    @property
    def began_s(self) -> float:
        """Onset of the turn's first speech."""
        return self.words.began_s

    def open(self, began_s: float, unasked: SpeakRequested | None = None, *, is_committed: bool = False) -> int:
        """The next turn."""
        self.last_turn += 1
        self.turn = self.last_turn
        self.words = Words(began_s, self.words.answered_until_s, self.words.answered_until_s)
        self.is_committed = is_committed
        self.unasked = unasked
        self.early = None
        self.awaited = 0
        return self.turn

    def begin_filler(self) -> int:
        """Something is said under a number of its own before the answer."""
        self.last_turn += 1
        self.awaited, self.turn = self.turn, self.last_turn
        return self.turn

    def end_filler(self) -> None:
        """It is over, or called off with the answer."""
        self.turn, self.awaited = self.awaited or self.turn, 0


class Deferred(deque[Typed | SpeakRequested]):
    """What waits until the conversation is idle."""

    def put(self, seen: Typed | SpeakRequested, *, first: bool = False) -> None:
        """Keep it, unless it was for a silence: behind the sound that ended that it makes no sense."""
        if isinstance(seen, SpeakRequested) and seen.origin in {Origin.FILLER, Origin.PROMPT}:
            return
        if first:
            self.appendleft(seen)
        else:
            self.append(seen)
