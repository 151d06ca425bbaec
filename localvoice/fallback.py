"""Engines in order of preference behind the protocol of one: when one fails, the next does the work.

Rule of this file: nothing is said twice and nothing is lost at the change; who is in use is `ranks.py`'s business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from localvoice.engines import ChatModel, ReplyPart, Synthesizer
from localvoice.errors import AllProvidersFailed, ProviderError, RequestFailed
from localvoice.fallback_hearing import FallbackRecognizer, keep_to_budget
from localvoice.loudness import LoudnessMatch
from localvoice.messages import Message, Role, SpeechChunk, ToolSpec, Usage
from localvoice.prices import CostMeter
from localvoice.ranks import Checked, Ranks, Retry, Told, patience
from localvoice.streams import Resumable, close_iterator
from localvoice.text.handover import Continuation, WholeWords

__all__ = ["FallbackChatModel", "FallbackRecognizer", "FallbackSynthesizer", "watches"]

Unreachable = Mapping[str, ProviderError]

_GO_ON = "You were cut off. Go on exactly behind your last word, without repeating anything."
_STARTER = "skills"
"""The one chat model that cannot go on from another's words."""


def watches(*engines: object) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    """What runs beside a session, so that engines of the classes below that failed come back."""
    return tuple(one.keep_watch for one in engines if hasattr(one, "keep_watch"))


class FallbackChatModel:
    """Chat models in order of preference; the next one goes on where one broke off."""

    def __init__(
        self,
        engines: Sequence[ChatModel],
        told: Told,
        unreachable: Unreachable | None = None,
        meter: CostMeter | None = None,
    ) -> None:
        self._meter = meter or CostMeter()
        self._ranks: Ranks[ChatModel] = Ranks("llm", engines, told, unreachable)
        self._told = told
        self._stand_in = ""
        """Who takes one request in place of the engine in use."""
        self.author = ""
        """Who wrote the last words of a reply."""
        self.keep_watch = self._ranks.keep_watch
        self.prefer = self._ranks.prefer

    @property
    def name(self) -> str:
        """Of the engine in use."""
        return self._ranks.first.name

    async def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """The answer to `history`, as far as one model got and from there by the next."""
        keep_to_budget(self._ranks, self._meter)
        retry, said = Retry(), ""
        passed: dict[ChatModel, ProviderError] = {}
        while True:
            engine, *others = self._able(passed)
            self._tell(engine, passed)
            can_be_followed = any(one.name != _STARTER for one in others)
            writing = _Writing(said, can_be_followed=can_be_followed)
            parts = engine.reply(_continued(history, said), tools)
            try:
                while (part := await self._next(engine, parts, writing)) is not None:
                    if isinstance(part, Usage):
                        self._meter.wrote(engine, part)
                    if text := writing.feed(part):
                        said += text
                        self.author = engine.name
                        yield text
                for rest in writing.finish():
                    self.author = engine.name
                    yield rest
                self._ranks.worked(engine)
                return
            except ProviderError as error:
                if _is_spared(engine, error, can_be_followed=can_be_followed):
                    passed[engine] = error
                elif not (not writing.has_begun and retry.may(engine, error)):
                    self._ranks.demote(engine, error)
                    if said and self._able(passed)[0].name == _STARTER:
                        raise
            finally:
                await close_iterator(parts)

    def _able(self, passed: Mapping[ChatModel, ProviderError]) -> list[ChatModel]:
        """Those that work, best first, but for those that could not answer this request."""
        working = [one for one in (self._ranks.first, *self._ranks.behind()) if one not in passed]
        if not working:
            raise AllProvidersFailed("llm", list(passed.values()))
        return working

    def _tell(self, engine: ChatModel, passed: Mapping[ChatModel, ProviderError]) -> None:
        """Who takes one request may be a service, and that is told; so is who goes on behind it."""
        before, self._stand_in = self._stand_in, engine.name if passed else ""
        if before != self._stand_in and engine.name != (before or self.name):
            reason = str(list(passed.values())[-1]) if passed else "that was for one request"
            self._told("llm", before or self.name, engine.name, reason)

    async def _next(self, engine: ChatModel, parts: AsyncIterator[ReplyPart], writing: _Writing) -> ReplyPart | None:
        """The next part, None behind the last; the first one is not waited for without end."""
        if writing.has_begun:
            return await anext(parts, None)
        async with patience(self._ranks, engine):
            return await anext(parts, None)

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Bring `history` into the cache of the engine in use; a service that cannot be reached is found out here."""
        engine = self._ranks.first
        try:
            await engine.prefill(history, tools)
        except ProviderError as error:
            if not isinstance(engine, Checked):
                raise
            self._ranks.demote(engine, error)

    def close(self) -> None:
        """Free all models."""
        self._ranks.close()


def _is_spared(engine: ChatModel, error: ProviderError, *, can_be_followed: bool) -> bool:
    """Whether only the request is to blame. Raises `error` where nobody else could take it.

    A service is out all the same: it is asked in the background whether it works, a model of this process is not.
    """
    if not isinstance(error, RequestFailed) or isinstance(engine, Checked):
        return False
    if not can_be_followed:
        raise error
    return True


class _Writing:
    """One model's share of a reply. Tool calls and cost are kept to its end: half a share has neither."""

    def __init__(self, said: str, *, can_be_followed: bool) -> None:
        self.has_begun = False
        self._words = WholeWords() if can_be_followed else None
        self._continuation = Continuation(said)
        self._rest: list[ReplyPart] = []

    def feed(self, part: ReplyPart) -> str:
        """What of it can be said."""
        self.has_begun = True
        if not isinstance(part, str):
            self._rest.append(part)
            return ""
        return self._continuation.feed(self._words.feed(part) if self._words else part)

    def finish(self) -> list[ReplyPart]:
        """What was held back."""
        text = self._continuation.feed(self._words.finish() if self._words else "") + self._continuation.finish()
        return [text, *self._rest] if text else self._rest


