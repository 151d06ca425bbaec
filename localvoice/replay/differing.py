"""Where two streams of events differ, turn by turn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from localvoice.event_log import Event
from localvoice.replay.again import decided_again
from localvoice.replay.folder import Recorded

_SAME_WITHIN = 0.001
"""Seconds or milliseconds: events hold four decimals, and the last bit of a logarithm differs between machines."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One event that is not the same."""

    kind: Literal["missing", "new", "changed"]
    """Missing: recorded, and not made again."""
    turn: int
    """The turn it stands in; 0 before the first one."""
    at_s: float
    type: str
    fields: Mapping[str, tuple[Any, Any]]
    """Recorded and new value of each field that changed; dotted where it lies deeper."""

    def told(self) -> str:
        """In one line."""
        place = f"turn {self.turn}, {self.at_s:.3f} s: {self.type}"
        if self.kind == "missing":
            return f"{place} was recorded, and does not follow now"
        if self.kind == "new":
            return f"{place} follows now, and was not recorded"
        changes = ", ".join(f"{name} {_shown(old)} -> {_shown(new)}" for name, (old, new) in self.fields.items())
        return f"{place} {changes}"


def compared(recorded: Recorded) -> tuple[int, list[Difference]]:
    """How many events follow now from what was recorded, and what differs; up to a kill where there was one."""
    made = decided_again(recorded.config, recorded.began, recorded.noted)
    events = recorded.events
    if not recorded.is_whole:
        shared = min(len(events), len(made))
        events, made = events[:shared], made[:shared]
    return len(made), differences(events, made)


def differences(recorded: Sequence[Event], made: Sequence[Event]) -> list[Difference]:
    """What differs, in the order of the events."""
    old, new = _placed(recorded), _placed(made)
    found: list[Difference] = []
    for first, last, new_first, new_last in _stretches(old, new):
        if last - first == new_last - new_first and _keys(old[first:last]) == _keys(new[new_first:new_last]):
            pairs = zip(old[first:last], new[new_first:new_last], strict=True)
            found += [one for before, after in pairs if (one := _changed(before, after[1])) is not None]
        else:
            found += [_lone("missing", one) for one in old[first:last]]
            found += [_lone("new", one) for one in new[new_first:new_last]]
    return found


_Placed = tuple[int, Event]
"""An event and the turn it stands in: its own, else the one of the event before it."""


def _placed(events: Sequence[Event]) -> list[_Placed]:
    placed, turn = [], 0
    for event in events:
        turn = event.get("turn", turn)
        placed.append((turn, event))
    return placed


def _keys(placed: Sequence[_Placed]) -> list[tuple[str, int]]:
    return [(event["type"], turn) for turn, event in placed]


def _stretches(old: Sequence[_Placed], new: Sequence[_Placed]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of both that belong together; equal beginnings first: matching costs the square of what is left."""
    keys, new_keys = _keys(old), _keys(new)
    alike = next((at for at, (one, two) in enumerate(zip(keys, new_keys, strict=False)) if one != two), None)
    start = min(len(keys), len(new_keys)) if alike is None else alike
    yield 0, start, 0, start
    for _, first, last, new_first, new_last in SequenceMatcher(
        a=keys[start:], b=new_keys[start:], autojunk=False
    ).get_opcodes():
        yield start + first, start + last, start + new_first, start + new_last


def _lone(kind: Literal["missing", "new"], placed: _Placed) -> Difference:
    turn, event = placed
    return Difference(kind, turn, event["t"], event["type"], {})


def _changed(before: _Placed, new: Event) -> Difference | None:
    turn, old = before
    fields = dict(_changes("", old, new))
    return Difference("changed", turn, old["t"], old["type"], fields) if fields else None


def _changes(name: str, old: Any, new: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(f"{name}.{key}" if name else str(key), old.get(key), new.get(key))
    elif not _is_same(old, new):
        yield name, (old, new)


def _is_same(old: Any, new: Any) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float):
        return isinstance(old, bool) is isinstance(new, bool) and math.isclose(old, new, abs_tol=_SAME_WITHIN)
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        return len(old) == len(new) and all(_is_same(*pair) for pair in zip(old, new, strict=True))
    return bool(old == new)


def _shown(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
