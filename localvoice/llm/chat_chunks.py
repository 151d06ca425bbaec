"""The chunks of llama.cpp's server, which are those of OpenAI's streaming chat API, to reply parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from localvoice.engines import ReplyPart
from localvoice.errors import ProviderBroken, ProviderError
from localvoice.llm.llama_setup import NAME, too_long
from localvoice.llm.reply_parser import ReplyParser
from localvoice.llm.tool_calls import ToolCallDeltas
from localvoice.messages import Usage


class ChunkReader:
    """The chunks of one reply in OpenAI's streaming format, to reply parts."""

    def __init__(self, cached_tokens: int | None) -> None:
        """Start a reply; `cached_tokens` where it is known better than by the chunks."""
        self.text = ""
        """As the model wrote it."""
        self._cached_tokens = cached_tokens
        self._parser = ReplyParser(NAME)
        self._calls = ToolCallDeltas(NAME)
        self._usage = Usage()

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt; 0 until the reply has ended."""
        return self._usage.prompt_tokens

    def feed(self, chunk: Mapping[str, Any]) -> Iterator[ReplyPart]:
        """What is ready. "reasoning_content" is a model's thinking: left out."""
        self._usage = usage_in(chunk) or self._usage
        for choice in chunk.get("choices", ()):
            delta = choice.get("delta") or {}
            self._calls.feed(delta.get("tool_calls") or ())
            text = delta.get("content") or ""
            self.text += text
            yield from self._parser.feed(text)

    def finish(self) -> Iterator[ReplyPart]:
        """The rest: held-back text, the calls, the usage."""
        yield from self._parser.finish()
        yield from self._calls.finish()
        cached = self._usage.cached_tokens if self._cached_tokens is None else self._cached_tokens
        yield replace(self._usage, cached_tokens=cached)


def usage_in(chunk: Mapping[str, Any]) -> Usage | None:
    """What a chunk says about cost; most say nothing. A chunk that is an error is raised."""
    if "error" in chunk:
        raise _failure(chunk["error"])
    usage = chunk.get("usage")
    if not usage:
        return None
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return Usage(usage["prompt_tokens"], usage["completion_tokens"], cached)


def _failure(error: Mapping[str, Any]) -> ProviderError:
    if error.get("type") == "exceed_context_size_error":
        return too_long(int(error.get("n_ctx", 0)))
    return ProviderBroken(f"llama.cpp failed: {error.get('message', error)}", provider=NAME)
