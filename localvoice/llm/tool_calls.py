"""Tool calls as models write them: JSON in the text, or the pieces of OpenAI's streaming format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localvoice.errors import RequestFailed
from localvoice.messages import ToolCall


def tool_call_from_json(text: str, *, provider: str, call_id: str = "") -> ToolCall:
    """The call in `{"name": ..., "arguments": {...}}`, the form of Hermes and Qwen.

    Raises:
        RequestFailed: It is not that; nothing of it must be spoken.
    """
    try:
        call = json.loads(text)
    except json.JSONDecodeError as error:
        raise _unreadable(provider) from error
    if not isinstance(call, dict):
        raise _unreadable(provider)
    return _checked(call.get("name"), call.get("arguments", call.get("parameters", {})), call_id, provider)


def _checked(name: Any, arguments: Any, call_id: str, provider: str) -> ToolCall:
    if isinstance(arguments, str):  # OpenAI sends the object as text, and some models copy that
        try:
            arguments = json.loads(arguments or "{}")
        except json.JSONDecodeError as error:
            raise _unreadable(provider) from error
    if not isinstance(name, str) or not name or not isinstance(arguments, dict):
        raise _unreadable(provider)
    return ToolCall(name=name, arguments=arguments, id=call_id)


def _unreadable(provider: str) -> RequestFailed:
    return RequestFailed("the language model wrote a tool call that cannot be read", provider=provider)


@dataclass(slots=True)
class _Piecemeal:
    """A call that is still arriving."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class ToolCallDeltas:
    """Puts together the `tool_calls` of OpenAI's streaming chunks, which come in pieces by index."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._calls: dict[int, _Piecemeal] = {}

    def feed(self, deltas: Sequence[Mapping[str, Any]]) -> None:
        """Take the `tool_calls` of one chunk."""
        for delta in deltas:
            call = self._calls.setdefault(int(delta.get("index", 0)), _Piecemeal())
            function = delta.get("function") or {}
            call.id = delta.get("id") or call.id
            call.name += function.get("name") or ""
            call.arguments += function.get("arguments") or ""

    def finish(self) -> tuple[ToolCall, ...]:
        """The calls, in order, once the stream has ended.

        Raises:
            RequestFailed: One of them has no name, or arguments that are no JSON object.
        """
        calls = [self._calls[index] for index in sorted(self._calls)]
        return tuple(_checked(call.name, call.arguments, call.id, self._provider) for call in calls)
