"""What skills have changed: timers, the list, volume and pace, the wish to end. Time is the capture clock's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from localvoice.skills.contract import (
    AddItem,
    CancelTimers,
    ChangeRate,
    ChangeVolume,
    ClearItems,
    Effect,
    EndSession,
    SkillContext,
    StartTimer,
    TimerInfo,
)

_QUIETEST, _LOUDEST = 0.05, 1.0
_SLOWEST, _FASTEST = 0.5, 2.0


@dataclass(slots=True)
class _Timer:
    due_s: float
    label: str


class SkillState:
    """The session's memory for its skills; kept for the session only."""

    def __init__(self, volume: float, rate: float) -> None:
        self.volume = volume
        """Linear gain of our voice."""
        self.rate = rate
        """Pace of our voice."""
        self.wants_end = False
        """The user has said goodbye."""
        self._items: list[str] = []
        self._timers: list[_Timer] = []

    def context(self, now: datetime, now_s: float, last_reply: str) -> SkillContext:
        """What a skill is given."""
        timers = tuple(TimerInfo(one.label, max(0.0, one.due_s - now_s)) for one in self._timers)
        return SkillContext(now, last_reply, timers, tuple(self._items))

    def apply(self, effect: Effect, now_s: float) -> None:
        """Carry out what a skill asked for; what concerns the conversation itself is the session's."""
        match effect:
            case EndSession():
                self.wants_end = True
            case StartTimer():
                self._timers.append(_Timer(now_s + effect.seconds, effect.label))
            case CancelTimers():
                self._timers.clear()
            case AddItem():
                self._items.append(effect.text)
            case ClearItems():
                self._items.clear()
            case ChangeVolume():
                self.volume = min(_LOUDEST, max(_QUIETEST, self.volume * effect.factor))
            case ChangeRate():
                self.rate = min(_FASTEST, max(_SLOWEST, self.rate * effect.factor))
            case _:
                pass

    @property
    def due_s(self) -> float:
        """When the next timer is over; never, where there is none. Any thread may ask."""
        return min((one.due_s for one in self._timers), default=math.inf)

    def rung(self, now_s: float) -> list[str]:
        """What to say for the timers that are due now; they are over then."""
        due = [one for one in self._timers if one.due_s <= now_s]
        self._timers = [one for one in self._timers if one.due_s > now_s]
        return [f"Your {one.label} timer is done." if one.label else "Your timer is done." for one in due]
