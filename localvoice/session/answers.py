"""Where the text of an answer comes from: a skill that matches, else the model with the skills as its tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from localvoice.engines import ChatModel, author_of
from localvoice.errors import ProviderBroken
from localvoice.messages import Message, ToolCall, Transcript, Usage
from localvoice.session.hand import Hand
from localvoice.session.phrases import CLARIFY
from localvoice.session.tools import Tools
from localvoice.streams import close_iterator
from localvoice.text.history import tool_exchange

Prompt = Callable[[str], list[Message]]
"""Makes the messages for the user's words."""

SKILL_ENGINE = "skills"

_TOOL_ROUNDS = 3
"""Tool calls in a row before the model has to answer: a small model may ask for ever."""


class Answers:
    """Chooses who answers. A text may be begun before the user's turn is over; no tool runs until it is."""

    def __init__(self, chat: ChatModel, tools: Tools, prompt: Prompt, *, fast_path: bool) -> None:
        self._chat = chat
        self._tools = tools
        self._prompt = prompt
        self._fast_path = fast_path
        self._has_explained = False
        """What is possible is said at length once."""

    def command(self, text: str) -> ToolCall | None:
        """The skill that takes the whole of `text`."""
        return self._tools.skills.match(text) if self._fast_path else None

    async def known(self, hand: Hand, transcript: Transcript) -> str | None:
        """What a skill answers, or what is said to speech that was not understood; None where the model is asked."""
        if transcript.rejected:
            hand.engine = SKILL_ENGINE
            return self._sorry(hand)
        call = self.command(transcript.text)
        if call is None:
            return None
        hand.engine = SKILL_ENGINE
        if self._tools.skills.has_effect(call.name):
            await hand.gate.turn_over()
        result = self._tools.result(call)  # of one without an effect: a pure function, that may be known beforehand
        hand.gate.tell(partial(self._tools.take, hand, call, result))
        return result.text

    def _sorry(self, hand: Hand) -> str:
        if self._chat.name != SKILL_ENGINE:
            return CLARIFY
        if self._has_explained:
            return f"{CLARIFY} You can ask what I can do."
        hand.gate.tell(self._explained)
        return f"{CLARIFY} {self._tools.skills.not_understood_text()}"

    def _explained(self) -> None:
        self._has_explained = True

    def written(self, hand: Hand, text: str) -> AsyncIterator[str]:
        """The model's answer, as it is written."""
        hand.engine = self._chat.name
        return self._model(hand, self._prompt(text))

    async def _model(self, hand: Hand, messages: list[Message]) -> AsyncIterator[str]:
        """Where it has no more to say behind a skill, the skill's words are the answer, unless it confirmed an effect.

        Raises:
            ProviderBroken: it writes nothing at all, and no skill said anything for it.
        """
        turn, said, is_answered, told = hand.turn, "", False, ""
        for round_ in range(_TOOL_ROUNDS + 1):
            offered = self._tools.skills.specs() if round_ < _TOOL_ROUNDS else ()
            calls: list[ToolCall] = []
            parts = self._chat.reply([*messages, *hand.tools], offered)
            try:
                async for part in parts:
                    match part:
                        case str():
                            hand.engine = author_of(self._chat)  # who was asked first may have failed
                            said += part
                            is_answered |= bool(part.strip())
                            yield part
                        case ToolCall():
                            calls.append(part)
                        case Usage():
                            turn.usage = _sum(turn.usage, part)
            finally:
                await close_iterator(parts)
            if not calls or not offered:
                break
            if said and not said[-1].isspace():
                said += " "
                yield " "  # a sentence has an end, and is spoken meanwhile
            await hand.gate.turn_over()
            text, have_effects = self._run(hand, calls)
            told = text or told
            is_answered &= have_effects
        if not is_answered:
            if not told and not said.strip():
                raise ProviderBroken(f"{self._chat.name} answered nothing", provider=self._chat.name)
            yield told

    def _run(self, hand: Hand, calls: Sequence[ToolCall]) -> tuple[str, bool]:
        """What the skills say, and whether each of them had an effect."""
        texts, have_effects = [], True
        for call in calls:
            result = self._tools.run(hand, call)
            hand.tools += tool_exchange(call, result.data)
            texts.append(result.text)
            have_effects &= bool(result.effects)
        return " ".join(filter(None, texts)), have_effects


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
    )
