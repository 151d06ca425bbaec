"""A session's events gathered into turns, for whoever shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from localvoice.errors import FileError
from localvoice.event_log import Event


@dataclass(slots=True)
class Overlap:
    """A sound of the user's over a reply."""

    onset_s: float
    action: str = "none"
    """What the reply did meanwhile: `pause`, `duck`, `none`."""
    outcome: str = "undecided"
    """`barge_in`, or why it was a false alarm."""
    decided_s: float | None = None
    stop_ms: float | None = None
    """Of a barge-in: from the onset to the last audible sample."""


@dataclass(slots=True)
class TurnStory:
    """One turn, as its events tell it."""

    turn: int
    spoke_s: float | None = None
    """Where the user's words began."""
    quiet_s: float | None = None
    """Where they ended."""
    ended_s: float | None = None
    user: str = ""
    rejected: bool = False
    dropped: str = ""
    started_s: float | None = None
    """When the reply was handed over."""
    sounded_s: float | None = None
    latency_ms: float | None = None
    finished_s: float | None = None
    reply: str = ""
    heard: str = ""
    interrupted: bool = False
    origin: str = ""
    tools: list[str] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    stages: Mapping[str, float] = field(default_factory=dict)

    @property
    def at_s(self) -> float:
        """Where it begins."""
        moments = (self.spoke_s, self.ended_s, self.started_s, self.finished_s)
        return min((moment for moment in moments if moment is not None), default=0.0)

    @property
    def unsaid(self) -> str:
        """What of the reply was not heard."""
        return self.reply[len(self.heard) :] if self.reply.startswith(self.heard) else ""


def turns_of(events: Sequence[Event]) -> list[TurnStory]:
    """The turns in the order of their first event. Raises `FileError` where an event lacks what is told of it."""
    stories: dict[int, TurnStory] = {}
    onset_s: float | None = None
    """Of the user's words since the last turn ended."""
    for event in events:
        if event["type"] == "speech_started" and onset_s is None:
            onset_s = event["t"]
        elif event["type"] == "false_alarm":
            onset_s = None
        if "turn" in event:
            story = stories.setdefault(event["turn"], TurnStory(event["turn"]))
            if event["type"] == "turn_ended":
                story.spoke_s = onset_s if story.spoke_s is None else story.spoke_s
                onset_s = None
            try:
                _TAKE.get(event["type"], _ignore)(story, event)
            except (KeyError, TypeError) as error:
                raise FileError(f"{event['type']} at {event['t']} s is damaged: record the session again") from error
    return list(stories.values())


def _ignore(story: TurnStory, event: Event) -> None:
    """It tells nothing of the turn."""


def _turn_ended(story: TurnStory, event: Event) -> None:
    story.ended_s = event["t"]
    story.quiet_s = event["t"] - event["silence_ms"] / 1000


def _transcript(story: TurnStory, event: Event) -> None:
    story.user, story.rejected = event["text"], event["rejected"]


def _turn_dropped(story: TurnStory, event: Event) -> None:
    story.dropped = event["reason"]


def _reply_started(story: TurnStory, event: Event) -> None:
    story.started_s, story.origin = event["t"], event["origin"]


def _first_audio(story: TurnStory, event: Event) -> None:
    story.sounded_s, story.latency_ms = event["t"], event["latency_ms"]


def _tool(story: TurnStory, event: Event) -> None:
    story.tools.append(event["name"])


def _overlap_started(story: TurnStory, event: Event) -> None:
    story.overlaps.append(Overlap(event["t"], event["action"]))


def _false_alarm(story: TurnStory, event: Event) -> None:
    if story.overlaps:
        overlap = story.overlaps[-1]
        overlap.outcome, overlap.decided_s = event["reason"], event["t"]


def _barge_in(story: TurnStory, event: Event) -> None:
    if not story.overlaps or story.overlaps[-1].decided_s is not None:  # by a key
        story.overlaps.append(Overlap(event["t"]))
    overlap = story.overlaps[-1]
    overlap.outcome, overlap.decided_s, overlap.stop_ms = "barge_in", event["t"], event["stop_ms"]


def _reply_finished(story: TurnStory, event: Event) -> None:
    story.finished_s = event["t"]
    story.reply, story.heard, story.interrupted = event["text"], event["heard"], event["interrupted"]


def _turn_metrics(story: TurnStory, event: Event) -> None:
    story.stages = event["stages"]


_TAKE: Mapping[str, Callable[[TurnStory, Event], None]] = {
    "turn_ended": _turn_ended,
    "transcript": _transcript,
    "turn_dropped": _turn_dropped,
    "reply_started": _reply_started,
    "first_audio": _first_audio,
    "tool": _tool,
    "overlap_started": _overlap_started,
    "false_alarm": _false_alarm,
    "barge_in": _barge_in,
    "reply_finished": _reply_finished,
    "turn_metrics": _turn_metrics,
}
"""What each event adds to its turn."""
