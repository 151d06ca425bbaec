"""What devices and engines came to, as far as events depend on it: beside the observations, all that `replay` needs.

Plain data, as observations are (turn/observations.py). Times are seconds on the capture clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localvoice.turn.observations import Observation


@dataclass(frozen=True, slots=True)
class SessionBegan:
    """How turn-taking was set up, beyond the settings."""

    has_voice: bool
    hears_sound: bool
    duck_threshold: float
    """`vad.duck_threshold` in force: stricter than the setting where our own voice may be heard."""


@dataclass(frozen=True, slots=True)
class FullLevel:
    """The reply goes on at full level after a false alarm."""

    at_s: float


@dataclass(frozen=True, slots=True)
class ReplyCut:
    """What a reply came to when it was cut by a barge-in."""

    heard: str
    unsaid: str
    silent_at_s: float | None
    """When its last audible sample sounded; None where nothing had been handed to a player."""


@dataclass(frozen=True, slots=True)
class ReplySounds:
    """The first sample of a reply that can be heard."""

    at_s: float
    turn: int


@dataclass(frozen=True, slots=True)
class ReplyOver:
    """A reply is finished or cut: its record, as engines and player made it."""

    at_s: float
    turn: int
    origin: str
    text: str
    heard: str
    interrupted: bool
    times: Mapping[str, float]
    """By `messages.Stage`."""
    tokens: Mapping[str, int]
    characters: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class PreparedDropped:
    """An answer that was prepared, and not wanted."""

    characters: int


@dataclass(frozen=True, slots=True)
class SessionOver:
    """Why the session ended."""

    at_s: float
    reason: str
    xruns: int


@dataclass(frozen=True, slots=True)
class Told:
    """An event that says what an engine or a device did, and follows from no decision: an input as it stands."""

    event: Mapping[str, Any]


Fact = SessionBegan | FullLevel | ReplyCut | ReplySounds | ReplyOver | PreparedDropped | SessionOver | Told

Seen = Observation | Fact

DECIDED = frozenset(
    {
        *("state", "speech_started", "speech_stopped", "turn_ended", "turn_resumed", "turn_dropped", "first_audio"),
        *("overlap_started", "false_alarm", "barge_in", "reply_finished", "turn_metrics", "session_ended"),
    }
)
"""Events that are made anew from observations and facts; all others are facts themselves (`Told`)."""
