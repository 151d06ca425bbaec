"""Engines without a model. Delays are `asyncio.sleep`s, so that a loop in virtual time runs through them at once.

They obey the contract of `localvoice/engines.py`; the contract tests in tests/engines run over them as well.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.engines import ReplyPart
from localvoice.errors import ProviderBroken
from localvoice.messages import Message, Partial, Role, SpeechChunk, ToolSpec, Transcript, Usage, WordTime

Script = Sequence[str | Exception]
"""One entry per call, the last one again and again; an exception is raised."""


class FakeRecognizer:
    """Hears what the script says, whatever the sound; nothing in silence."""

    def __init__(
        self,
        *texts: str | Exception,
        delay_s: float = 0.0,
        rejected: bool = False,
        confidence: float | None = None,
    ) -> None:
        self.name = "fake-stt"
        self.heard: list[Samples] = []
        """A copy of what each call was given."""
        self.cancelled = 0
        self._script = _Script(texts)
        self._delay_s = delay_s
        self._rejected = rejected
        self._confidence = confidence
        self._is_closed = False

    async def transcribe(self, samples: Samples) -> Transcript:
        _check_open(self.name, is_closed=self._is_closed)
        self.heard.append(samples.copy())
        try:
            await asyncio.sleep(self._delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if not samples.any():
            return Transcript("", "en", self.name)
        text = self._script.next()
        return Transcript(text, "en", self.name, rejected=self._rejected, confidence=self._confidence)

    def close(self) -> None:
        self._is_closed = True


class FakeTurnDetector:
    """Hears what the script says: one probability per pause, the last one again and again."""

    def __init__(self, *likely: float | Exception, delay_s: float = 0.05) -> None:
        self.name = "fake-ear"
        self.heard: list[Samples] = []
        """A copy of what each call was given."""
        self.cancelled = 0
        self._script = _Script(likely)
        self._delay_s = delay_s
        self._is_closed = False

    async def probability(self, turn: Samples) -> float:
        _check_open(self.name, is_closed=self._is_closed)
        self.heard.append(turn.copy())
        likely = self._script.next()
        try:
            await asyncio.sleep(self._delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return likely

    def close(self) -> None:
        self._is_closed = True


class ScriptedStreamingRecognizer(FakeRecognizer):
    """Partials at set times of the audio.

    `partials` are (seconds of audio, text so far, stable beginning); `delay_s` passes before the final one.
    """

    def __init__(self, partials: Sequence[tuple[float, str, str]], *, final: str, delay_s: float = 0.0) -> None:
        super().__init__(final, delay_s=delay_s)
        self.name = "fake-streaming-stt"
        self.blocks = 0
        self._partials = tuple(partials)
        self._final = final

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        _check_open(self.name, is_closed=self._is_closed)
        waiting, frames = list(self._partials), 0
        async for block in blocks:
            self.blocks += 1
            frames += len(block)
            while waiting and waiting[0][0] <= frames / SPEECH_RATE_HZ:
                _, text, stable = waiting.pop(0)
                yield Partial(text, stable)
        await asyncio.sleep(self._delay_s)
        yield Partial(self._final, self._final, is_final=True)


class HearingAlong(FakeRecognizer):
    """Hears words as they are spoken: a script per stream, the last one again and again.

    A script is words with the second of the stream's sound at which each is over. A word is told `lag_s` of sound
    later; with `settles` an empty block and the end of the sound bring all words so far after `delay_s`. An exception
    in a script is raised where it stands. `transcribe` says `whole`.
    """

    def __init__(
        self,
        *streams: Sequence[tuple[float, str | Exception]],
        whole: str | Exception = "read in one go",
        lag_s: float = 0.2,
        delay_s: float = 0.05,
        settles: bool = True,
        end_of_turn: float | None = None,
        confidence: float | None = None,
        name: str = "fake-live-stt",
    ) -> None:
        super().__init__(whole, delay_s=0.05, confidence=confidence)
        self.name = name
        self.streams: list[list[Samples]] = []
        """The blocks that each stream was given."""
        self.stopped = 0
        """Streams closed before their end."""
        self._said = _Script(streams)
        self._lag_s = lag_s
        self._delay_s_final = delay_s
        self._settles = settles
        self._end_of_turn = end_of_turn

    async def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        _check_open(self.name, is_closed=self._is_closed)
        said, given = self._said.next(), []
        self.streams.append(given)
        told, seconds = "", 0.0
        try:
            async for block in blocks:
                given.append(block)
                seconds = sum(map(len, given)) / SPEECH_RATE_HZ
                if self._settles and not len(block):
                    await asyncio.sleep(self._delay_s_final)
                    told = _words_until(said, seconds)
                    yield Partial(told, "", False, seconds, self._end_of_turn, confidence=self._confidence)
                elif (text := _words_until(said, seconds - self._lag_s)) and len(text) > len(told):
                    told = text
                    stable = text.rpartition(" ")[0]
                    yield Partial(text, stable, end_of_turn=self._end_of_turn, confidence=self._confidence)
            await asyncio.sleep(self._delay_s_final)
            text = _words_until(said, seconds)
            yield Partial(text, text, is_final=True, confidence=self._confidence)
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise


def _words_until(said: Sequence[tuple[float, str | Exception]], seconds: float) -> str:
    spoken = [word for at_s, word in said if at_s <= seconds]
    for word in spoken:
        if isinstance(word, Exception):
            raise word
    return " ".join(map(str, spoken))


class FakeChatModel:
    """Writes what the script says, word by word.

    An entry is a text, a sequence of reply parts, an exception, or a function from the history to one of these. Within
    a sequence an exception is raised where it stands: a model that fails midway.
    """

    def __init__(
        self,
        *replies: str | Exception | Sequence[ReplyPart | Exception] | Callable[[Sequence[Message]], str],
        first_token_s: float = 0.0,
        token_s: float = 0.0,
        name: str = "fake-llm",
    ) -> None:
        self.name = name
        self.histories: list[tuple[Message, ...]] = []
        """What each `reply` was given."""
        self.prefilled: list[tuple[Message, ...]] = []
        self.stopped = 0
        """Replies closed before their end."""
        self._script = _Script(replies)
        self._waits_s = (first_token_s, token_s)
        self._is_closed = False

    async def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        _check_open(self.name, is_closed=self._is_closed)
        self.histories.append(tuple(history))
        entry = self._script.next()
        entry = entry(history) if callable(entry) else entry
        parts: Sequence[ReplyPart | Exception] = (
            re.findall(r"\s*\S+\s*$|\s*\S+", entry) if isinstance(entry, str) else entry
        )
        wait_s, token_s = self._waits_s
        try:
            for part in parts:
                await asyncio.sleep(wait_s)
                wait_s = token_s
                if isinstance(part, Exception):
                    raise part
                yield part
            yield Usage(sum(len(message.text.split()) for message in history), len(parts), 0)
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        _check_open(self.name, is_closed=self._is_closed)
        self.prefilled.append(tuple(history))
        await asyncio.sleep(0)

    def close(self) -> None:
        self._is_closed = True


class FakeSynthesizer:
    """A tone of `character_s` per character, one chunk per clause, with the times of its words.

    `delay_s` passes before each chunk. A clause in `fails_at` raises `ProviderBroken`.
    """

    def __init__(
        self,
        *,
        character_s: float = 0.05,
        rate_hz: int = SPEECH_RATE_HZ,
        delay_s: float = 0.0,
        fails_at: Sequence[str] = (),
        name: str = "fake-tts",
    ) -> None:
        self.name = name
        self.rate = 1.0
        self.clauses: list[str] = []
        """What was asked for, in order."""
        self.stopped = 0
        """Calls closed before their end."""
        self._character_frames = round(character_s * rate_hz)
        self._rate_hz = rate_hz
        self._delay_s = delay_s
        self._fails_at = frozenset(fails_at)
        self._is_closed = False

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        _check_open(self.name, is_closed=self._is_closed)
        try:
            async for clause in text:
                self.clauses.append(clause)
                await asyncio.sleep(self._delay_s)
                if clause in self._fails_at:
                    raise ProviderBroken("the fake voice failed", provider=self.name)
                yield self._chunk(clause)
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise

    def close(self) -> None:
        self._is_closed = True

    def _chunk(self, clause: str) -> SpeechChunk:
        frames = len(clause) * self._character_frames if clause.strip() else 0
        seconds = self._character_frames / self._rate_hz
        words = tuple(
            WordTime(word.start(), word.end(), word.start() * seconds, word.end() * seconds)
            for word in re.finditer(r"\S+", clause)
        )
        tone = 0.25 * np.sin(2 * np.pi * 440 / self._rate_hz * np.arange(frames))
        return SpeechChunk(clause, tone.astype(np.float32), self._rate_hz, words)


def user(text: str) -> Message:
    """What the user said."""
    return Message(Role.USER, text)


def assistant(text: str) -> Message:
    """What we said."""
    return Message(Role.ASSISTANT, text)


class _Script:
    def __init__(self, entries: Sequence) -> None:
        if not entries:
            raise ValueError("a script needs an entry")
        self._entries = tuple(entries)
        self._at = 0

    def next(self):
        entry = self._entries[min(self._at, len(self._entries) - 1)]
        self._at += 1
        if isinstance(entry, Exception):
            raise entry
        return entry


def _check_open(name: str, *, is_closed: bool) -> None:
    if is_closed:
        raise ProviderBroken(f"{name} is closed", provider=name)
