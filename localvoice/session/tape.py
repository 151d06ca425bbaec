"""Everything that a session sees, in an order from which its events can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from localvoice.event_log import Event
from localvoice.session.facts import DECIDED, Seen, Told

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Noted:
    """One thing that was seen."""

    seen: Seen
    within: tuple[int, ...] = ()
    """Where it was seen while decisions were carried out: the number of the decision among those of its observation,
    from the outermost observation inwards. Empty: between observations."""


class Tape:
    """Notes what is seen, and during which decision. Called from the event loop only."""

    def __init__(self, note: Callable[[Noted], None] | None) -> None:
        """`note` may raise what ends the session, and is told nothing more then; None: nobody wants to know."""
        self._note = note
        self._within: list[int] = []

    def keep(self, seen: Seen) -> None:
        """Note it."""
        note, self._note = self._note, None
        if note is not None:
            note(Noted(seen, tuple(self._within)))
            self._note = note

    def hear(self, event: Event) -> None:
        """Note an event that no decision makes again; a listener of the event log."""
        if event["type"] not in DECIDED:
            self.keep(Told(event))

    def each(self, decisions: Iterable[T]) -> Iterator[T]:
        """The decisions of one observation; what is noted meanwhile belongs to the one handed out last."""
        self._within.append(0)
        try:
            for number, decision in enumerate(decisions):
                self._within[-1] = number
                yield decision
        finally:
            self._within.pop()
