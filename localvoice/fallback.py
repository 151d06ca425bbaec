"""Engines in order of preference behind the protocol of one: when one fails, the next does the work.

Rule of this file: an engine that has failed stays out for the rest of the session; the change is told once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from localvoice.audio.samples import Samples
from localvoice.engines import ChatModel, Recognizer, ReplyPart, Synthesizer
from localvoice.errors import AllProvidersFailed, ProviderError
from localvoice.messages import Message, SpeechChunk, ToolSpec, Transcript
from localvoice.streams import close_iterator


class Engine(Protocol):
    """What every engine has."""

    @property
    def name(self) -> str:
        """As in the flags."""

    def close(self) -> None:
        """Free the model."""


E = TypeVar("E", bound=Engine)
R = TypeVar("R")

Told = Callable[[str, str, str, str], None]
"""Called with stage, old engine, new engine and reason."""


class _Ranks(Generic[E]):
    """The engines of one stage that still work, best first."""

    def __init__(self, stage: str, engines: Sequence[E], told: Told) -> None:
        self._stage = stage
        self._left = list(engines)
        self._failed: list[Exception] = []
        self._told = told

    @property
    def first(self) -> E:
        """The engine in use."""
        if not self._left:
            raise AllProvidersFailed(self._stage, self._failed)
        return self._left[0]

    def all(self) -> Sequence[E]:
        """Those that still work."""
        return self._left

    def demote(self, error: ProviderError) -> None:
        """The engine in use has failed. Raises `AllProvidersFailed` when it was the last."""
        if len(self._left) == 1:  # it is tried again with the next turn
            raise AllProvidersFailed(self._stage, [*self._failed, error]) from error
        self._failed.append(error)
        failed = self._left.pop(0)
        self._told(self._stage, failed.name, self._left[0].name, str(error))

    async def attempt(self, call: Callable[[E], Awaitable[R]]) -> R:
        """`call` with the engine in use, or with the next that works."""
        while True:
            try:
                return await call(self.first)
            except ProviderError as error:
                self.demote(error)

    def close(self) -> None:
        """Free all models."""
        for engine in self._left:
            engine.close()


class FallbackRecognizer:
    """Recognisers in order of preference."""

    def __init__(self, engines: Sequence[Recognizer], told: Told) -> None:
        self._ranks: _Ranks[Recognizer] = _Ranks("stt", engines, told)

    @property
    def name(self) -> str:
        """Of the engine in use."""
        return self._ranks.first.name

    async def transcribe(self, samples: Samples) -> Transcript:
        """The words of one utterance."""
        return await self._ranks.attempt(lambda engine: engine.transcribe(samples))

    def close(self) -> None:
        """Free all models."""
        self._ranks.close()


class FallbackChatModel:
    """Chat models in order of preference; the next one is tried only before the first word."""

    def __init__(self, engines: Sequence[ChatModel], told: Told) -> None:
        self._ranks: _Ranks[ChatModel] = _Ranks("llm", engines, told)

    @property
    def name(self) -> str:
        """Of the engine in use."""
        return self._ranks.first.name

    async def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """The answer to `history`."""
        begun = False
        while True:
            parts = self._ranks.first.reply(history, tools)
            try:
                async for part in parts:
                    begun = True
                    yield part
                return
            except ProviderError as error:
                self._ranks.demote(error)
                if begun:
                    raise
            finally:
                await close_iterator(parts)

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Bring `history` into the cache of the engine in use."""
        await self._ranks.first.prefill(history, tools)

    def close(self) -> None:
        """Free all models."""
        self._ranks.close()


class FallbackSynthesizer:
    """Voices in order of preference; a clause that one could not say is said whole by the next."""

    def __init__(self, engines: Sequence[Synthesizer], told: Told) -> None:
        self._ranks: _Ranks[Synthesizer] = _Ranks("tts", engines, told)

    @property
    def name(self) -> str:
        """Of the engine in use."""
        return self._ranks.first.name

    @property
    def rate(self) -> float:
        """Pace of the engine in use."""
        return self._ranks.first.rate

    @rate.setter
    def rate(self, pace: float) -> None:
        for engine in self._ranks.all():
            engine.rate = pace

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """Speech for clauses as they arrive."""
        try:
            async for clause in text:
                for chunk in await self._ranks.attempt(lambda engine, clause=clause: _say(engine, clause)):  # type: ignore[misc]
                    yield chunk
        finally:
            await close_iterator(text)

    def close(self) -> None:
        """Free all models."""
        self._ranks.close()


async def _say(engine: Synthesizer, clause: str) -> list[SpeechChunk]:
    chunks = engine.synthesize(_once(clause))
    try:
        return [chunk async for chunk in chunks]
    finally:
        await close_iterator(chunks)


async def _once(clause: str) -> AsyncIterator[str]:
    yield clause