def _continued(history: Sequence[Message], said: str) -> Sequence[Message]:
    if not said.strip():
        return history
    return [*history, Message(Role.ASSISTANT, said.rstrip()), Message(Role.USER, _GO_ON)]


class FallbackSynthesizer:
    """Voices in order of preference; where one fails the next goes on with the first word that was not spoken."""

    def __init__(
        self,
        engines: Sequence[Synthesizer],
        told: Told,
        unreachable: Unreachable | None = None,
        meter: CostMeter | None = None,
    ) -> None:
        self._meter = meter or CostMeter()
        self._ranks: Ranks[Synthesizer] = Ranks("tts", engines, told, unreachable)
        self._loudness = LoudnessMatch()
        self.keep_watch = self._ranks.keep_watch
        self.prefer = self._ranks.prefer

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
        keep_to_budget(self._ranks, self._meter)
        handed = _Handed(Resumable(text), lambda clause: self._meter.spoke(self._ranks.first, len(clause)))
        retry = Retry()
        try:
            while True:
                engine = self._ranks.first
                chunks = engine.synthesize(handed)
                try:
                    while (chunk := await self._next(engine, chunks, handed)) is not None:
                        yield self._loudness.matched(engine.name, handed.spoken(chunk))
                    self._ranks.worked(engine)
                    return
                except ProviderError as error:
                    if handed.failure is not None:
                        raise
                    if not retry.may(engine, error):
                        self._ranks.demote(engine, error)
                finally:
                    await close_iterator(chunks)
                handed.again()
        finally:
            await handed.clauses.close()

    async def _next(
        self, engine: Synthesizer, chunks: AsyncIterator[SpeechChunk], handed: _Handed
    ) -> SpeechChunk | None:
        """The next chunk, None behind the last; the first one is not waited for without end once its text is there."""
        if handed.has_sounded:
            return await anext(chunks, None)
        async with patience(self._ranks, engine, has_begun=False) as begin:
            handed.heed(begin)
            return await anext(chunks, None)

    def close(self) -> None:
        """Free all models."""
        self._ranks.close()


class _Handed:
    """The clauses of a reply on their way to a voice. What was handed over and not spoken is handed over again."""

    def __init__(self, clauses: Resumable[str], told: Callable[[str], None]) -> None:
        """`told` hears of each text that is handed over."""
        self.clauses = clauses
        self._told = told
        self._heed: Callable[[], None] | None = None
        self.has_sounded = False
        """Whether the voice in use has spoken any of it."""
        self.failure: Exception | None = None
        """Of who writes the text: no voice is to blame for that."""
        self._unspoken = ""
        self._told_ahead = 0
        """Characters of it that belong to a clause whose beginning was spoken: the whole clause was told then."""
        self._again = ""

    def __aiter__(self) -> _Handed:
        return self

    async def __anext__(self) -> str:
        if self._again:
            clause, self._again = self._again, ""
            return self._tell(clause)
        try:
            clause = await anext(self.clauses)
        except StopAsyncIteration:
            raise
        except Exception as error:
            self.failure = error
            raise
        self._unspoken += clause
        return self._tell(clause)

    def _tell(self, clause: str) -> str:
        self._told(clause)
        if self._heed is not None:
            self._heed()
        return clause

    def heed(self, begun: Callable[[], None]) -> None:
        """Call `begun` when the voice is given a text to speak, until it has spoken."""
        self._heed = begun

    def spoken(self, chunk: SpeechChunk) -> SpeechChunk:
        """`chunk`, the next of what was handed over, has its sound; a clause that another voice began is told once."""
        self.has_sounded, self._heed = True, None
        self._unspoken = self._unspoken[len(chunk.text) :]
        told, clause = self._told_ahead, chunk.text if chunk.clause is None else chunk.clause
        self._told_ahead = max(0, max(told, len(clause)) - len(chunk.text))
        return replace(chunk, clause=clause[told:]) if told and clause else chunk

    def again(self) -> None:
        """Another voice goes on with what is left."""
        self._again, self.has_sounded = self._unspoken, False
