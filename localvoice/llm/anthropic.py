"""Anthropic's models over the Messages API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from localvoice.engine_order import EngineOrder
from localvoice.engines import ReplyPart
from localvoice.llm.anthropic_messages import MessageEvents, as_messages, as_system, as_tools
from localvoice.llm.streamed_reply import parts_of
from localvoice.messages import Message, ToolSpec
from localvoice.remote import Connection
from localvoice.streams import close_iterator

_VERSION = "2026-10-21"
"""Of the API; as the vendor's own client 2.12 sends it. It takes no sampling parameters any more."""
_KEEP_WARM_S = 20.0
"""A connection unused for longer may have been closed by the other side: it is tried before the user has finished."""


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
        self._connection = Connection(service, {"Authorization": f"Bearer {key}", "anthropic-version": _VERSION})
        self._used_s = float("-inf")

    async def check(self) -> None:
        """Whether it would answer; opens the connection. Costs nothing."""
        await self._connection.check("/v1/models")
        self._used_s = _now_s()

    async def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """See `ChatModel.reply`. Closing it closes the connection, which is all there is to abort with."""
        events = MessageEvents(self.name)
        answer = await self._connection.post("/v1/messages", json=self._request(history, tools))
        parts = parts_of(answer, events, self.name)
        try:
            async for part in parts:
                yield part
        finally:
            await close_iterator(parts)
        self._used_s = _now_s()
        for part in events.finish():
            yield part

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Nobody's cache is paid for twice: only the connection is made ready."""
        del history, tools
        if _now_s() - self._used_s > _KEEP_WARM_S:
            await self.check()

    def close(self) -> None:
        """No further call."""
        self._connection.forget()

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


def _now_s() -> float:
    return asyncio.get_running_loop().time()
