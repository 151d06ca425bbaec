"""The starter chat model: no model at all. It asks for the skill that the user's words name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from localvoice.engines import ReplyPart
from localvoice.messages import Message, Role, ToolCall, ToolSpec, Usage
from localvoice.skills.catalog import Skills


class SkillsModel:
    """Answers what the skills can. Behind a skill it has nothing to add: the skill's own words are the answer."""

    name = "skills"

    def __init__(self, skills: Skills) -> None:
        self._skills = skills

    async def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """See `ChatModel.reply`. `tools` is not asked: a call may be any skill of the catalogue."""
        del tools
        if answer := self._answer(history):
            yield answer
        yield Usage()

    def _answer(self, history: Sequence[Message]) -> str | ToolCall:
        last = history[-1] if history else None
        if last is not None and last.role is Role.TOOL:
            return ""
        call = self._skills.match(last.text) if last is not None and last.role is Role.USER else None
        if call is None:
            return self._skills.not_understood_text()
        return ToolCall(name=call.name, arguments=call.arguments, id=f"skills-{len(history)}")

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Nothing to prepare."""

    def close(self) -> None:
        """Nothing to free."""
