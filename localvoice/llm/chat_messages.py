"""Our history and tools in the form of OpenAI's chat API, which chat templates take as well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from localvoice.messages import Message, Role, ToolCall, ToolSpec


def as_chat_messages(history: Sequence[Message], *, arguments_as_text: bool = True) -> list[dict[str, Any]]:
    """`history` as `messages`. The API wants the arguments of a call as JSON text, templates as an object."""
    return [_as_message(message, arguments_as_text=arguments_as_text) for message in history]


def as_chat_tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """`tools` as `tools`."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in tools
    ]


def _as_message(message: Message, *, arguments_as_text: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"role": message.role.value, "content": message.text}
    if message.tool_calls:
        entry["tool_calls"] = [_as_call(call, as_text=arguments_as_text) for call in message.tool_calls]
    if message.role is Role.TOOL:
        entry["tool_call_id"] = message.tool_call_id
    return entry


def _as_call(call: ToolCall, *, as_text: bool) -> dict[str, Any]:
    arguments = dict(call.arguments)
    function = {"name": call.name, "arguments": json.dumps(arguments) if as_text else arguments}
    return {"id": call.id, "type": "function", "function": function}
