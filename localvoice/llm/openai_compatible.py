"""Language models behind OpenAI's chat completions: services in the cloud, and servers on this machine.

One client for all: where they differ stands in `providers.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from localvoice.config import ReplyConfig
from localvoice.engine_order import EngineOrder
from localvoice.engines import ReplyPart
from localvoice.errors import ProviderRefused
from localvoice.llm.chat_messages import as_chat_messages, as_chat_tools
from localvoice.llm.completion_chunks import CompletionChunks
from localvoice.llm.streamed_reply import ReplyConnection
from localvoice.messages import Message, ToolSpec
from localvoice.provider_row import ChatDifferences
from localvoice.remote import Connection, Service
from localvoice.streams import close_iterator


def load(order: EngineOrder) -> OpenAICompatibleModel:
    """The model of `order`."""
    return OpenAICompatibleModel(order.service, order.model, order.provider.chat, order.config.reply)


class OpenAICompatibleModel:
    """`engines.ChatModel` over HTTP."""

    def __init__(self, service: Service, model: str, differences: ChatDifferences, reply: ReplyConfig) -> None:
        """An empty `model` is the first that the service lists."""
        self.name = service.name
        self.is_remote = service.is_remote
        self._connection = ReplyConnection(Connection(service), self.name)
        self.model = model
        self._differences = differences
        self._reply = reply

    async def check(self) -> None:
        """Whether it would answer; opens the connection, and finds a model where none is named. Costs nothing."""
        listed = await self._connection.check()
        if not self.model:
            self.model = _first_model(listed, self.name)

    async def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """See `ChatModel.reply`. Closing it closes the connection, which is all there is to abort with."""
        if not self.model:
            await self.check()
        request, chunks = self._request(history, tools), CompletionChunks(self.name)
        parts = self._connection.reply("/chat/completions", request, chunks)
        try:
            async for part in parts:
                yield part
        finally:
            await close_iterator(parts)

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Nobody's cache is paid for twice: only the connection is made ready."""
        del history, tools
        if self._connection.is_cold:
            await self.check()

    def close(self) -> None:
        """No further call."""
        self._connection.close()

    def _request(self, history: Sequence[Message], tools: Sequence[ToolSpec]) -> dict[str, Any]:
        differences, reply = self._differences, self._reply
        request: dict[str, Any] = {
            "model": self.model,
            "messages": as_chat_messages(history),
            "stream": True,
            differences.limit: reply.max_tokens,
            "temperature": reply.temperature,
            "top_p": reply.top_p,
        }
        if tools:
            request["tools"] = as_chat_tools(tools)
        if differences.asks_for_usage:
            request["stream_options"] = {"include_usage": True}
        for beginning, fields in differences.by_model.items():
            request |= fields if self.model.startswith(beginning) else {}
        return {name: value for name, value in request.items() if value is not None}


def _first_model(listed: Any, name: str) -> str:
    models = listed.get("data") if isinstance(listed, dict) else None
    names = [one["id"] for one in models or () if isinstance(one, dict) and isinstance(one.get("id"), str)]
    if not names:
        raise ProviderRefused(f"{name} has no model: give one as engines.{name}.llm_model", provider=name)
    return str(names[0])
