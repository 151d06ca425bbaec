"""Skills at work for a conversation: what they are given, and what becomes of their results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from localvoice.messages import ToolCall
from localvoice.session.hand import Hand, House
from localvoice.session.skill_state import SkillState
from localvoice.skills.catalog import Skills
from localvoice.skills.contract import SkillResult, StartOver
from localvoice.turn.observations import ToolRan


class Tools:
    """The skills of one session. All methods are called from the event loop."""

    def __init__(
        self, skills: Skills, state: SkillState, last_reply: Callable[[], str], now_s: Callable[[], float]
    ) -> None:
        self.skills = skills
        self._state = state
        self._last_reply = last_reply
        self._now_s = now_s
        self._house: House | None = None

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house

    def result(self, call: ToolCall) -> SkillResult:
        """What comes of `call`. Nothing is told or changed: `take` does that, once the user's turn is over."""
        context = self._state.context(datetime.now().astimezone(), self._now_s(), self._last_reply())
        return self.skills.run(call, context)

    def take(self, hand: Hand, call: ToolCall, result: SkillResult) -> None:
        """Tell of a result, and carry out its effects."""
        if self._house is None:
            raise RuntimeError("attach() comes first")
        now_s = self._now_s()
        hand.has_run_tool = True
        self._house.log.tool(hand.turn, call, result.data)
        for effect in result.effects:
            self._state.apply(effect, now_s)
        hand.starts_over |= any(isinstance(effect, StartOver) for effect in result.effects)
        self._house.observe(ToolRan(now_s, hand.turn.id, bool(result.effects)))

    def run(self, hand: Hand, call: ToolCall) -> SkillResult:
        """Both at once."""
        result = self.result(call)
        self.take(hand, call, result)
        return result
