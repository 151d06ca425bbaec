"""Where the text of an answer comes from: a skill that matches, else the model with the skills as its tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from localvoice.engines import ChatModel
from localvoice.messages import Message, ToolCall, Transcript, Turn, Usage
from localvoice.skills.catalog import Skills
from localvoice.skills.contract import SkillContext, SkillResult
from localvoice.streams import close_iterator
from localvoice.text.history import tool_exchange

Prompt = Callable[[str], list[Message]]
"""Makes the messages for the user's words."""

_TOOL_ROUNDS = 3
"""Tool calls in a row before the model has to answer: a small model may ask for ever."""


@dataclass(slots=True)
class Answer:
    """An answer being written."""

    engine: str
    text: AsyncIterator[str]
    tools: list[Message] = field(default_factory=list)
    """Calls and results, for the history."""


class Answers:
    """Chooses who answers, and runs skills. `ran` is told of each skill that was run, with its result."""

    def __init__(
        self,
        chat: ChatModel,
        skills: Skills,
        context: Callable[[], SkillContext],
        ran: Callable[[Turn, ToolCall, SkillResult], None],
        *,
        fast_path: bool,
        skill_engine: str = "skills",
    ) -> None:
        self._chat = chat
        self._skills = skills
        self._context = context
        self._ran = ran
        self._fast_path = fast_path
        self._skill_engine = skill_engine
        self._has_explained = False
        """What is possible is said at length once."""

    def is_command(self, text: str) -> bool:
        """Whether a skill takes the whole of `text`."""
        return self._fast_path and self._skills.match(text) is not None

    async def prepare(self, text: str, prompt: Prompt) -> None:
        """Bring the prompt for `text` into the model's cache, where the model would answer it. Runs no skill."""
        if not self.is_command(text):
            await self._chat.prefill(prompt(text), self._skills.specs())

    def to_speech(self, turn: Turn, transcript: Transcript, prompt: Prompt) -> Answer:
        """The answer to an utterance; one that was not understood is told what is possible."""
        if transcript.rejected:
            return Answer(self._skill_engine, _once(self._sorry()))
        return self.to_text(turn, transcript.text, prompt)

    def _sorry(self) -> str:
        sorry = "Sorry, I did not understand that."
        if self._chat.name != self._skill_engine:
            return sorry
        if self._has_explained:
            return f"{sorry} You can ask what I can do."
        self._has_explained = True
        return f"{sorry} {self._skills.help_text()} To talk freely, install a model with: localvoice models download."

    def to_text(self, turn: Turn, text: str, prompt: Prompt) -> Answer:
        """The answer to the user's words."""
        call = self._skills.match(text) if self._fast_path else None
        if call is not None:
            return Answer(self._skill_engine, self._skill(turn, call))
        answer = Answer(self._chat.name, _once(""))
        answer.text = self._model(turn, prompt(text), answer.tools)
        return answer

    async def _skill(self, turn: Turn, call: ToolCall) -> AsyncIterator[str]:
        yield self._run(turn, call).text

    def _run(self, turn: Turn, call: ToolCall) -> SkillResult:
        result = self._skills.run(call, self._context())
        self._ran(turn, call, result)
        return result

    async def _model(self, turn: Turn, messages: list[Message], tools: list[Message]) -> AsyncIterator[str]:
        for round_ in range(_TOOL_ROUNDS + 1):
            offered = self._skills.specs() if round_ < _TOOL_ROUNDS else ()
            calls: list[ToolCall] = []
            parts = self._chat.reply([*messages, *tools], offered)
            try:
                async for part in parts:
                    match part:
                        case str():
                            yield part
                        case ToolCall():
                            calls.append(part)
                        case Usage():
                            turn.usage = _sum(turn.usage, part)
            finally:
                await close_iterator(parts)
            if not calls:
                return
            for call in calls:
                tools += tool_exchange(call, self._run(turn, call).data)


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
    )
