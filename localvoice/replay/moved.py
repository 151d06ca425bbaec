"""What moved between two streams of events of one session: edges of speech, and what became of overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localvoice.event_log import Event
from localvoice.replay.turns import turns_of

_SAME_EDGE_S = 0.4
"""Edges further apart are two: shorter than the shortest answer with the pause behind it."""

MOVED_FROM_MS = 32.0
"""A window of the voice detector: less is its grid."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Beginnings or ends of speech."""

    kind: str
    moved_ms: tuple[float, ...]
    """Now minus then, of those that are in both."""
    lost_s: tuple[float, ...]
    new_s: tuple[float, ...]

    @property
    def is_same(self) -> bool:
        """Whether none is missing, new, or a window away."""
        return not self.lost_s and not self.new_s and all(abs(ms) <= MOVED_FROM_MS for ms in self.moved_ms)


def edges(kind: str, then: Sequence[Event], now: Sequence[Event]) -> Edges:
    """Each edge of then with the nearest one of now that no other has."""
    old = [event["t"] for event in then if event["type"] == kind]
    left = [event["t"] for event in now if event["type"] == kind]
    moved, lost = [], []
    for at_s in old:
        nearest = min(left, key=lambda other: abs(other - at_s), default=None)
        if nearest is None or abs(nearest - at_s) > _SAME_EDGE_S:
            lost.append(at_s)
        else:
            left.remove(nearest)
            moved.append(round((nearest - at_s) * 1000, 1))
    return Edges(kind, tuple(moved), tuple(lost), tuple(left))


def overlaps(events: Sequence[Event]) -> list[tuple[int, str]]:
    """Turn and outcome of every overlap, in order."""
    return [(story.turn, overlap.outcome) for story in turns_of(events) for overlap in story.overlaps]
