"""Who has the floor: the turn and the reply in hand, as the decisions see them."""

from __future__ import annotations

from localvoice.turn.observations import SpeakRequested
from localvoice.turn.overlap import Overlap


class Floor:
    """Who has it: the numbers and times of the turn and the reply in hand."""

    def __init__(self) -> None:
        self.last_turn = 0
        self.turn = 0
        """The turn that is open or being answered."""
        self.began_s = 0.0
        """Onset of its first speech."""
        self.is_committed = False
        """The answer cannot be taken back: it was typed, is as long as it may get, or a tool has changed something."""
        self.unasked: SpeakRequested | None = None
        """What is being said, where nobody asked for it."""
        self.overlap: Overlap | None = None
        self.early: Overlap | None = None
        """Speech while such an answer was made: an overlap as soon as that begins to sound."""

    def open(self, began_s: float, unasked: SpeakRequested | None = None, *, is_committed: bool = False) -> int:
        """The next turn."""
        self.last_turn += 1
        self.turn = self.last_turn
        self.began_s = began_s
        self.is_committed = is_committed
        self.unasked = unasked
        self.early = None
        return self.turn
