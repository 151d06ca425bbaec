"""Engines in order of preference behind the protocol of one: when one fails, the next does the work.

Rule of this file: nothing is said twice and nothing is lost at the change; who is in use is `ranks.py`'s business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any

from localvoice.engines import ChatModel, ReplyPart
from localvoice.errors import AllProvidersFailed, ProviderError, RequestFailed
from localvoice.fallback_hearing import FallbackRecognizer, keep_to_budget
from localvoice.fallback_speaking import FallbackSynthesizer
from localvoice.messages import Message, Role, ToolCall, ToolSpec, Usage
from localvoice.prices import CostMeter
from localvoice.ranks import Checked, Ranks, Retry, Told, patience
from localvoice.streams import close_iterator
from localvoice.text.handover import Continuation, WholeWords

__all__ = ["FallbackChatModel", "FallbackRecognizer", "FallbackSynthesizer", "watches"]

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
        unreachable: Mapping[str, ProviderError] | None = None,
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
                rest = writing.finish()
                _check_answer(engine, history, (said, *rest))
                for part in rest:
                    self.author = engine.name
                    yield part
                self._ranks.worked(engine)
                return
            except ProviderError as error:
                failed = error.engine or engine
                if _is_spared(failed, error, can_be_followed=can_be_followed):
                    passed[failed] = error
                elif not (not writing.has_begun and retry.may(failed, error)):
                    self._ranks.demote(failed, error)
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


def _check_answer(engine: ChatModel, history: Sequence[Message], parts: Sequence[ReplyPart]) -> None:
    """Raises `RequestFailed` where a model has said and done nothing; behind a tool the tool has answered."""
    is_answer = any(bool(part.strip()) if isinstance(part, str) else isinstance(part, ToolCall) for part in parts)
    if not is_answer and not any(message.role is Role.TOOL for message in history[-1:]):
        raise RequestFailed(f"{engine.name} answered nothing", provider=engine.name)


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
