"""What every session's events obey, whoever talked: the order and the sums of the product contract, section 5."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

Event = dict[str, Any]

_LETTERS = {
    "partial": "p",
    "turn_ended": "E",
    "transcript": "T",
    "turn_dropped": "D",
    "turn_resumed": "R",
    "reply_started": "r",
    "sentence": "s",
    "first_audio": "f",
    "overlap_started": "o",
    "false_alarm": "a",
    "barge_in": "b",
    "reply_finished": "F",
    "turn_metrics": "M",
}
"""Events of a turn as letters; `tool` stands where it ran, anywhere."""

_REPLY = "r[sfoa]*b?FM"
"""Sentences, `first_audio` and overlaps of one reply, in an order of their own; after a cut nothing but the end."""
_ASKED = rf"(?:p*ET?R)*p*(?:E(?:D|T?(?:{_REPLY})?))?"
"""Without its end where the session ended before it."""
_TURN = re.compile(rf"(?:{_ASKED}|{_REPLY})")
_SOUNDS = re.compile("(?:s(?:fs*)?)?")
"""`first_audio` stands behind the first sentence and before the second."""
_UNASKED = {"greeting", "timer", "prompt", "filler"}
_BY_CLOCK = {
    *("transcript", "turn_dropped", "tool", "reply_started", "sentence", "false_alarm", "reply_finished"),
    "turn_metrics",
}
"""What is dated when it is told: never before what was told of its turn. Decisions bear the time of the window that
they follow from, onsets that of the sound, and `first_audio` may lie in the ramp behind a `false_alarm`."""
_TENTH = 0.11
"""Milliseconds by which sums of rounded values may differ."""


def check_events(events: Sequence[Event]) -> None:
    """Raise an AssertionError that names the rule and the events that break it."""
    _check_frame(events)
    _check_states(events)
    _check_speech(events)
    _check_overlaps(events)
    is_spoken = any(event["type"] == "first_audio" for event in events)
    turns = _by_turn(events)
    _check_numbers(events)
    for number, turn in turns.items():
        letters = "".join(_LETTERS.get(event["type"], "") for event in turn)
        assert _TURN.fullmatch(letters), f"order within turn {number}: {letters} {_short(turn)}"
        if "f" in letters:
            sounds = "".join(letter for letter in letters if letter in "sf")
            assert _SOUNDS.fullmatch(sounds), f"first_audio of turn {number} stands elsewhere: {_short(turn)}"
        _check_times(turn)
        _check_partials(turn)
        _check_reply(turn, is_spoken=is_spoken)
        _check_latency(turn)
    _check_unasked(events)
    _check_session_end(events)


def _short(events: Sequence[Event]) -> str:
    return " ".join(event["type"] for event in events)


def _check_frame(events: Sequence[Event]) -> None:
    assert events, "no events"
    kinds = [event["type"] for event in events]
    assert kinds[0] == "session_started", f"the first line is {kinds[0]}"
    assert kinds[-1] == "session_ended", f"the last line is {kinds[-1]}"
    assert kinds.count("session_started") == kinds.count("session_ended") == 1
    for event in events:
        assert isinstance(event["t"], int | float), f"t of {event}"
        assert event["t"] >= 0.0, f"t of {event}"


def _check_states(events: Sequence[Event]) -> None:
    states = [event for event in events if event["type"] == "state"]
    if states:
        assert states[0]["from"] == "idle"
        assert states[-1]["to"] == "closed", "the session closes before it ends"
    for before, after in pairwise(states):
        assert before["to"] == after["from"], f"a state is missing between {before} and {after}"
        assert after["from"] != after["to"]


def _check_speech(events: Sequence[Event]) -> None:
    edges = [event for event in events if event["type"] in {"speech_started", "speech_stopped"}]
    for index, edge in enumerate(edges):
        expected = ("speech_started", "speech_stopped")[index % 2]
        assert edge["type"] == expected, f"{edge} where {expected} was due"
        assert edge["t"] <= edge["detected_t"] + 1e-3, f"{edge} was known before it was"
    for before, after in pairwise(edges):
        assert before["t"] <= after["t"], f"{before} and {after} overlap"


def _check_overlaps(events: Sequence[Event]) -> None:
    opened: Event | None = None
    onset: Event | None = None
    for event in events:
        match event["type"]:
            case "speech_started":
                onset = event
            case "overlap_started":
                assert opened is None, f"{event} while {opened} has no outcome"
                assert onset is not None, f"{event} without speech_started before it"
                assert event["action"] in {"pause", "duck", "none"}
                opened = event
            case "false_alarm":
                assert opened is not None, f"{event} without an overlap"
                assert opened["turn"] == event["turn"], f"{event} is about another reply than {opened}"
                assert event["reason"] in {"echo", "backchannel", "noise", "nothing_said"}
                assert event["resumed_ms"] > 0, event
                opened = None
            case "barge_in":
                assert opened is None or opened["turn"] == event["turn"]
                assert min(event["detect_ms"], event["cut_ms"], event["stop_ms"]) >= 0.0, event
                assert opened is not None or event["detect_ms"] == 0, f"{event}: by hand, detected at once"
                opened = None
            case "session_ended":
                cut = event["reason"] in {"interrupt", "error"}
                assert opened is None or cut, f"{opened} has no outcome"


def _by_turn(events: Sequence[Event]) -> dict[int, list[Event]]:
    turns: dict[int, list[Event]] = {}
    for event in events:
        if "turn" in event:
            turns.setdefault(event["turn"], []).append(event)
    return turns


def _check_numbers(events: Sequence[Event]) -> None:
    """A filler has a number of its own, and the turn that it fills goes on behind it."""
    fillers = {event["turn"] for event in events if event.get("origin") == "filler"}
    latest = highest = 0
    for event in events:
        if "turn" in event:
            number = event["turn"]
            assert number >= 1, event
            assert number >= latest, f"{event} comes after turn {latest} has begun"
            assert number in fillers or number == latest or number > highest, f"{event}: {highest} was given before"
            latest = latest if number in fillers else number
            highest = max(highest, number)


def _check_partials(turn: Sequence[Event]) -> None:
    """What was called stable begins all words that are told later."""
    stable = ""
    for event in turn:
        if event["type"] == "partial":
            assert event["text"].startswith(event["stable"]), event
            assert event["stable"].startswith(stable), f"{event}: {stable!r} was stable"
            stable = event["stable"]


def _check_times(turn: Sequence[Event]) -> None:
    latest: Event | None = None
    for event in turn:
        if event["type"] in _BY_CLOCK:
            assert latest is None or latest["t"] <= event["t"] + 1e-3, f"{event} lies before {latest}"
        if event["type"] != "overlap_started" and (latest is None or event["t"] > latest["t"]):
            latest = event


def _check_reply(turn: Sequence[Event], *, is_spoken: bool) -> None:
    finished = _only(turn, "reply_finished")
    if finished is None:
        return
    text, heard = finished["text"], finished["heard"]
    assert text.startswith(heard), f"what was heard is not the beginning of the text: {finished}"
    said = "".join("".join(event["text"].split()) for event in turn if event["type"] == "sentence")
    written = "".join(text.split())
    assert written.startswith(said), f"sentences {said!r} are not those of {finished}"
    started, barge_in = _only(turn, "reply_started"), _only(turn, "barge_in")
    assert started is not None
    if barge_in is not None:
        assert barge_in["heard"] + barge_in["unsaid"] == text, f"heard + unsaid is not the text: {barge_in}, {finished}"
        assert barge_in["heard"] == heard
        assert finished["interrupted"] is True
        is_printed = not is_spoken or started["origin"] == "fallback"  # where no voice is left
        if not is_printed and not any(event["type"] == "first_audio" for event in turn):
            assert not heard, f"heard before a sample sounded: {barge_in}"
    elif not finished["interrupted"]:
        assert heard == text, f"not interrupted, and yet not heard: {finished}"
    if started["origin"] == "user":
        assert any(event["type"] == "transcript" for event in turn), f"an answer to nothing: {started}"


def _check_latency(turn: Sequence[Event]) -> None:
    metrics = _only(turn, "turn_metrics")
    if metrics is None:
        return
    stages = dict(metrics["stages"])
    total_ms = stages.pop("total_ms")
    assert all(share >= 0 for share in stages.values()), metrics
    assert sum(stages.values()) == pytest.approx(total_ms, abs=_TENTH), f"the stages do not add up: {metrics}"
    first_audio = _only(turn, "first_audio")
    ended = [event for event in turn if event["type"] == "turn_ended"]
    if first_audio is None or not ended:
        return
    speech_end_s = ended[-1]["t"] - ended[-1]["silence_ms"] / 1000
    latency_ms = (first_audio["t"] - speech_end_s) * 1000
    assert first_audio["latency_ms"] == pytest.approx(latency_ms, abs=0.3)
    assert first_audio["latency_ms"] == pytest.approx(total_ms, abs=_TENTH)


def _only(turn: Sequence[Event], kind: str) -> Event | None:
    found = [event for event in turn if event["type"] == kind]
    assert len(found) <= 1, f"{kind} came {len(found)} times"
    return found[0] if found else None


def _check_unasked(events: Sequence[Event]) -> None:
    speaks = False
    for event in events:
        match event["type"]:
            case "speech_started" | "speech_stopped":
                speaks = event["type"] == "speech_started"
            case "reply_started" if event["origin"] in _UNASKED:
                assert not speaks, f"{event} while the user speaks"


def _check_session_end(events: Sequence[Event]) -> None:
    ended = events[-1]
    asked = {event["turn"] for event in events if event["type"] == "turn_ended"}
    answered = sum(1 for event in _finished_to_the_user(events) if event["turn"] in asked)
    assert ended["turns"] <= answered, f"{ended}: only {answered} turns were answered"
    assert ended["reason"] in {"input_ended", "idle", "once", "goodbye", "interrupt", "error"}


def _finished_to_the_user(events: Sequence[Event]) -> Iterator[Event]:
    return (event for event in events if event["type"] == "reply_finished")
