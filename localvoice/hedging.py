"""An engine of this machine that starts beside a service which keeps the user waiting: whoever is first does the work.

Rule of this file: a service that fails is `fallback.py`'s business; here nobody has failed, somebody was late.
"""

from __future__ import annotations

import asyncio
import math
import statistics
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from localvoice.audio.samples import Samples
from localvoice.beside import first_success, start, stop
from localvoice.config import EnginesConfig
from localvoice.engine_names import STARTERS
from localvoice.engines import ChatModel, Recognizer, ReplyPart, StreamingRecognizer, Synthesizer
from localvoice.errors import ProviderError, RequestFailed
from localvoice.messages import Message, Partial, SpeechChunk, ToolCall, ToolSpec, Transcript
from localvoice.prices import is_paid
from localvoice.ranks import Checked, Told
from localvoice.streams import Resumable, close_iterator

R = TypeVar("R")

_REMEMBERED = 20
"""Answers of the local engine that its usual time is taken from."""


def hedged(stage: str, engines: Sequence[Any], config: EnginesConfig, told: Told) -> tuple[Any, ...]:
    """`engines`, those services that may be overtaken with the first full engine of this machine behind them beside."""
    locals_ = [at for at, one in enumerate(engines) if not isinstance(one, Checked) and one.name != STARTERS[stage]]
    if config.hedge == "off" or not locals_:
        return tuple(engines)
    local, made = engines[locals_[0]], list(engines)
    for at, engine in enumerate(engines[: locals_[0]]):
        if config.hedge == "all" or not is_paid(engine):
            made[at] = _KINDS[stage](engine, local, Hedge(stage, config.hedge_after_ms / 1000, told))
    return tuple(made)


class Hedge:
    """When the other engine starts, and who did the work last."""

    def __init__(self, stage: str, after_s: float, told: Told) -> None:
        self._stage = stage
        self._after_s = after_s
        self._told = told
        self._took_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._is_overtaken = False
        self._sits_out = 0.0
        """Calls that the other engine is left out of."""

    @property
    def delay_s(self) -> float:
        """Not before the other engine would usually have answered by itself: the service is not slower than it then."""
        usual_s = statistics.median(self._took_s) if self._took_s else 0.0
        return max(self._after_s, usual_s)

    async def race(
        self, engines: tuple[Any, Any], first: Coroutine[Any, Any, R], other: Callable[[], Coroutine[Any, Any, R]]
    ) -> tuple[R, bool]:
        """The result that comes first, and whether it is the `other`'s; whoever is late is cancelled.

        Raises:
            ProviderError: that of `first`, where both fail or `other` has not begun.
        """
        if self._sits_out:
            self._sits_out -= 1
            return await self._in_time(engines, first), False
        delay_s, one = self.delay_s, start(first)
        try:
            await asyncio.wait({one}, timeout=delay_s)
            if one.done():
                return await self._in_time(engines, one), False
            two = start(self._timed(other()))
            try:
                if await first_success(one, two) is one:
                    return await self._in_time(engines, one), False
            finally:
                await stop(two)
        finally:
            await stop(one)
        if not self._is_overtaken:
            self._is_overtaken = True
            reason = f"{engines[0].name} had not answered after {delay_s * 1000:.0f} ms"
            self._told(self._stage, engines[0].name, engines[1].name, reason)
        return two.result(), True

    def broke_off(self, engines: tuple[Any, Any], error: ProviderError) -> None:
        """The other engine failed in the middle of its work: the service goes on, and is not raced by who is out."""
        error.engine = engines[1]
        self._sits_out = 1 if isinstance(error, RequestFailed) else math.inf
        self._is_overtaken = False
        self._told(self._stage, engines[1].name, engines[0].name, str(error))

    async def _in_time(self, engines: tuple[Any, Any], one: Awaitable[R]) -> R:
        result = await one
        if self._is_overtaken:
            self._is_overtaken = False
            self._told(self._stage, engines[1].name, engines[0].name, "it answers in time again")
        return result

    async def _timed(self, work: Awaitable[R]) -> R:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        result = await work
        self._took_s.append(loop.time() - began_s)
        return result


class _Hedged:
    """What all of them have: to everybody else it is the service, under the name of who did the work last."""

    def __init__(self, service: Any, local: Any, hedge: Hedge) -> None:
        self.is_remote = getattr(service, "is_remote", False)
        self._service = service
        self._local = local
        self._hedge = hedge
        self._worker = service
        self.billed_as = str(service.name)
        """Who is paid, whoever was faster: the service was asked in any case."""

    @property
    def name(self) -> str:
        """Of the engine that did the work last."""
        return str(self._worker.name)

    @property
    def model(self) -> str:
        """The service's."""
        return str(getattr(self._service, "model", ""))

    async def check(self) -> None:
        """See `ranks.Checked`."""
        self._worker = self._service
        await self._service.check()

    def close(self) -> None:
        """Free the service; the other engine has a place of its own."""
        self._service.close()

    async def _raced(
        self, first: Coroutine[Any, Any, R], other: Callable[[], Coroutine[Any, Any, R]]
    ) -> tuple[R, bool]:
        self._worker = self._service
        result, is_other = await self._hedge.race((self._service, self._local), first, other)
        self._worker = self._local if is_other else self._service
        return result, is_other

    async def _further(self, rest: AsyncIterator[R], *, is_other: bool) -> R | None:
        """The next part of who was first; None behind the last."""
        try:
            return await anext(rest, None)
        except ProviderError as error:
            if is_other and error.provider == self._local.name:  # the text of a voice may fail as well
                self._worker = self._service
                self._hedge.broke_off((self._service, self._local), error)
            raise


