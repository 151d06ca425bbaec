"""The chunks of a streamed chat completion, as the services of the world write them, to reply parts.

Rule of this file: tolerant in what may be left out or repeated, strict about what must not be spoken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localvoice.engines import ReplyPart
from localvoice.errors import ProviderBroken, ProviderError, ProviderUnavailable
from localvoice.llm.reply_parser import ReplyParser
from localvoice.llm.tool_calls import ToolCallDeltas
from localvoice.messages import Usage

_DONE = "[DONE]"


class CompletionChunks:
    """The data of one reply's events, in order. Text in `reasoning` fields is a model's thinking: left out."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._parser = ReplyParser(provider)
        self._calls = ToolCallDeltas(provider)
        self._usage = Usage()
        self.is_finished = False
        """A reason for the end has come: what follows is usage at most."""

    def feed(self, data: str) -> Iterator[ReplyPart]:
        """What is ready.

        Raises:
            ProviderError: the service failed, or what it sends is no chunk.
        """
        if data.strip() == _DONE:
            return
        try:
            chunk = json.loads(data)
            if not isinstance(chunk, dict):
                raise TypeError("no object")  # noqa: TRY301 - said with the others below
            self._raise_failure(chunk)
            self._usage = _usage_in(chunk) or self._usage
            for choice in chunk.get("choices") or ():
                delta = choice.get("delta") or {}
                self._calls.feed(delta.get("tool_calls") or ())
                yield from self._parser.feed(delta.get("content") or "")
                self.is_finished |= bool(choice.get("finish_reason"))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ProviderBroken(
                f"{self._provider} sent a chunk that cannot be read", provider=self._provider
            ) from error

    def finish(self) -> Iterator[ReplyPart]:
        """The rest: held-back text, the calls, the usage.

        Raises:
            ProviderError: the stream ended before the reply did.
        """
        if not self.is_finished:
            raise ProviderUnavailable(f"{self._provider} broke off in the middle of a reply", provider=self._provider)
        yield from self._parser.finish()
        yield from self._calls.finish()
        yield self._usage

    def _raise_failure(self, chunk: Mapping[str, Any]) -> None:
        error = chunk.get("error") or (chunk.get("x_groq") or {}).get("error")
        if error:
            raise self._failure(error)

    def _failure(self, error: Any) -> ProviderError:
        said = error.get("message", "") if isinstance(error, dict) else str(error)
        return ProviderUnavailable(f"{self._provider} failed in the middle of a reply: {said}", provider=self._provider)


def _usage_in(chunk: Mapping[str, Any]) -> Usage | None:
    """What a chunk says about cost; most say nothing."""
    usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
    if not usage:
        return None
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0, cached)
