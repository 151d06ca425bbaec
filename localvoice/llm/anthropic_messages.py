"""Our history and tools in the form of Anthropic's Messages API, and the events of its stream as reply parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localvoice.engines import ReplyPart
from localvoice.errors import ProviderBroken, ProviderUnavailable
from localvoice.llm.reply_parser import ReplyParser
from localvoice.llm.tool_calls import ToolCallDeltas
from localvoice.messages import Message, Role, ToolSpec, Usage


def as_tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """`tools` as `tools`."""
    return [
        {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)} for tool in tools
    ]


def as_system(history: Sequence[Message]) -> str:
    """The instructions, which stand apart, and what we said before the user's first word: that has no other place."""
    texts = [message.text for message in history if message.role is Role.SYSTEM]
    first = next((at for at, message in enumerate(history) if message.role is Role.USER), len(history))
    said = [message.text for message in history[:first] if message.role is Role.ASSISTANT and message.text.strip()]
    return "\n\n".join([*texts, *(f"You have begun the conversation with: {text}" for text in said)])


def as_messages(history: Sequence[Message]) -> list[dict[str, Any]]:
    """From the user's first word on; what one side says in a row is one message, as the service wants it."""
    first = next((at for at, message in enumerate(history) if message.role is Role.USER), len(history))
    ids = _Ids()
    messages: list[dict[str, Any]] = []
    for message in history[first:]:
        blocks = list(_blocks(message, ids))
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        if not blocks or message.role is Role.SYSTEM:
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": role, "content": blocks})
    return messages


class _Ids:
    """Names for the calls of models that give them none."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._count = 0

    def of_call(self, given: str) -> str:
        self._count += 1
        name = given or f"call_{self._count}"
        self._open.append(name)
        return name

    def of_result(self, given: str) -> str:
        name = given or next(iter(self._open), "call_0")
        self._open = [other for other in self._open if other != name]
        return name


def _blocks(message: Message, ids: _Ids) -> Iterator[dict[str, Any]]:
    if message.role is Role.TOOL:
        yield {"type": "tool_result", "tool_use_id": ids.of_result(message.tool_call_id), "content": message.text}
        return
    if message.text.strip():  # an empty text is refused
        yield {"type": "text", "text": message.text}
    for call in message.tool_calls:
        yield {"type": "tool_use", "id": ids.of_call(call.id), "name": call.name, "input": dict(call.arguments)}


class MessageEvents:
    """The data of one reply's events, in order. Thinking, signatures and citations are left out."""

    def __init__(self, provider: str) -> None:
        self.is_finished = False
        """A reason for the end has come: what follows is usage at most."""
        self._provider = provider
        self._parser = ReplyParser(provider)
        self._calls = ToolCallDeltas(provider)
        self._usage: dict[str, int] = {}
        self._has_written = False

    def feed(self, data: str) -> Iterator[ReplyPart]:
        """What is ready.

        Raises:
            ProviderError: the service failed, or what it sends is no event.
        """
        try:
            event = json.loads(data)
            text = self._take(event)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ProviderBroken(
                f"{self._provider} sent an event that cannot be read", provider=self._provider
            ) from error
        self._has_written |= bool(text.strip())
        yield from self._parser.feed(text)

    def finish(self) -> Iterator[ReplyPart]:
        """The rest: held-back text, the calls, the usage.

        Raises:
            ProviderError: the stream ended before the reply did.
        """
        if not self.is_finished:
            raise ProviderUnavailable(f"{self._provider} broke off in the middle of a reply", provider=self._provider)
        yield from self._parser.finish()
        yield from self._calls.finish()
        cached = self._usage.get("cache_read_input_tokens", 0)
        read = self._usage.get("input_tokens", 0) + self._usage.get("cache_creation_input_tokens", 0) + cached
        yield Usage(read, self._usage.get("output_tokens", 0), cached)

    def _take(self, event: Mapping[str, Any]) -> str:
        """The text in an event."""
        match event["type"]:
            case "message_start":
                self._count(event["message"].get("usage"))
            case "content_block_start":
                return self._begin(event["index"], event["content_block"])
            case "content_block_delta":
                return self._go_on(event["index"], event["delta"])
            case "message_delta":
                self._count(event.get("usage"))
                self._end(event["delta"].get("stop_reason"))
            case "message_stop":
                self.is_finished = True
            case "error":
                said = str(event["error"].get("message", ""))
                raise ProviderUnavailable(
                    f"{self._provider} failed in the middle of a reply: {said}", provider=self._provider
                )
        return ""

    def _begin(self, index: int, block: Mapping[str, Any]) -> str:
        if block["type"] == "tool_use":
            whole = json.dumps(block["input"]) if block.get("input") else ""
            function = {"name": block["name"], "arguments": whole}
            self._calls.feed([{"index": index, "id": block["id"], "function": function}])
        return str(block.get("text") or "") if block["type"] == "text" else ""

    def _go_on(self, index: int, delta: Mapping[str, Any]) -> str:
        if delta["type"] == "input_json_delta":
            self._calls.feed([{"index": index, "function": {"arguments": delta["partial_json"]}}])
        return str(delta["text"]) if delta["type"] == "text_delta" else ""

    def _end(self, reason: str | None) -> None:
        self.is_finished |= reason is not None
        if reason == "refusal" and not self._has_written:
            raise ProviderBroken(f"{self._provider} will not answer that", provider=self._provider)

    def _count(self, usage: Mapping[str, Any] | None) -> None:
        """Later counts stand for the earlier ones: they are cumulative."""
        self._usage |= {name: count for name, count in (usage or {}).items() if isinstance(count, int)}
