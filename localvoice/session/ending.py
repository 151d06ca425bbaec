"""When a session is over: pure rules over what is known at a moment of the capture clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from localvoice.turn.speech_gate import WINDOW_S


class EndedBy(StrEnum):
    """`session_ended.reason`."""

    INPUT_ENDED = "input_ended"
    IDLE = "idle"
    ONCE = "once"
    GOODBYE = "goodbye"
    INTERRUPT = "interrupt"
    ERROR = "error"


@dataclass(slots=True)
class Ending:
    """What has happened towards an end. The session keeps it up to date and asks `reason`."""

    once: bool
    """End after the first reply to the user."""
    idle_timeout_s: float
    """0 = never."""
    has_replied: bool = False
    """A reply to the user is over."""
    wants_end: bool = False
    """The user has said goodbye."""
    input_ended: bool = False
    active_s: float = 0.0
    """The later of the last user sound or typing and the end of our playback."""
    is_settled: bool = True
    """As it was last time."""

    _input_ends_s: float = math.inf

    def end_input(self, captured_s: float, decided_s: float) -> None:
        """The input has come to its end somewhere before `captured_s`: what was heard until then is decided first."""
        self._input_ends_s = min(self._input_ends_s, captured_s)
        self.input_ended |= decided_s >= self._input_ends_s - WINDOW_S

    @property
    def idle_due_s(self) -> float:
        """When the session ends where nothing is opened any more. Any thread may ask."""
        return self.active_s + self.idle_timeout_s if self.idle_timeout_s else math.inf

    def reason(self, now_s: float, *, is_settled: bool) -> EndedBy | None:
        """Why the session ends now, None while it goes on. `is_settled`: nothing is open, playing or undecided."""
        if self.once and self.has_replied:
            return EndedBy.ONCE
        if not (is_settled and self.is_settled):
            self.active_s = now_s
        self.is_settled = is_settled
        if not is_settled:
            return None
        if self.wants_end and self.has_replied:
            return EndedBy.GOODBYE
        if self.input_ended:
            return EndedBy.INPUT_ENDED
        if now_s >= self.idle_due_s:
            return EndedBy.IDLE
        return None
