"""When the starter recogniser judges what it follows, and what ends a judgement: with a decoder that takes its time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.engines import BreaksOff
from localvoice.messages import Partial
from localvoice.streams import Cancelled
from localvoice.stt import pocketsphinx
from localvoice.stt.belief import Decoding
from localvoice.stt.pocketsphinx import PocketsphinxRecognizer
from tests.waiting import until

BLOCK = 512
GRAMMAR = "#JSGF V1.0;\ngrammar small;\npublic <command> = stop;\n"


class SlowDecoder:
    """Judges when it is let; notes the length of what it judged."""

    breaks_off = True

    def __init__(self, *_: object) -> None:
        self.may_judge = threading.Event()
        self.judged: list[int] = []
        self.asked = self.broken_off = 0

    def judge(self, sound: bytes, check) -> tuple[Decoding, Decoding]:
        self.asked += 1
        try:
            while not self.may_judge.wait(0.001):
                check()
        except Cancelled:
            self.broken_off += 1
            raise
        self.judged.append(len(sound))
        heard = Decoding("stop", -1.0, 50)
        return heard, heard

    def follow(self) -> None:
        pass

    def hear(self, sound: bytes) -> None:
        pass

    def words(self) -> str:
        return "st"

    def close(self) -> None:
        pass


@pytest.fixture
def decoder(monkeypatch):
    made = SlowDecoder()
    monkeypatch.setattr(pocketsphinx, "open_library", object)
    monkeypatch.setattr(pocketsphinx, "LibraryDecoder", lambda *_: made)
    return made


@pytest.fixture
def recognizer(decoder):
    made = PocketsphinxRecognizer(GRAMMAR)
    yield made
    decoder.may_judge.set()
    made.close()


def voice(seconds: float, gain_db: float = 0.0) -> Samples:
    at = np.arange(round(seconds * SPEECH_RATE_HZ)) / SPEECH_RATE_HZ
    tones = sum(np.sin(2 * np.pi * 120 * n * at) / n for n in range(1, 10))
    return (0.1 * 10 ** (gain_db / 20) * tones).astype(np.float32)


class Sound:
    """Blocks that a test hands over one by one; all of them have been taken when `given` returns."""

    def __init__(self, recognizer: PocketsphinxRecognizer) -> None:
        self._blocks: asyncio.Queue[Samples | None] = asyncio.Queue()
        self.partials: list[Partial] = []
        self._task = asyncio.create_task(self._read(recognizer))

    async def _read(self, recognizer: PocketsphinxRecognizer) -> None:
        async for partial in recognizer.stream(self._taken()):
            self.partials.append(partial)

    async def _taken(self) -> AsyncIterator[Samples]:
        while True:
            block = await self._blocks.get()
            self._blocks.task_done()
            if block is None:
                return
            yield block

    async def given(self, sound: Samples) -> None:
        for first in range(0, max(len(sound), 1), BLOCK):
            self._blocks.put_nowait(sound[first : first + BLOCK])
        await self._blocks.join()

    async def over(self) -> list[Partial]:
        self._blocks.put_nowait(None)
        await self._task
        return self.partials

    @property
    def settled(self) -> list[float]:
        return [partial.settled_s for partial in self.partials if partial.settled_s is not None]


async def test_speech_behind_a_pause_ends_its_judgement_at_once(recognizer, decoder):
    sound = Sound(recognizer)
    await sound.given(voice(1.0))
    await sound.given(silence(0))
    await until(lambda: decoder.asked)  # speech that is here before a judgement begins ends none
    await sound.given(voice(0.5))
    await until(lambda: decoder.broken_off)
    decoder.may_judge.set()
    last = (await sound.over())[-1]
    assert (last.text, last.is_final) == ("stop", True)
    assert sound.settled == []
    assert decoder.judged == [2 * (SPEECH_RATE_HZ * 3 // 2) + 3200]


@pytest.mark.parametrize("behind", [silence(16_000), voice(1.0, gain_db=-15.0)], ids=["silence", "an echo of the room"])
async def test_what_is_no_speech_leaves_a_judgement_alone_and_is_covered_by_it(recognizer, decoder, behind):
    sound = Sound(recognizer)
    await sound.given(voice(1.0))
    await sound.given(silence(0))
    await sound.given(behind)
    decoder.may_judge.set()
    await until(lambda: sound.settled)
    assert sound.settled == [2.0]
    assert decoder.broken_off == 0
    await sound.over()


async def test_a_pause_behind_a_judgement_that_was_ended_is_judged_without_being_asked_again(recognizer, decoder):
    sound = Sound(recognizer)
    await sound.given(voice(1.0))
    await sound.given(silence(0))
    await until(lambda: decoder.asked)  # speech that is here before a judgement begins ends none
    await sound.given(voice(0.5))
    await until(lambda: decoder.broken_off)
    decoder.may_judge.set()
    await sound.given(silence(SPEECH_RATE_HZ))
    await until(lambda: sound.settled)
    assert len(decoder.judged) == 1
    await sound.over()
    assert len(decoder.judged) == 1, "the end behind it costs nothing"


async def test_the_end_of_the_sound_waits_for_the_judgement(recognizer, decoder):
    sound = Sound(recognizer)
    await sound.given(voice(1.0))
    await sound.given(silence(0))
    over = asyncio.create_task(sound.over())
    await asyncio.sleep(0)
    decoder.may_judge.set()
    assert [partial.is_final for partial in await over][-1]
    assert len(decoder.judged) == 1


async def test_closing_the_stream_ends_the_judgement(recognizer, decoder):
    async def blocks() -> AsyncIterator[Samples]:
        yield voice(1.0)
        yield silence(0)
        await asyncio.Event().wait()

    stream = recognizer.stream(blocks())
    reading = asyncio.create_task(anext(stream))
    assert (await reading).text == "st"
    judging = asyncio.create_task(anext(stream))
    await until(lambda: decoder.asked)
    judging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judging
    await until(lambda: decoder.broken_off)


def test_it_is_told_from_recognisers_that_cannot_break_off(recognizer):
    assert isinstance(recognizer, BreaksOff)
    assert recognizer.breaks_off
