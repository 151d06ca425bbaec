"""Silences that are too long: an answer that takes its time, and a question of ours that stays unanswered."""

from __future__ import annotations

import math

from localvoice.config import ReplyConfig
from localvoice.messages import Origin, Stage, Turn

_CLOSERS = "\"'\u201d\u2019»)]}*_`"


class Silences:
    """Pure: time is the capture clock, as the caller says it."""

    def __init__(self, reply: ReplyConfig) -> None:
        self._filler_after_s = reply.filler_after_ms / 1000 or math.inf
        self._prompt_after_s = reply.silence_prompt_s or math.inf
        self._waits = False
        """A question of ours has no answer yet."""
        self._since_s = math.inf
        """When the silence began; never while the user makes a sound."""

    def wants_filler(self, turn: Turn, at_s: float) -> bool:
        """Whether the reply to `turn` takes long. What said nothing, or is not known to have said anything, waits."""
        is_answering = Stage.TRANSCRIPT in turn.times and Stage.REPLY_STARTED not in turn.times
        return is_answering and at_s - turn.times.get(Stage.TURN_ENDED, at_s) >= self._filler_after_s

    def reply_over(self, turn: Turn, at_s: float) -> None:
        """A reply has come to its end: was it a question?"""
        is_ours = turn.origin in {Origin.USER, Origin.GREETING} and not turn.interrupted
        self._waits = is_ours and turn.heard.rstrip().rstrip(_CLOSERS).endswith("?")
        self._since_s = at_s

    def sound_begins(self) -> None:
        """The user makes a sound."""
        self._since_s = math.inf

    def nothing_said(self, at_s: float) -> None:
        """It was no answer."""
        self._since_s = at_s

    def break_off(self) -> None:
        """Something is said, by the user or by us: no question waits any more."""
        self._waits = False

    def wants_prompt(self, at_s: float) -> bool:
        """Whether silence has lasted too long behind our question."""
        return at_s >= self.prompt_due_s

    @property
    def prompt_due_s(self) -> float:
        """When it will have; never, where no question waits. Any thread may ask."""
        return self._since_s + self._prompt_after_s if self._waits else math.inf
