"""Recognisers in order of preference behind the protocol of one: when one fails, the next hears the same sound.

Rule of this file: no word that was told is taken back. A stream that fails before it told any is begun again with the
sound so far; after that the caller has the turn's sound, and asks for all of its words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.engines import BreaksOff, Prompted, Recognizer, StreamingRecognizer
from localvoice.errors import ProviderError
from localvoice.messages import Partial, Transcript
from localvoice.prices import CostMeter, is_paid
from localvoice.ranks import Ranks, Retry, Told, patience
from localvoice.streams import Resumable, close_iterator
from localvoice.text.corrections import Corrections

_AS_HEARD = Corrections()


def keep_to_budget(ranks: Ranks[Any], meter: CostMeter) -> None:
    """Once it is spent, engines that cost money do no more."""
    if meter.spent:
        ranks.retire(is_paid, meter.spent)


class FallbackRecognizer:
    """Recognisers in order of preference."""

    def __init__(
        self,
        engines: Sequence[Recognizer],
        told: Told,
        unreachable: Mapping[str, ProviderError] | None = None,
        meter: CostMeter | None = None,
        corrections: Corrections = _AS_HEARD,
    ) -> None:
        self._meter = meter or CostMeter()
        self._corrections = corrections
        self._ranks: Ranks[Recognizer] = Ranks("stt", engines, told, unreachable)
        self.keep_watch = self._ranks.keep_watch
        self.prefer = self._ranks.prefer
        self._prompt = ""
        self.author = ""
        """Who told the last words of a stream."""

    @property
    def name(self) -> str:
        """Of the engine in use."""
        return self._ranks.first.name

    @property
    def prompt(self) -> str:
        """See `Prompted`: all of them are told that want to know."""
        return self._prompt

    @prompt.setter
    def prompt(self, said: str) -> None:
        self._prompt = said
        for engine in self._ranks.all():
            if isinstance(engine, Prompted):
                engine.prompt = said

    @property
    def breaks_off(self) -> bool:
        """See `BreaksOff`: of the engine in use."""
        first = self._ranks.first
        return isinstance(first, BreaksOff) and first.breaks_off

    async def transcribe(self, samples: Samples) -> Transcript:
        """The words of one utterance."""
        keep_to_budget(self._ranks, self._meter)
        return await self._ranks.attempt(lambda engine: self._transcribed(engine, samples))

    async def _transcribed(self, engine: Recognizer, samples: Samples) -> Transcript:
        async with patience(self._ranks, engine):
            transcript = await engine.transcribe(samples)
        self._meter.heard(engine, len(samples) / SPEECH_RATE_HZ)
        return self._corrections.transcript(transcript)

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """The words of one turn while it is spoken; nothing at all where the engine in use cannot hear along.

        Raises:
            ProviderError: the stream failed after words of it were told. Its engine is out, and the next one is in use.
        """
        keep_to_budget(self._ranks, self._meter)
        kept, retry = _Kept(blocks), Retry()
        try:
            while isinstance(engine := self._ranks.first, StreamingRecognizer):
                sound = _Again(kept)
                partials = engine.stream(sound)
                try:
                    async for partial in partials:
                        kept.forget()
                        self.author = engine.name
                        yield self._corrections.partial(partial)
                    self._ranks.worked(engine)
                    return
                except ProviderError as error:
                    if kept.is_forgotten or not retry.may(engine, error):
                        self._ranks.demote(engine, error)
                    if kept.is_forgotten:
                        raise
                finally:
                    await close_iterator(partials)
                    self._meter.heard(engine, sound.seconds)
        finally:
            await kept.blocks.close()

    def close(self) -> None:
        """Free all models."""
        self._ranks.close()


class _Kept:
    """The sound of a turn as far as it has come, while it may be needed from its beginning."""

    def __init__(self, blocks: AsyncIterator[Samples]) -> None:
        self.blocks = Resumable(blocks)
        self.so_far: list[Samples] = []
        self.is_forgotten = False

    def forget(self) -> None:
        """It is not needed from its beginning any more."""
        self.is_forgotten = True
        self.so_far.clear()


class _Again:
    """The sound of a turn from its beginning, for one engine, and how much of it that took."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept
        self._before = list(kept.so_far)
        self.seconds = 0.0

    def __aiter__(self) -> _Again:
        return self

    async def __anext__(self) -> Samples:
        block = self._before.pop(0) if self._before else await self._next()
        self.seconds += len(block) / SPEECH_RATE_HZ
        return block

    async def _next(self) -> Samples:
        block = await anext(self._kept.blocks)
        if len(block) and not self._kept.is_forgotten:
            self._kept.so_far.append(block.copy())
        return block
