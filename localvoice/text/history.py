"""What the model remembers: exchanges as they were heard, trimmed to a budget."""

from __future__ import annotations

from dataclasses import dataclass

from localvoice.config import HistoryConfig
from localvoice.messages import Message, Role, ToolCall

_CHARS_PER_TOKEN = 4
"""Rule of thumb for English; only the trimming depends on it, and it errs on the side of remembering less."""

_TOKENS_PER_MESSAGE = 4

_LEFT = 0.75
"""Of both limits, when one is passed: with its oldest words the whole prompt changes, and a model reads all of it anew.
So that happens once in several turns."""

_SURE_TURNS = 10
"""Exchanges that are not given up for that."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    user: str
    assistant: str
    tools: tuple[Message, ...] = ()

    @property
    def tokens(self) -> int:
        chars = len(self.user) + len(self.assistant) + sum(len(message.text) for message in self.tools)
        return chars // _CHARS_PER_TOKEN + (2 + len(self.tools)) * _TOKENS_PER_MESSAGE


class History:
    """The conversation so far. Only `commit` writes it, so no text can stand in it twice."""

    def __init__(self, config: HistoryConfig) -> None:
        self._config = config
        self._exchanges: list[_Exchange] = []
        self._unanswered = ""

    @property
    def last_reply(self) -> str:
        """What the user heard last; empty at the start."""
        return next((one.assistant for one in reversed(self._exchanges) if one.assistant), "")

    def commit(self, user: str, heard: str, *, interrupted: bool = False, tools: tuple[Message, ...] = ()) -> None:
        """Record an exchange that is over: what the user said, and what they heard of the reply.

        A reply of which nothing was heard leaves the user's words waiting: the model sees them as one with the next.
        """
        user = self.with_unanswered(user)
        if interrupted and (not heard.strip() or self._config.keep_interrupted == "none"):
            self._unanswered = "" if heard.strip() else user
            if not self._unanswered:
                self._keep(_Exchange(user, "", ()))
            return
        self._unanswered = ""
        self._keep(_Exchange(user, heard.rstrip(), tools))

    def _keep(self, exchange: _Exchange) -> None:
        self._exchanges.append(exchange)
        turns, tokens = self._config.max_turns, self._config.token_budget
        if self._is_over(turns, tokens):
            while self._is_over(max(int(_LEFT * turns), min(turns, _SURE_TURNS)), int(_LEFT * tokens)):
                self._exchanges.pop(0)

    def _is_over(self, turns: int, tokens: int) -> bool:
        kept = self._exchanges
        return len(kept) > 1 and (len(kept) > turns or sum(one.tokens for one in kept) > tokens)

    def with_unanswered(self, user: str) -> str:
        """The user's words after those of which no answer was heard."""
        return f"{self._unanswered} {user}".strip()

    def clear(self) -> None:
        """Forget everything."""
        self._exchanges.clear()
        self._unanswered = ""

    def messages(self, system_prompt: str, user: str) -> list[Message]:
        """The prompt for the next reply: system, exchanges, and the user's words."""
        listed = [Message(Role.SYSTEM, system_prompt)] if system_prompt else []
        for exchange in self._exchanges:
            if exchange.user:
                listed.append(Message(Role.USER, exchange.user))
            listed += exchange.tools
            if exchange.assistant:
                listed.append(Message(Role.ASSISTANT, exchange.assistant))
        listed.append(Message(Role.USER, self.with_unanswered(user)))
        return _alternating(listed)


def _alternating(messages: list[Message]) -> list[Message]:
    """Neighbours of one speaker as one message: chat templates refuse two users in a row."""
    merged: list[Message] = []
    for message in messages:
        last = merged[-1] if merged else None
        plain = last is not None and not last.tool_calls and not message.tool_calls
        if last is not None and plain and last.role is message.role and message.role is not Role.TOOL:
            merged[-1] = Message(message.role, f"{last.text} {message.text}")
        else:
            merged.append(message)
    return merged


def tool_exchange(call: ToolCall, result: str) -> tuple[Message, Message]:
    """A tool call and its result as a model wants to see them."""
    asked = Message(Role.ASSISTANT, "", tool_calls=(call,))
    return asked, Message(Role.TOOL, result, tool_call_id=call.id)
