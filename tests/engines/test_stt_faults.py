"""Streams that fail anywhere, with a recogniser of this machine behind them: every turn has each of its words once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from localvoice.audio.samples import Samples, silence, to_int16
from localvoice.errors import LocalVoiceError
from localvoice.fallback import FallbackRecognizer
from localvoice.messages import Transcript
from tests.fakes import FakeRecognizer
from tests.stt_servers.ears import KEY, TEXT, WORDS, Sound, listening, spoken
from tests.stt_servers.table import STREAMED, Streamed

GARBAGE = ["{half", "null", "[]", "{}", b"\xff\x00\xfe", '{"type": "Results", "is_final": true}']


class Local(FakeRecognizer):
    """Hears the sounds that the servers hear."""

    async def transcribe(self, samples: Samples) -> Transcript:
        await super().transcribe(samples)
        sound = Sound()
        sound.hear(to_int16(samples).tobytes())
        return Transcript(" ".join(sound.words), "en", self.name)


def faults(dice: random.Random) -> dict[str, Any]:
    return {
        "dies_at": dice.choice([None, dice.randrange(16)]),
        "close_with": dice.choice([(0, ""), (1000, ""), (1008, f"no {KEY}"), (1011, "x"), (4029, "fast")]),
        "garbage": dice.choice(["", "", *GARBAGE]),
        "refuses": dice.choice([0] * 8 + [401, 402, 429, 503]),
        "stalls": dice.random() < 0.1,
        "jitter_s": dice.choice([0.0, 0.005]),
        "final_delay_s": dice.choice([0.0, 0.0, 0.05]),
    }


async def blocks(dice: random.Random) -> AsyncIterator[Samples]:
    """The turn in blocks of any size, with pauses between words to ask for those so far."""
    for word in np.split(spoken(), len(WORDS)):
        cut = dice.randrange(1, len(word))
        for block in (word[:cut], word[cut:]):
            yield block
            await asyncio.sleep(dice.choice([0.0, 0.0, 0.002]))
        if dice.random() < 0.2:
            yield silence(800)
            yield silence(0)


async def turn(ears: FallbackRecognizer, dice: random.Random) -> str:
    """The words as a session gets them: along with the sound, else of the whole turn when it is over."""
    words, stable = "", ""
    try:
        async for partial in ears.stream(blocks(dice)):
            assert partial.text.startswith(stable), "what stood was taken back"
            stable = partial.stable
            words = partial.text if partial.is_final else ""
    except LocalVoiceError:
        words = ""
    return words or (await ears.transcribe(spoken())).text


async def conversation(one: Streamed, seed: int) -> None:
    """Three turns; the service is well again for the last one."""
    dice, told = random.Random(seed), []
    async with listening(one.dialect, **faults(dice)) as server:
        ears = FallbackRecognizer([one.engine(server.url, timeout_s=0.3), Local("x")], lambda *news: told.append(news))
        for _ in range(2):
            assert await turn(ears, dice) == TEXT
        server.dies_at, server.stalls, server.refuses = None, False, 0
        assert await turn(ears, dice) == TEXT
        ears.close()
    assert len(told) <= 1
    assert KEY not in str(told)


@pytest.mark.parametrize("name", STREAMED)
async def test_whatever_fails_each_word_is_heard_once(name):
    async with asyncio.timeout(50):
        for seed in range(8):
            await conversation(STREAMED[name], seed)


@pytest.mark.random
@pytest.mark.parametrize("name", STREAMED)
async def test_many_more(name):
    for seed in range(1000, 1040):
        await conversation(STREAMED[name], seed)
