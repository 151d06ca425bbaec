"""One reply on its way out: text as it is written, clause by clause to the voice, chunk by chunk to the player."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from localvoice.audio.samples import AUDIBLE, Samples, silence
from localvoice.engines import Player, Synthesizer
from localvoice.messages import SpeechChunk, Stage, Turn
from localvoice.session.breath import Breath
from localvoice.streams import close_iterator, read_ahead
from localvoice.text.clauses import clauses
from localvoice.text.ledger import SpokenLedger

_CLAUSES_AHEAD, _CLAUSE_S = 2, 1.5
"""Synthesised before the player asks: one clause ready, one in the making, or parts that sound as long."""

_PARTS_AHEAD = 32
"""Pieces of text, tokens mostly, written before the voice asks: a sentence or two. A slow model so writes its second
sentence while the first one is spoken, or waits for the turn to end; more would be thrown away."""

_ANSWERED_WITHIN_S, _ANSWERED_EARLY_S = 1.5, 0.5
"""A sound so long behind the end of a question, or so short before it, may be its answer: answers come 0-300 ms behind
a question in conversation (Stivers et al. 2009), and the first words of the next sentence may have begun."""

_BACK_S = 0.6
"""How far a resume may go back to the beginning of a word; the longest word heard in our voices is shorter."""


class Reporter(Protocol):
    """Who is told what becomes of a reply."""

    def now_s(self) -> float:
        """Capture clock."""

    async def turn_over(self) -> None:
        """Wait until the user's turn is over."""

    async def floor(self) -> None:
        """Wait until the reply may be heard."""

    def reply_started(self, turn: Turn) -> None:
        """The first sample is about to be handed over."""

    def sentence(self, text: str) -> None:
        """The first sample of `text` was handed over (or it was printed)."""

    def first_audio(self, turn: Turn) -> None:
        """The first audible sample sounds; its time stands in `turn.times`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a reply came to when it was cut."""

    heard: str
    unsaid: str
    silent_at_s: float | None
    """When its last audible sample sounds; None where nothing had been handed to a player."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a reply is saying at the moment."""

    words: str
    """Within a second, as written."""
    has_asked: bool
    """It has just come to the end of a question."""
    heard: str
    """All that has sounded of it, as written."""


class Reply(Protocol):
    """A reply that can be said and cut."""

    async def say(self, text: AsyncIterator[str]) -> None:
        """Say the text to its end. Cancelling stops the engines; the sound is stopped by `cut`."""

    async def end_with(self, phrase: SpeechChunk) -> None:
        """Say `phrase` instead of whatever has not been handed over yet, to its end."""

    def hold(self, duck_db: float | None) -> None:
        """Pause, or lower by `duck_db`."""

    def moment(self) -> Moment:
        """What it is saying."""

    def release(self) -> None:
        """Go on at full level, from the beginning of the interrupted word."""

    def cut(self) -> Cut:
        """Stop the sound now."""


async def written(turn: Turn, text: AsyncIterator[str], now_s: Callable[[], float]) -> AsyncIterator[str]:
    """`text`; what there is of it so far stands in the turn."""
    try:
        async for part in text:
            if part:
                turn.times.setdefault(Stage.FIRST_TOKEN, now_s())
            turn.reply_text += part
            yield part
    finally:
        await close_iterator(text)


async def clauses_of(turn: Turn, text: AsyncIterator[str], reporter: Reporter) -> AsyncIterator[str]:
    """The clauses of `text`: the first one as soon as it is there, the rest once the user's turn is over."""
    parts = clauses(text)
    try:
        async for clause in parts:
            turn.times.setdefault(Stage.FIRST_SENTENCE, reporter.now_s())
            turn.characters += len(clause)
            yield clause
            await reporter.turn_over()
    finally:
        await close_iterator(parts)


def _clauses_in(chunk: SpeechChunk) -> float:
    return 1.0 if chunk.clause is None else min(1.0, chunk.duration_s / _CLAUSE_S)


