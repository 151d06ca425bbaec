"""What every voice keeps to, whatever its service does: each test runs over all of them. A new one passes as well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from localvoice.engines import Synthesizer
from localvoice.errors import ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.fallback import FallbackSynthesizer
from localvoice.messages import SpeechChunk
from tests.cloud_orders import PLANTED
from tests.elevenlabs_server import LETTER_S
from tests.fakes import FakeSynthesizer
from tests.scripted_server import no_connection_left  # noqa: F401 - a fixture for every test here
from tests.voice_servers.cases import CLOUD, Case, Fault, Open

VOICE = Path(__file__).parents[1] / "models" / "tts" / "en_US-tiny-test.onnx"
KOKORO = VOICE.with_name("kokoro-tiny")
LOCAL = ("espeak", "piper", "kokoro")
REPLY = ["Hello there,", " how are you?", " It is 25 °C — see **this**.", " \n", " Good bye."]


def _local(name: str) -> Case:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Open]:
        from localvoice.tts.espeak import EspeakSynthesizer
        from localvoice.tts.kokoro import KokoroSynthesizer
        from localvoice.tts.piper import PiperSynthesizer

        made = {"espeak": EspeakSynthesizer, "piper": lambda: PiperSynthesizer(VOICE)}
        voice: Synthesizer = made.get(name, lambda: KokoroSynthesizer(KOKORO))()
        try:
            yield Open(voice, lambda: None)
        finally:
            voice.close()

    return opened


EVERY = pytest.mark.parametrize("case", [*CLOUD.values(), *map(_local, LOCAL)], ids=[*CLOUD, *LOCAL])
SERVICE = pytest.mark.parametrize("case", CLOUD.values(), ids=CLOUD)


async def texts(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


async def speak(voice: Synthesizer, *clauses: str) -> list[SpeechChunk]:
    async with aclosing(voice.synthesize(texts(*clauses))) as chunks:
        return [chunk async for chunk in chunks]


def text_of(chunks: list[SpeechChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


# what is said


@EVERY
async def test_the_texts_of_the_chunks_are_the_clauses(case: Case):
    async with case() as opened:
        chunks = await speak(opened.voice, *REPLY)
    assert text_of(chunks) == "".join(REPLY)
    assert len({chunk.rate_hz for chunk in chunks}) == 1
    for chunk in chunks:
        assert chunk.samples.dtype == np.float32
        assert (len(chunk.samples) > 0) == bool(chunk.text.strip())
        for word in chunk.words:
            assert 0 <= word.start < word.end <= len(chunk.text)
            assert 0 <= word.start_s <= word.end_s <= chunk.duration_s + 1e-6


@EVERY
async def test_no_clauses_give_no_chunks_and_space_gives_no_sound(case: Case):
    async with case() as opened:
        assert await speak(opened.voice) == []
        (chunk,) = await speak(opened.voice, " \n")
    assert (chunk.text, len(chunk.samples)) == (" \n", 0)


@EVERY
async def test_a_huge_clause_and_many_clauses_are_spoken_to_the_end(case: Case):
    clauses = ["word " * 200, *[f" Sentence number {number}." for number in range(30)]]
    async with case() as opened:
        assert text_of(await speak(opened.voice, *clauses)) == "".join(clauses)


@EVERY
async def test_odd_text_does_no_harm(case: Case):
    text = "a\x00b \ud83d c <speak>hi</speak> & there ]]> {}"
    async with case() as opened:
        assert text_of(await speak(opened.voice, text, " Next.")) == f"{text} Next."


@EVERY
async def test_two_replies_at_once_do_not_mix(case: Case):
    async with case() as opened:
        one, two = await asyncio.gather(speak(opened.voice, "One two three."), speak(opened.voice, "Four."))
    assert (text_of(one), text_of(two)) == ("One two three.", "Four.")
    assert sum(chunk.duration_s for chunk in one) > sum(chunk.duration_s for chunk in two)


@SERVICE
@pytest.mark.parametrize("pieces", [1, 3, 40])
async def test_no_word_is_told_before_its_sound_is_there(case: Case, pieces: int):
    async with case(pieces=pieces) as opened:
        chunks = await speak(opened.voice, "One two three,", " four five.")
    sounded_s, letters = 0.0, 0
    for chunk in chunks:
        sounded_s += chunk.duration_s
        letters += sum(character.isalpha() for character in chunk.text)
        assert sounded_s >= letters * LETTER_S - 0.02, chunk.text


# how it ends


@EVERY
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89])
async def test_cancelled_at_any_await_it_ends_and_the_next_reply_is_right(case: Case, steps: int):
    async with case() as opened, asyncio.timeout(20):
        speaking = asyncio.create_task(speak(opened.voice, "one two three four", " five six", " seven"))
        for _ in range(steps):
            await asyncio.sleep(0)
        speaking.cancel()
        await asyncio.wait([speaking])
        assert text_of(await speak(opened.voice, "Next.")) == "Next."


@EVERY
@pytest.mark.parametrize("read", [0, 1, 2])
async def test_closed_anywhere_it_asks_for_no_more_text(case: Case, read: int):
    asked: list[str] = []

    async def endless() -> AsyncIterator[str]:
        while True:
            asked.append("again")
            yield "Again."
            await asyncio.sleep(0)

    async with case() as opened:
        chunks = opened.voice.synthesize(endless())
        for _ in range(read):
            await anext(chunks)
        await chunks.aclose()
        count = len(asked)
        await asyncio.sleep(0.02)
        assert len(asked) == count
        assert text_of(await speak(opened.voice, "Next.")) == "Next."


@EVERY
async def test_what_goes_wrong_with_the_text_is_not_the_voice_s_failure(case: Case):
    async def broken() -> AsyncIterator[str]:
        yield "One."
        raise ZeroDivisionError

    async with case() as opened:
        with pytest.raises(ZeroDivisionError):
            async for _ in opened.voice.synthesize(broken()):
                pass
        assert text_of(await speak(opened.voice, "Next.")) == "Next."


@EVERY
async def test_it_closes_twice_and_refuses_then(case: Case):
    async with case() as opened:
        await speak(opened.voice, "One.")
        opened.voice.close()
        opened.voice.close()
        with pytest.raises(ProviderError):
            await speak(opened.voice, "Two.")


# what goes wrong at the service


@SERVICE
async def test_a_lost_connection_is_made_anew_for_the_next_reply(case: Case):
    async with case() as opened:
        assert text_of(await speak(opened.voice, "One.")) == "One."
        await asyncio.sleep(0.02)
        opened.drop()
        await asyncio.sleep(0.02)
        assert text_of(await speak(opened.voice, "Two.")) == "Two."


@SERVICE
async def test_a_slow_drip_is_heard_to_the_end(case: Case):
    async with case(Fault(delay_s=0.01), pieces=10) as opened:
        assert text_of(await speak(opened.voice, *REPLY)) == "".join(REPLY)


@SERVICE
@pytest.mark.parametrize("dies_at", range(8))
async def test_dying_at_any_message_each_word_is_spoken_once(case: Case, dies_at: int):
    clauses = ["One two three,", " four five six", " seven eight."]
    other = FakeSynthesizer(name="other")
    async with case(Fault(dies_at=dies_at), pieces=3) as opened, asyncio.timeout(20):
        both = FallbackSynthesizer([opened.voice, other], lambda *_: None)
        chunks = await speak(both, *clauses)
    assert text_of(chunks) == "".join(clauses)
    cloud = [chunk for chunk in chunks if chunk.rate_hz == 24_000]
    assert text_of(cloud) + "".join(other.clauses) == "".join(clauses)
    for chunk in cloud:
        letters = sum(character.isalpha() for character in chunk.text)
        assert chunk.duration_s >= letters * LETTER_S - 0.02, chunk.text


@SERVICE
@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (Fault(refuses=401), ProviderRefused, "_KEY"),
        (Fault(refuses=403), ProviderRefused, "refused the key"),
        (Fault(refuses=402), ProviderRefused, "402"),
        (Fault(refuses=429, retry_after="7"), ProviderUnavailable, "enough of us"),
        (Fault(refuses=500), ProviderUnavailable, "500"),
        (Fault(stalls=True), ProviderUnavailable, "does not answer|broke off"),
        (Fault(garbage=True), ProviderError, "cannot be read|broke off"),
        (Fault(dies_at=0), ProviderUnavailable, "broke off|cannot be reached"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_failures_are_ours_in_one_line_without_the_key(case: Case, fault: Fault, kind, said, caplog):
    caplog.set_level(logging.DEBUG)
    async with case(fault, timeout_s=0.5 if fault.stalls else 5.0) as opened, asyncio.timeout(10):
        with pytest.raises(kind, match=said) as caught:
            await speak(opened.voice, "Hello there.")
    message = str(caught.value)
    assert PLANTED not in message
    assert "\n" not in message
    if fault.retry_after:
        assert caught.value.retry_after_s == 7.0
    ours = [record for record in caplog.records if record.name.startswith("localvoice")]
    assert not [record for record in ours if PLANTED in record.getMessage()]


@SERVICE
async def test_nobody_listens_there(case: Case):
    async with case() as opened:
        voice = opened.voice
        await speak(voice, "One.")
    with pytest.raises(ProviderError):
        await speak(voice, "Two.")


@SERVICE
async def test_a_check_finds_out_about_the_key(case: Case):
    async with case(Fault(refuses=401)) as opened:
        with pytest.raises(ProviderRefused):
            await opened.voice.check()
