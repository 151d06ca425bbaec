"""Voices in order of preference behind the protocol of one: when one fails, the next goes on with the same text.

Rule of this file: a word that has sounded is not said again, and one that has not is not lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from localvoice.engines import Synthesizer
from localvoice.errors import ProviderError
from localvoice.fallback_hearing import keep_to_budget
from localvoice.loudness import LoudnessMatch
from localvoice.messages import SpeechChunk
from localvoice.prices import CostMeter
from localvoice.ranks import Ranks, Retry, Told, patience
from localvoice.streams import Resumable, close_iterator


class FallbackSynthesizer:
    """Voices in order of preference; where one fails the next goes on with the first word that was not spoken."""

    def __init__(
        self,
        engines: Sequence[Synthesizer],
        told: Told,
        unreachable: Mapping[str, ProviderError] | None = None,
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
        handed = _Handed(Resumable(text), lambda clause: self._meter.spoke(engine, len(clause)))
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
                    failed = error.engine or engine
                    if not retry.may(failed, error):
                        self._ranks.demote(failed, error)
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