class HedgedRecognizer(_Hedged):
    """`engines.Recognizer`."""

    async def transcribe(self, samples: Samples) -> Transcript:
        """See `Recognizer.transcribe`."""
        service: Recognizer = self._service
        local: Recognizer = self._local
        transcript, _ = await self._raced(_call(service.transcribe(samples)), lambda: _call(local.transcribe(samples)))
        return transcript


class HedgedStreamingRecognizer(HedgedRecognizer):
    """`engines.StreamingRecognizer`: one that listens along is not overtaken, its words are there."""

    def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """See `StreamingRecognizer.stream`."""
        self._worker = self._service
        partials: AsyncIterator[Partial] = self._service.stream(blocks)
        return partials


def _recognizer(service: Recognizer, local: Recognizer, hedge: Hedge) -> HedgedRecognizer:
    kind = HedgedStreamingRecognizer if isinstance(service, StreamingRecognizer) else HedgedRecognizer
    return kind(service, local, hedge)


async def _begun(parts: AsyncIterator[ReplyPart], name: str) -> ReplyPart | None:
    """The first part that says or does something: who answers nothing overtakes nobody."""
    async for part in parts:
        if part.strip() if isinstance(part, str) else isinstance(part, ToolCall):
            return part
    raise RequestFailed(f"{name} answered nothing", provider=name)


class HedgedChatModel(_Hedged):
    """`engines.ChatModel`: the first part of a reply decides."""

    async def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """See `ChatModel.reply`."""
        service: ChatModel = self._service
        local: ChatModel = self._local
        ours, theirs = service.reply(history, tools), local.reply(history, tools)
        try:
            part, is_other = await self._raced(_call(anext(ours, None)), lambda: _begun(theirs, local.name))
            rest = theirs if is_other else ours
            await close_iterator(ours if is_other else theirs)
            while part is not None:
                yield part
                part = await self._further(rest, is_other=is_other)
        finally:
            await close_iterator(ours)
            await close_iterator(theirs)

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """See `ChatModel.prefill`: the service's connection; the other engine costs nothing until it starts."""
        await self._service.prefill(history, tools)


class HedgedSynthesizer(_Hedged):
    """`engines.Synthesizer`: the first chunk of a reply decides."""

    @property
    def rate(self) -> float:
        """Pace of both."""
        return float(self._service.rate)

    @rate.setter
    def rate(self, pace: float) -> None:
        self._service.rate = self._local.rate = pace

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """See `Synthesizer.synthesize`. What the service has read is handed to the other engine as well."""
        service: Synthesizer = self._service
        local: Synthesizer = self._local
        script = _Script(Resumable(text))
        ours, theirs = service.synthesize(script.read()), local.synthesize(script.read_behind())
        try:
            await script.begin()  # a text that is not there yet is not the service's delay
            chunk, is_other = await self._raced(_call(anext(ours, None)), lambda: _call(anext(theirs, None)))
            await close_iterator(ours if is_other else theirs)
            script.has_one_reader.set()
            rest = theirs if is_other else ours
            while chunk is not None:
                yield chunk
                chunk = await self._further(rest, is_other=is_other)
        finally:
            await close_iterator(ours)
            await close_iterator(theirs)
            await script.clauses.close()


class _Script:
    """The clauses of a reply for two readers, of whom one goes on alone."""

    def __init__(self, clauses: Resumable[str]) -> None:
        self.clauses = clauses
        self._seen: list[str] = []
        self.has_one_reader = asyncio.Event()

    async def begin(self) -> None:
        """Wait for the first clause, or the end of a text without any."""
        async for clause in self.clauses:
            self._seen.append(clause)
            return

    async def read(self) -> AsyncIterator[str]:
        """All of them, as they come."""
        for clause in list(self._seen):
            yield clause
        async for clause in self.clauses:
            self._seen.append(clause)
            yield clause

    async def read_behind(self) -> AsyncIterator[str]:
        """What the other reader has seen by now and, once that one has left, all the rest."""
        seen = list(self._seen)
        for clause in seen:
            yield clause
        await self.has_one_reader.wait()
        for clause in self._seen[len(seen) :]:
            yield clause
        async for clause in self.clauses:
            yield clause


_KINDS: dict[str, Callable[[Any, Any, Hedge], Any]] = {
    "stt": _recognizer,
    "llm": HedgedChatModel,
    "tts": HedgedSynthesizer,
}


async def _call(work: Awaitable[R]) -> R:
    return await work
