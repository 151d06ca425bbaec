"""Words while one speaks, from a recogniser of whole utterances: the growing turn is read again and again.

Rule of this file: one reading at a time. How often is decided by what a reading costs on this machine; a machine that
cannot afford it reads at pauses and at the end only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from localvoice import beside
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.messages import Partial, Transcript
from localvoice.stt.agreement import Agreement
from localvoice.stt.growing_sound import GrowingSound

Read = Callable[[Samples], Awaitable[Transcript]]

_EDGE = silence(SPEECH_RATE_HZ // 10)
"""Put behind the sound: recognisers lose a word that touches its end."""

_EDGE_S = 0.1
"""A word that ends so close to the end of the sound of a reading may lack its last consonant."""

_LONGEST_PASS_S = 0.3
"""Where a reading takes longer, none is made while speech goes on: one that is under way when the user stops cannot be
broken off, and the one that counts waits for it. At nearly this length words come 0.13 s later in 5 of 100 turns, and
at the same time in half of them (docs/partials.md)."""

_SHARE = 0.4
"""Of the time in which the recogniser may be busy while speech goes on: the rest is for the sound, the language model
that reads the words, and whoever speaks."""

_LEAST_NEW_S = 0.5
"""Sound between two readings at least: one or two words."""

_CUT_FROM_S = 12.0
"""Length from which on a pause ends a stretch: its words stand, and later readings begin behind it. Whisper sees 30 s,
and gets slower and loops on long windows."""

_LONGEST_S = 24.0
"""A stretch without any pause is cut at its quietest place."""


class Pace:
    """What a reading costs here: kept from turn to turn. Used from one event loop."""

    def __init__(self, pass_s: float) -> None:
        """`pass_s`: what the first one took."""
        self.pass_s = pass_s

    def took(self, seconds: float) -> None:
        """A reading has taken so long, waiting for others included."""
        self.pass_s += 0.5 * (seconds - self.pass_s)

    @property
    def interval_s(self) -> float | None:
        """Sound after which a growing turn is read again; None: not while speech goes on."""
        if self.pass_s > _LONGEST_PASS_S:
            return None
        return max(_LEAST_NEW_S, self.pass_s / _SHARE)


@dataclass(slots=True)
class _Reading:
    """A stretch of sound being read."""

    task: asyncio.Task[Transcript]
    until: int
    """Samples of the turn."""
    began_s: float
    is_asked: bool
    """The user paused, or has finished: these are the words."""
    ends_stretch: bool


class Rereader:
    """One turn."""

    def __init__(self, read: Read, pace: Pace) -> None:
        self._read = read
        self._pace = pace
        self._sound = GrowingSound()
        self._agreement = Agreement()
        self._reading: _Reading | None = None
        self._read_until = -1
        """Samples whose words are known; negative: nothing has been read."""
        self._last = Transcript("", "", "")
        self._is_asked = False

    async def partials(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """See `StreamingRecognizer.stream`. Raises as reading does; closing leaves a reading to its engine."""
        block: asyncio.Task[Samples | None] | None = beside.start(_next(blocks))
        try:
            while block is not None or self._reading is not None:
                await asyncio.wait(self._tasks(block), return_when=asyncio.FIRST_COMPLETED)
                if self._reading is not None and self._reading.task.done():
                    yield self._take(self._reading)
                if block is not None and block.done():
                    block = self._hear(block.result(), blocks)
                if self._reading is None and (settled := self._go_on(is_over=block is None)) is not None:
                    yield settled
            yield self._partial(is_final=True)
        finally:
            for task in self._tasks(block):
                await beside.stop(task)

    def _tasks(self, block: asyncio.Task[Samples | None] | None) -> list[asyncio.Task[Any]]:
        reading = None if self._reading is None else self._reading.task
        return [task for task in (block, reading) if task is not None]

    def _hear(self, block: Samples | None, blocks: AsyncIterator[Samples]) -> asyncio.Task[Samples | None] | None:
        if block is None:
            return None
        if len(block):
            self._sound.add(block)
        else:
            self._is_asked = True
        return beside.start(_next(blocks))

    # one reading

    def _go_on(self, *, is_over: bool) -> Partial | None:
        """Begin the next reading if one is due; where the words asked for are known already, these."""
        is_asked = self._is_asked or is_over
        if is_asked and not self._sound.has_speech_after(self._read_until):
            self._is_asked = False
            return None if is_over else self._partial(settled_s=self._sound.end / SPEECH_RATE_HZ)
        if is_asked or self._is_due():
            self._begin(is_asked=is_asked, is_over=is_over)
        return None

    def _begin(self, *, is_asked: bool, is_over: bool) -> None:
        sound = self._sound
        is_long = sound.seconds > _LONGEST_S
        until = sound.quietest(_LONGEST_S / 2) if is_long else sound.end_of_speech
        self._reading = _Reading(
            beside.start(_transcribed(self._read, np.concatenate((sound.until(until), _EDGE)))),
            until=until,
            began_s=asyncio.get_running_loop().time(),
            is_asked=is_asked and not is_long,
            ends_stretch=is_long or (is_asked and not is_over and sound.seconds > _CUT_FROM_S),
        )
        self._is_asked = self._is_asked and is_long

    def _is_due(self) -> bool:
        """Whether there is enough new speech. Not in a dip: it may be a pause, and its reading must not wait."""
        interval_s, sound = self._pace.interval_s, self._sound
        if sound.seconds > _LONGEST_S:
            return True
        if interval_s is None or sound.is_quiet_now or not sound.has_speech_after(self._read_until):
            return False
        return sound.end - max(self._read_until, sound.start) >= interval_s * SPEECH_RATE_HZ

    def _take(self, reading: _Reading) -> Partial:
        self._reading = None
        transcript = self._last = reading.task.result()
        self._pace.took(asyncio.get_running_loop().time() - reading.began_s)
        self._read_until = reading.until
        if reading.ends_stretch:
            self._agreement.close(transcript.text)
            self._sound.drop(reading.until)
        else:
            self._agreement.take(transcript.text)
        settled_s = reading.until / SPEECH_RATE_HZ - (0.0 if reading.is_asked else _EDGE_S)
        if reading.is_asked and not self._sound.has_speech_after(reading.until):
            settled_s = self._sound.end / SPEECH_RATE_HZ
        return self._partial(settled_s=max(0.0, settled_s))

    def _partial(self, *, settled_s: float | None = None, is_final: bool = False) -> Partial:
        agreement, last = self._agreement, self._last
        stable = agreement.text if is_final else agreement.stable
        is_rejected = last.rejected and not agreement.has_closed
        return Partial(agreement.text, stable, is_final, settled_s, None, last.language, is_rejected, last.confidence)


async def _next(blocks: AsyncIterator[Samples]) -> Samples | None:
    return await anext(blocks, None)


async def _transcribed(read: Read, sound: Samples) -> Transcript:
    return await read(sound)