class SpokenReply:
    """A reply through a synthesiser and a player."""

    def __init__(
        self, turn: Turn, player: Player, synthesizer: Synthesizer, volume: float, reporter: Reporter, breath: Breath
    ) -> None:
        self._turn = turn
        self._player = player
        self._synthesizer = synthesizer
        self._volume = volume
        self._reporter = reporter
        self._breath = breath
        self._ledger = SpokenLedger()
        self._end_frame = 0
        self._audible_to = 0
        """Behind the last frame that can be heard."""

    async def say(self, text: AsyncIterator[str]) -> None:
        """Say the text to its end."""
        told = written(self._turn, text, self._reporter.now_s)
        async with (
            read_ahead(told, _PARTS_AHEAD) as parts,
            read_ahead(self._spoken(parts), _CLAUSES_AHEAD, _clauses_in) as chunks,
        ):
            async for chunk in chunks:
                await self.play(chunk)
        await self.finish()

    async def _spoken(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        clauses_ready = clauses_of(self._turn, text, self._reporter)
        chunks = self._synthesizer.synthesize(clauses_ready)
        try:
            async for chunk in chunks:
                if len(chunk.samples):
                    self._turn.times.setdefault(Stage.FIRST_SPEECH, self._reporter.now_s())
                yield chunk
        finally:
            await close_iterator(chunks)
            await close_iterator(clauses_ready)

    async def play(self, chunk: SpeechChunk) -> None:
        """Hand one chunk to the player and report it."""
        if not len(chunk.samples):
            self._ledger.add(chunk, self._end_frame, self._player.rate_hz)
            return
        await self._start()
        start = self._end_frame
        chunk = replace(chunk, samples=chunk.samples * np.float32(self._volume))
        self._end_frame = await self._player.write(self._turn.id, chunk)
        audible = np.flatnonzero(np.abs(chunk.samples) > AUDIBLE)
        if len(audible):
            self._audible_to = start + int(audible[-1] + 1) * self._player.rate_hz // chunk.rate_hz
        self._ledger.add(chunk, start, self._player.rate_hz)
        self._reporter.sentence((chunk.text if chunk.clause is None else chunk.clause).strip())
        if Stage.FIRST_AUDIO not in self._turn.times:
            await self._first_audio(chunk, start)

    async def _start(self) -> None:
        if Stage.REPLY_STARTED in self._turn.times:
            return
        await self._reporter.floor()
        self._turn.times.setdefault(Stage.FIRST_SPEECH, self._reporter.now_s())
        await self._breath.over()
        self._player.begin(self._turn.id)
        self._reporter.reply_started(self._turn)

    async def _first_audio(self, chunk: SpeechChunk, start: int) -> None:
        """Wait for it before anything else is handed over, so that it stands behind the first sentence only."""
        audible = first_audible(chunk.samples)
        if audible is None:
            return
        frame = start + audible * self._player.rate_hz // chunk.rate_hz
        self._turn.times[Stage.FIRST_AUDIO] = await self._player.reached(self._turn.id, frame)
        self._reporter.first_audio(self._turn)

    async def finish(self) -> None:
        """Wait for the last sample that can be heard: who speaks in the silence behind it interrupts nothing."""
        await self._start()
        if self._audible_to:
            await self._player.reached(self._turn.id, self._audible_to - 1)
            self._breath.follows(partial(self._player.drain, self._turn.id))
        elif self._end_frame:
            await self._player.drain(self._turn.id)

    async def end_with(self, phrase: SpeechChunk) -> None:
        """Say `phrase`, as far as it has a sound, instead of the rest."""
        self._turn.reply_text = self._ledger.text
        gap = SpeechChunk(" ", silence(0), phrase.rate_hz)
        parts = (gap, phrase) if self._ledger.text else (phrase,)
        for part in parts if len(phrase.samples) else ():
            self._turn.reply_text += part.text
            await self.play(part)
        await self.finish()

    def hold(self, duck_db: float | None) -> None:
        """Pause, or lower by `duck_db`."""
        if duck_db is None:
            self._player.pause()
        else:
            self._player.duck(-duck_db, 10.0)

    def moment(self) -> Moment:
        """What it is saying."""
        at, second = self._player.position().frames, self._player.rate_hz
        asked = self._ledger.asks_between(at - int(_ANSWERED_WITHIN_S * second), at + int(_ANSWERED_EARLY_S * second))
        return Moment(self._ledger.said_between(at - second, at + second), asked, self._ledger.heard(at))

    def release(self) -> None:
        """Go on at full level, from the beginning of the interrupted word."""
        frames = self._player.position().frames
        self._player.resume(self._ledger.word_edge_before(frames, int(_BACK_S * self._player.rate_hz)))

    def cut(self) -> Cut:
        """Stop the sound now."""
        self._breath.drop()
        position = self._player.cut() if Stage.REPLY_STARTED in self._turn.times else None
        frames = position.frames if position is not None and Stage.FIRST_AUDIO in self._turn.times else 0
        heard, unsaid = self._ledger.split(self._turn.reply_text, frames) if frames else ("", self._turn.reply_text)
        return Cut(heard, unsaid, None if position is None else position.silent_at_s)


class PrintedReply:
    """A reply without a voice: what is printed counts as heard."""

    def __init__(self, turn: Turn, reporter: Reporter) -> None:
        self._turn = turn
        self._reporter = reporter
        self._printed = ""

    async def say(self, text: AsyncIterator[str]) -> None:
        """Report the text clause by clause to its end."""
        parts = written(self._turn, text, self._reporter.now_s)
        async for clause in clauses_of(self._turn, parts, self._reporter):
            await self._reporter.floor()
            if Stage.REPLY_STARTED not in self._turn.times:
                self._reporter.reply_started(self._turn)
            self._printed += clause
            self._reporter.sentence(clause.strip())
        await self._reporter.floor()
        if Stage.REPLY_STARTED not in self._turn.times:
            self._reporter.reply_started(self._turn)

    async def end_with(self, phrase: SpeechChunk) -> None:
        """Report `phrase` instead of the rest."""
        self._turn.reply_text = self._printed

        async def rest() -> AsyncIterator[str]:
            yield f" {phrase.text}" if self._printed else phrase.text

        await self.say(rest())

    def hold(self, duck_db: float | None) -> None:
        """Nothing sounds."""

    def moment(self) -> Moment:
        """Nothing sounds; what was printed may have asked."""
        return Moment("", self._printed.rstrip().endswith("?"), self._printed)

    def release(self) -> None:
        """Nothing sounds."""

    def cut(self) -> Cut:
        """What was printed was heard."""
        text = self._turn.reply_text
        return Cut(text[: len(self._printed)], text[len(self._printed) :], None)


def first_audible(samples: Samples) -> int | None:
    """Index of the first sample above -50 dBFS, None where there is none."""
    audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
    return int(audible[0]) if len(audible) else None
