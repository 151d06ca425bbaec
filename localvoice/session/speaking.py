"""One reply on its way out: text as it is written, clause by clause to the voice, chunk by chunk to the player."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import numpy as np

from localvoice.audio.samples import first_audible, last_audible, silence
from localvoice.engines import Player, Synthesizer
from localvoice.messages import SpeechChunk, Stage, Turn
from localvoice.session.breath import Breath
from localvoice.session.reply import Cut, Moment, Reporter, clauses_of, written
from localvoice.streams import close_iterator, read_ahead
from localvoice.text.ledger import SpokenLedger

_CLAUSES_AHEAD, _CLAUSE_S = 2, 1.5
"""Synthesised before the player asks: one clause ready, one in the making, or parts that sound as long."""

_PARTS_AHEAD = 32
"""Pieces of text, tokens mostly, written before the voice asks: a sentence or two. A slow model so writes its second
sentence while the first one is spoken, or waits for the turn to end; more would be thrown away."""

_ANSWERED_WITHIN_S, _ANSWERED_EARLY_S = 1.5, 0.5
"""A sound so long behind the end of a question, or so short before it, may be its answer: answers come 0-300 ms behind
a question in conversation (Stivers et al. 2009), and the first words of the next sentence may have begun."""

_RAMP_S = 0.005
"""From a resume to full level: the player's ramp."""

_BACK_S = 0.6
"""How far a resume may go back to the beginning of a word; the longest word heard in our voices is shorter."""


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
        self._is_free = asyncio.Event()
        """Neither paused nor lowered."""
        self._is_free.set()

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
        clause = chunk.text if chunk.clause is None else chunk.clause
        if not len(chunk.samples):
            self._ledger.add(chunk, self._end_frame, self._player.rate_hz)
            self._reporter.unspoken(clause)
            return
        await self._start()
        start = self._end_frame
        chunk = replace(chunk, samples=chunk.samples * np.float32(self._volume))
        self._end_frame = await self._player.write(self._turn.id, chunk)
        last = last_audible(chunk.samples)
        if last is not None:
            self._audible_to = start + (last + 1) * self._player.rate_hz // chunk.rate_hz
        self._ledger.add(chunk, start, self._player.rate_hz)
        self._reporter.sentence(clause)
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
        self._reporter.sentence("")  # what is left without a sound
        if self._audible_to:
            await self._last_sample()
            self._breath.follows(partial(self._player.drain, self._turn.id))
        elif self._end_frame:
            await self._player.drain(self._turn.id)

    async def _last_sample(self) -> None:
        """What sounds over it is decided first: if that was nothing, a word may sound again."""
        while True:
            await self._player.reached(self._turn.id, self._audible_to - 1)
            if self._is_free.is_set():
                return
            await self._is_free.wait()

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
        self._is_free.clear()
        if duck_db is None:
            self._player.pause()
        else:
            self._player.duck(-duck_db, 10.0)

    def moment(self) -> Moment:
        """What it is saying."""
        at, second = self._player.position().frames, self._player.rate_hz
        asked = self._ledger.asks_between(at - int(_ANSWERED_WITHIN_S * second), at + int(_ANSWERED_EARLY_S * second))
        return Moment(self._ledger.said_between(at - second, at + second), asked, self._ledger.heard(at))

    def release(self) -> float:
        """Go on at full level, from the beginning of the interrupted word; in how many seconds that is reached.

        What is left may be shorter than the ramp: what sounded lowered to its end is not followed by full level.
        """
        frames, second = self._player.position().frames, self._player.rate_hz
        edge = self._ledger.word_edge_before(frames, int(_BACK_S * second))
        self._player.resume(edge)
        self._is_free.set()
        return min(_RAMP_S, max(0, self._audible_to - min(edge, frames)) / second)

    def cut(self) -> Cut:
        """Stop the sound now."""
        self._breath.drop()
        position = self._player.cut() if Stage.REPLY_STARTED in self._turn.times else None
        frames = position.frames if position is not None and Stage.FIRST_AUDIO in self._turn.times else 0
        heard, unsaid = self._ledger.split(self._turn.reply_text, frames) if frames else ("", self._turn.reply_text)
        return Cut(heard, unsaid, None if position is None else position.silent_at_s)
