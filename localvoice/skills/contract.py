"""What a skill is given, what it gives back, and what it may ask the session to do.

Rule of this file: data only. A skill is a pure function of its arguments and the context; effects are carried out by
whoever ran it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TimerInfo:
    """A running timer."""

    label: str
    """What the user called it; may be empty."""
    seconds_left: float


@dataclass(frozen=True, slots=True)
class SkillContext:
    """All that a skill knows about the world."""

    now: datetime
    """Aware, in the user's time zone."""
    last_reply: str = ""
    """What we said last, as written; empty at the start."""
    timers: tuple[TimerInfo, ...] = ()
    items: tuple[str, ...] = ()
    """The user's list, oldest first."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """Say the result's text, then end the session."""


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Be quiet: nothing further of an earlier reply is said."""


@dataclass(frozen=True, slots=True)
class StartOver:
    """Forget the conversation so far."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Ring after `seconds`."""

    seconds: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class CancelTimers:
    """Stop every running timer."""


@dataclass(frozen=True, slots=True)
class ChangeVolume:
    """Multiply the loudness of our voice by `factor` (linear gain)."""

    factor: float


@dataclass(frozen=True, slots=True)
class ChangeRate:
    """Multiply the pace of our voice by `factor`; above 1 is faster."""

    factor: float


@dataclass(frozen=True, slots=True)
class AddItem:
    """Put `text` at the end of the user's list."""

    text: str


@dataclass(frozen=True, slots=True)
class ClearItems:
    """Empty the user's list."""


Effect = (
    EndSession | StopSpeaking | StartOver | StartTimer | CancelTimers | ChangeVolume | ChangeRate | AddItem | ClearItems
)


@dataclass(frozen=True, slots=True)
class SkillResult:
    """What came of running a skill."""

    text: str
    """The spoken answer, one or two sentences."""
    data: str
    """The same as a model gets it for a tool result: short plain text."""
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One way of asking for a skill."""

    template: str
    """See `templates.py`."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that this way of asking implies."""
    spoken: bool = True
    """Whether the grammar of the starter recogniser contains it; false where its words are open."""


Arguments = Mapping[str, Any]


class BadArguments(ValueError):
    """A skill cannot work with its arguments; the message is said to the user and handed to a model."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A function with a schema and the sentences that call it."""

    name: str
    sentences: tuple[Sentence, ...]
    run: Callable[[Arguments, SkillContext], SkillResult]
    """Raises `BadArguments` where it cannot work with them."""
    description: str = ""
    """For a language model; empty keeps the skill from being offered as a tool."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """JSON schemas of the arguments by name."""
    required: tuple[str, ...] = ()
    has_effect: bool = False


def said(*templates: str, **arguments: Any) -> tuple[Sentence, ...]:
    """Templates that imply the same arguments."""
    return tuple(Sentence(template, arguments) for template in templates)


def typed(*templates: str, **arguments: Any) -> tuple[Sentence, ...]:
    """Such templates that the grammar of the starter recogniser leaves out."""
    return tuple(Sentence(template, arguments, spoken=False) for template in templates)
