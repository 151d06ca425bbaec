"""Figures of a dialogue from its events and from the two sides of its sound.

Rule of this file: what can be measured in the sound is measured there, and stands beside what the events say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from localvoice.audio.samples import AUDIBLE, SPEECH_RATE_HZ, Samples
from localvoice.bench.dialogue import Said
from localvoice.event_log import Event
from localvoice.replay.turns import Overlap, TurnStory, turns_of

_MATCH_S = 0.6
"""By how much an event may lie before the sound that it tells of: onsets are found to 0.1 s, pauses inside a word."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A line that was answered."""

    text: str
    turn: int
    understood: str
    stages: dict[str, float]
    latency_ms: float
    """`first_audio.latency_ms`: from the end of speech as it was detected."""
    measured_ms: float
    """In the sound: from the line's last audible sample to the first audible one of the reply."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A line over a reply that cut it."""

    text: str
    turn: int
    detect_ms: float
    cut_ms: float
    stop_ms: float
    """From the onset as it was detected to the reply's last audible sample."""
    measured_ms: float
    """The same in the sound."""


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """A line over a reply that did not cut it."""

    text: str
    turn: int
    reason: str
    resumed_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A whole dialogue."""

    answers: tuple[Answer, ...]
    interruptions: tuple[Interruption, ...]
    false_alarms: tuple[FalseAlarm, ...]
    unanswered: tuple[str, ...]
    """Lines without an answer, but for those that were only backchannels."""


class Played:
    """What the loudspeaker gave."""

    def __init__(self, samples: Samples, rate_hz: int) -> None:
        self._audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
        self._rate_hz = rate_hz

    def first_after(self, at_s: float) -> float | None:
        """When the first audible sample at or behind `at_s` sounds."""
        at = int(np.searchsorted(self._audible, at_s * self._rate_hz))
        return float(self._audible[at]) / self._rate_hz if at < len(self._audible) else None

    def last_between(self, start_s: float, end_s: float) -> float | None:
        """When the last audible sample within sounds; None where all is silent."""
        first, last = np.searchsorted(self._audible, (start_s * self._rate_hz, end_s * self._rate_hz))
        return float(self._audible[last - 1]) / self._rate_hz if last > first else None


def measured(said: Sequence[Said], events: Sequence[Event], played: Played) -> Measured:
    """The figures of each line."""
    stories = turns_of(events)
    lines = [one for one in said if one.onset >= 0]
    answers, interruptions, false_alarms, unanswered = [], [], [], []
    for one, until_s in zip(lines, _until(lines), strict=True):
        overlap = _overlap_of(one, stories) if one.line.is_over else None
        if overlap is not None and overlap[1].outcome == "barge_in":
            interruptions.append(_interruption(one, *overlap, events, played))
        elif overlap is not None:
            false_alarms.append(_false_alarm(one, *overlap, events))
            continue
        answer = _answer(one, until_s, stories, played)
        if answer is None:
            unanswered.append(one.line.text)
        else:
            answers.append(answer)
    return Measured(tuple(answers), tuple(interruptions), tuple(false_alarms), tuple(unanswered))


def _until(lines: Sequence[Said]) -> Iterator[float]:
    """Where the next line begins."""
    yield from (one.onset / SPEECH_RATE_HZ for one in lines[1:])
    if lines:
        yield float("inf")


def _overlap_of(said: Said, stories: Sequence[TurnStory]) -> tuple[TurnStory, Overlap] | None:
    start_s, end_s = said.onset / SPEECH_RATE_HZ - _MATCH_S, said.end / SPEECH_RATE_HZ
    for story in stories:
        for overlap in story.overlaps:
            if start_s <= overlap.onset_s <= end_s:
                return story, overlap
    return None


def _interruption(
    said: Said, story: TurnStory, overlap: Overlap, events: Sequence[Event], played: Played
) -> Interruption:
    event = _event_of("barge_in", story.turn, overlap, events)
    onset_s = said.onset / SPEECH_RATE_HZ
    last_s = played.last_between(onset_s, said.end / SPEECH_RATE_HZ)
    measured_ms = 0.0 if last_s is None else (last_s - onset_s) * 1000
    return Interruption(
        said.line.text, story.turn, event["detect_ms"], event["cut_ms"], event["stop_ms"], round(measured_ms, 1)
    )


def _false_alarm(said: Said, story: TurnStory, overlap: Overlap, events: Sequence[Event]) -> FalseAlarm:
    event = _event_of("false_alarm", story.turn, overlap, events)
    return FalseAlarm(said.line.text, story.turn, overlap.outcome, event.get("resumed_ms", 0.0))


def _event_of(kind: str, turn: int, overlap: Overlap, events: Sequence[Event]) -> Event:
    same = (one for one in events if one["type"] == kind and one["turn"] == turn and one["t"] == overlap.decided_s)
    return next(same, {})


def _answer(said: Said, until_s: float, stories: Sequence[TurnStory], played: Played) -> Answer | None:
    end_s = said.end / SPEECH_RATE_HZ
    for story in stories:
        is_his = story.ended_s is not None and end_s - _MATCH_S <= story.ended_s < until_s
        if not is_his or story.sounded_s is None or story.latency_ms is None or story.origin != "user":
            continue
        first_s = played.first_after(end_s)
        if first_s is None:
            return None
        return Answer(
            said.line.text,
            story.turn,
            story.user,
            dict(story.stages),
            story.latency_ms,
            round((first_s - end_s) * 1000, 1),
        )
    return None
