"""The checker of events finds what breaks a rule: a checker that accepts everything proves nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache

import pytest

from tests.event_rules import Event, check_events
from tests.fakes import FakeChatModel, FakeRecognizer
from tests.virtual_time import Setting, Talk, hold

STORY = "Once upon a time there was a fox. It lived in a green forest. One day it found a golden key."


@cache
def session() -> list[Event]:
    """A session with a false alarm, a barge-in, and a resumed turn."""

    async def user(talk: Talk) -> None:
        await talk.ask()
        await talk.quiet(0.5)
        await talk.speak(0.064)
        await talk.until("false_alarm")
        await talk.until("sentence")
        await talk.quiet(0.5)
        await talk.speak(1.0)
        await talk.until("transcript", turn=2)
        await talk.speak(0.5)
        await talk.until("reply_finished", turn=2)

    recognizer = FakeRecognizer("tell me a story", "no", "no", "no wait")
    return hold(user, Setting(stt=recognizer, llm=FakeChatModel(STORY, "Fine.", first_token_s=2.5))).events


def find(events: list[Event], kind: str, count: int = 0) -> Event:
    return [event for event in events if event["type"] == kind][count]


def drop(kind: str, count: int = 0) -> Callable[[list[Event]], None]:
    return lambda events: events.remove(find(events, kind, count))


def change(kind: str, count: int = 0, **fields) -> Callable[[list[Event]], None]:
    return lambda events: find(events, kind, count).update(fields)


def move(kind: str, places: int, count: int = 0) -> Callable[[list[Event]], None]:
    def moved(events: list[Event]) -> None:
        event = find(events, kind, count)
        others = [one for one in events if one["type"] != "state" and one is not event]
        at = next(index for index, one in enumerate(one for one in events if one["type"] != "state") if one is event)
        events.remove(event)
        events.insert(events.index(others[at + places]) if at + places < len(others) else len(events), event)

    return moved


def twice(kind: str) -> Callable[[list[Event]], None]:
    return lambda events: events.insert(events.index(find(events, kind)), dict(find(events, kind)))


def test_a_true_session_is_accepted():
    kinds = {event["type"] for event in session()}
    assert {"false_alarm", "barge_in", "turn_resumed", "overlap_started"} <= kinds
    check_events(session())


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(drop("session_started"), id="no first line"),
        pytest.param(drop("session_ended"), id="no last line"),
        pytest.param(move("session_ended", -1), id="something behind the end"),
        pytest.param(twice("session_started"), id="two starts"),
        pytest.param(drop("state", 1), id="a state is missing"),
        pytest.param(drop("state", -1), id="never closed"),
        pytest.param(drop("speech_stopped"), id="speech that never stops"),
        pytest.param(change("speech_started", t=99.0), id="known before it was"),
        pytest.param(change("turn_ended", turn=0), id="turn 0"),
        pytest.param(change("reply_started", 1, turn=1), id="a number comes back"),
        pytest.param(drop("transcript"), id="an answer to nothing"),
        pytest.param(twice("transcript"), id="two transcripts"),
        pytest.param(drop("turn_resumed"), id="a turn ends twice"),
        pytest.param(drop("reply_finished"), id="a reply without an end"),
        pytest.param(drop("turn_metrics"), id="no metrics"),
        pytest.param(move("first_audio", -1), id="sound before the first sentence"),
        pytest.param(move("first_audio", 5), id="sound after the second sentence"),
        pytest.param(move("reply_started", 1), id="a sentence before the reply"),
        pytest.param(drop("overlap_started"), id="an outcome without an overlap"),
        pytest.param(drop("false_alarm"), id="an overlap without an outcome"),
        pytest.param(change("false_alarm", turn=2), id="the outcome of another reply"),
        pytest.param(change("false_alarm", reason="whatever"), id="an unknown reason"),
        pytest.param(change("barge_in", heard=""), id="text lost at a cut"),
        pytest.param(change("barge_in", unsaid=""), id="heard and unsaid are not the text"),
        pytest.param(change("barge_in", detect_ms=-1.0), id="decided before it began"),
        pytest.param(change("reply_finished", interrupted=False), id="cut, and not interrupted"),
        pytest.param(change("reply_finished", 1, heard="Well."), id="heard what was not said"),
        pytest.param(change("reply_finished", 1, heard=""), id="not heard to its end"),
        pytest.param(change("sentence", text="Something else."), id="a sentence of another text"),
        pytest.param(change("first_audio", latency_ms=1.0), id="another latency"),
        pytest.param(change("false_alarm", t=99.0), id="over before the false alarm"),
        pytest.param(change("transcript", t=0.1), id="understood before the end"),
        pytest.param(change("session_ended", turns=9), id="too many turns"),
        pytest.param(change("session_ended", reason="whatever"), id="an unknown end"),
        pytest.param(move("turn_resumed", 2), id="resumed after the reply"),
    ],
)
def test_what_breaks_a_rule_is_found(tamper):
    events = copy.deepcopy(session())
    tamper(events)
    with pytest.raises(AssertionError):
        check_events(events)


def test_stages_that_do_not_add_up_are_found():
    events = copy.deepcopy(session())
    find(events, "turn_metrics")["stages"]["stt_ms"] += 5
    with pytest.raises(AssertionError, match="add up"):
        check_events(events)


def test_something_unasked_while_the_user_speaks_is_found():
    events = copy.deepcopy(session())
    started = find(events, "reply_started")
    started["origin"] = "timer"
    stopped = find(events, "speech_stopped")
    events.remove(stopped)
    events.insert(events.index(started) + 1, stopped)
    with pytest.raises(AssertionError, match="while the user speaks"):
        check_events(events)


@pytest.mark.parametrize("stable", ["what", "what is a"])
def test_words_that_were_stable_and_are_not_are_found(stable):
    told = [("what is", "what is"), ("what is the", stable)]
    partials = [{"type": "partial", "t": 1.0, "turn": 1, "text": text, "stable": kept} for text, kept in told]
    events = copy.deepcopy(session())
    at = events.index(find(events, "turn_ended"))
    with pytest.raises(AssertionError):
        check_events([*events[:at], *partials, *events[at:]])
    check_events([*events[:at], partials[0], *events[at:]])
