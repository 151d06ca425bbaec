"""What `replay` prints: the conversation in short, and whether it came out the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from localvoice.replay.differing import Difference
from localvoice.replay.folder import Recorded
from localvoice.replay.turns import TurnStory, turns_of

_SHOWN = 10
"""Differences told without `--compare`: enough to see what it is about."""


def story_lines(recorded: Recorded) -> Iterator[str]:
    """The conversation, a few lines a turn."""
    meta, stories = recorded.meta, turns_of(recorded.events)
    engines = ", ".join(dict.fromkeys(meta.get("engines", {}).values())) or "engines unknown"
    yield f"Recorded {meta.get('recorded', 'some time ago')} by localvoice {meta['version']} with {engines}."
    for story in stories:
        yield from _turn_lines(story)
    if not recorded.is_whole:
        yield "The recording breaks off: the session was killed."


def _turn_lines(story: TurnStory) -> Iterator[str]:
    at = f"{story.at_s:8.2f} s  "
    space = " " * len(at)
    if story.dropped:
        yield f"{at}(a sound without words: {story.dropped})"
        return
    if story.ended_s is not None:
        yield f"{at}you: {story.user or '(not understood)'}"
        at = space
    if story.finished_s is None:
        return
    unsaid = f" [{story.unsaid.strip()}]" if story.unsaid.strip() else ""
    after = "" if story.latency_ms is None else f"  ({story.latency_ms:.0f} ms)"
    yield f"{at}localvoice: {story.heard.strip()}{unsaid}{after}"
    for overlap in story.overlaps:
        stopped = "" if overlap.stop_ms is None else f", silent after {overlap.stop_ms:.0f} ms"
        yield f"{space}you spoke over it at {overlap.onset_s:.2f} s: {overlap.outcome.replace('_', '-')}{stopped}"


def verdict_lines(recorded: Recorded, made: int, found: Sequence[Difference], *, every: bool) -> Iterator[str]:
    """Whether the events are the same; the first differences, or `every` one by turn."""
    if every:
        yield from _by_turn(recorded, found)
    else:
        yield from (one.told() for one in found[:_SHOWN])
        if len(found) > _SHOWN:
            yield f"... and {len(found) - _SHOWN} more: --compare shows all"
    count = len(recorded.events)
    if found:
        yield f"{count} events recorded, {made} made again, {len(found)} differ."
    else:
        yield f"{count} events recorded, {made} made again: the same."


def _by_turn(recorded: Recorded, found: Sequence[Difference]) -> Iterator[str]:
    by_turn = {
        turn: list(group) for turn, group in groupby(sorted(found, key=lambda one: one.turn), lambda one: one.turn)
    }
    turns = sorted({event["turn"] for event in recorded.events if "turn" in event} | set(by_turn))
    for turn in turns:
        differing = by_turn.get(turn, [])
        if not differing:
            yield f"turn {turn}: the same"
        yield from (one.told() for one in differing)
