"""ElevenLabs breaks off at any byte; what is played is read letter by letter: each word once, whole, as loud."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import numpy as np
import pytest

from localvoice.audio.samples import Samples
from localvoice.fallback import FallbackSynthesizer
from localvoice.messages import SpeechChunk
from localvoice.tts.elevenlabs import load
from tests.cloud_orders import order
from tests.cutting_proxy import KINDS, Break, Kind, cutting
from tests.elevenlabs_server import LETTER_S, RATE_HZ, speaking, spoken

CLAUSES = ["Anchor barrel candle,", " drifted ember falcon.", " Glimmer harbor island jungle."]
TEXT = "".join(CLAUSES)
BYTES = 170_000
"""What the service sends for it, base64 and marks included, and a little less."""
LETTER = round(LETTER_S * RATE_HZ)


class Toned:
    """A local voice that speaks as the service does, but softer."""

    name = "local"
    rate = 1.0

    async def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        async for clause in text:
            sound = np.frombuffer(spoken(clause), "<i2").astype(np.float32) / 32768 / 3
            yield SpeechChunk(clause, sound, RATE_HZ)

    def close(self) -> None:
        """Nothing to free."""


async def said(url: str, transport: str, timeout_s: float) -> tuple[str, Samples]:
    async def text() -> AsyncIterator[str]:
        for clause in CLAUSES:
            await asyncio.sleep(0)
            yield clause

    cloud = load(order("elevenlabs", url, transport=transport, timeout_s=timeout_s))
    voice = FallbackSynthesizer([cloud, Toned()], lambda *_: None)
    chunks = [chunk async for chunk in voice.synthesize(text())]
    voice.close()
    await asyncio.sleep(0)
    return "".join(chunk.text for chunk in chunks), np.concatenate([chunk.samples for chunk in chunks])


def pitches(word: str) -> list[int]:
    """A number for each letter's pitch."""
    return [ord(letter) % 64 for letter in word]


def words_in(sound: Samples) -> tuple[list[list[int]], list[float]]:
    """The words that sound, as the pitches of their letters, and how loud they are in dB."""
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    edges = np.flatnonzero(np.diff(loud) > LETTER // 2)
    starts, ends = loud[np.r_[0, edges + 1]], loud[np.r_[edges, len(loud) - 1]] + 1
    runs = [sound[start:end] for start, end in zip(starts, ends, strict=True)]
    return [_letters(run) for run in runs], [10 * float(np.log10(np.mean(run**2))) for run in runs]


def _letters(run: Samples) -> list[int]:
    count = max(1, round(len(run) / LETTER))
    pieces = [run[at * LETTER : (at + 1) * LETTER] for at in range(count)]
    heard = [np.argmax(np.abs(np.fft.rfft(piece * np.hanning(len(piece)), RATE_HZ))) for piece in pieces]
    return [round((float(pitch) - 200) / 20) for pitch in heard]


async def check(after: int, kind: Kind, transport: str, timeout_s: float = 0.5) -> None:
    async with speaking(pieces=3) as server, cutting(server.url, Break(after, kind)) as proxy, asyncio.timeout(20):
        text, sound = await said(proxy.url, transport, timeout_s)
    words, levels = words_in(sound)
    assert text == TEXT
    assert words == [pitches(word) for word in TEXT.split()]
    assert max(levels) - min(levels) < 1.5


@pytest.mark.parametrize("transport", ["stream-input", "multi-context"])
@pytest.mark.parametrize("kind", ["end", "reset"])
async def test_each_word_is_played_once_wherever_the_service_dies(transport, kind):
    for after in range(0, BYTES, BYTES // 12):
        await check(after, kind, transport)


@pytest.mark.parametrize("kind", ["stall", "drip", "garbage"])
async def test_and_wherever_it_stalls_or_talks_nonsense(kind):
    for after in (0, 150, 9_000, 90_000):
        await check(after, kind, "stream-input")


@pytest.mark.random
@pytest.mark.parametrize("transport", ["stream-input", "multi-context"])
async def test_many_more_places(transport):
    dice = random.Random(transport)
    for _ in range(200):
        await check(dice.randrange(BYTES), dice.choice(KINDS), transport)
