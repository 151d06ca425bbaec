"""Anthropic's models over the Messages API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from localvoice.engine_order import EngineOrder
from localvoice.engines import ReplyPart
from localvoice.llm.anthropic_messages import MessageEvents, as_messages, as_system, as_tools
from localvoice.llm.streamed_reply import ReplyConnection
from localvoice.messages import Message, ToolSpec
from localvoice.remote import Connection

_VERSION = "2026-10-21"
"""Of the API; as the vendor's own client 2.12 sends it. It takes no sampling parameters any more."""


def load(order: EngineOrder) -> AnthropicModel:
    """The model of `order`."""
    return AnthropicModel(order)


class AnthropicModel:
    """`engines.ChatModel` over HTTP. No cache is asked for: it begins at more tokens than a spoken conversation has."""

    def __init__(self, order: EngineOrder) -> None:
        service = order.service
        self.name = service.name
        self.is_remote = service.is_remote
        self.model = order.model
        self._order = order
        key = service.key.reveal() if service.key else "none"
        headers = {"Authorization": f"Bearer {key}", "anthropic-version": _VERSION}
        self._connection = ReplyConnection(Connection(service, headers), self.name)

    async def check(self) -> None:
        """Whether it would answer; opens the connection. Costs nothing."""
        await self._connection.check("/v1/models")

    def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """See `ChatModel.reply`."""
        return self._connection.reply("/v1/messages", self._request(history, tools), MessageEvents(self.name))

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Nobody's cache is paid for twice: only the connection is made ready."""
        del history, tools
        if self._connection.is_cold:
            await self.check()

    def close(self) -> None:
        """No further call."""
        self._connection.close()

    def _request(self, history: Sequence[Message], tools: Sequence[ToolSpec]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self._order.config.reply.max_tokens,
            "messages": as_messages(history),
            "stream": True,
        }
        if system := as_system(history):
            request["system"] = system
        if tools:
            request["tools"] = as_tools(tools)
        for beginning, fields in self._order.provider.chat.by_model.items():
            request |= fields if self.model.startswith(beginning) else {}
        return request
