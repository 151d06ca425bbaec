"""What is particular to each streaming voice: what is asked of the service, and what it may leave out."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import pytest

from localvoice.engines import Synthesizer
from localvoice.errors import ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.messages import SpeechChunk
from localvoice.providers import PROVIDERS
from tests.cloud_orders import PLANTED, order
from tests.elevenlabs_server import LETTER_S, query
from tests.voice_servers.azure_server import Azure
from tests.voice_servers.cartesia_server import Cartesia
from tests.voice_servers.deepgram_server import Deepgram
from tests.voice_servers.mouth import Manner, Mouth, voicing
from tests.voice_servers.sarvam_server import Sarvam

EVERY = pytest.mark.parametrize("manner", [Cartesia, Deepgram, Sarvam, Azure], ids=lambda manner: manner.__name__)
REPLY = ["Hello there,", " how are you?", " Good bye."]


class RestartingCartesia(Cartesia):
    restarts = True


@asynccontextmanager
async def opened(manner: type[Manner], mouth_options=None, **options) -> AsyncIterator[tuple[Synthesizer, Mouth]]:
    name = manner.__name__.removeprefix("Restarting").removeprefix("Mute").lower()
    async with voicing(manner, **(mouth_options or {})) as mouth:
        voice = import_module(PROVIDERS[name].module("tts")).load(order(name, mouth.url, **options))
        try:
            yield voice, mouth
        finally:
            voice.close()
            await asyncio.sleep(0.01)


async def speak(voice: Synthesizer, *clauses: str) -> list[SpeechChunk]:
    async def texts() -> AsyncIterator[str]:
        for clause in clauses:
            yield clause

    return [chunk async for chunk in voice.synthesize(texts())]


def words(chunks: list[SpeechChunk]) -> list[tuple[str, float]]:
    """Each word and its length."""
    return [(chunk.text[word.start : word.end], word.end_s - word.start_s) for chunk in chunks for word in chunk.words]


@pytest.mark.parametrize("manner", [Cartesia, RestartingCartesia, Azure], ids=lambda manner: manner.__name__)
@pytest.mark.parametrize("pieces", [1, 3, 30])
async def test_every_word_has_its_time_wherever_times_are_counted_from(manner, pieces):
    async with opened(manner, {"pieces": pieces}) as (voice, _):
        found = words(await speak(voice, *REPLY))
    assert [word for word, _ in found] == ["Hello", "there,", "how", "are", "you?", "Good", "bye."]
    for word, length_s in found:
        assert length_s == pytest.approx(len(word) * LETTER_S, abs=LETTER_S + 0.01), word


@pytest.mark.parametrize("manner", [Cartesia, Azure], ids=lambda manner: manner.__name__)
async def test_without_word_times_a_chunk_is_a_clause(manner):
    async with opened(manner, {"knows_words": False}) as (voice, _):
        chunks = await speak(voice, *REPLY)
    assert [chunk.text for chunk in chunks] == REPLY
    assert not words(chunks)


@pytest.mark.parametrize("manner", [Sarvam, Azure], ids=lambda manner: manner.__name__)
async def test_a_service_that_does_not_say_whose_sound_it_is_gets_one_clause_at_a_time(manner):
    async with opened(manner) as (voice, mouth):
        chunks = voice.synthesize(_long())
        await anext(chunks)
        await asyncio.sleep(0.05)
        told = [message for message in mouth.received if "ssml" in str(message) or '"text"' in str(message)]
        assert len(told) <= 2
        await chunks.aclose()


async def _long() -> AsyncIterator[str]:
    for _ in range(5):
        yield "One two three four."


async def test_what_is_asked_of_cartesia():
    options = {"language": "de-DE", "voice": "V", "rate": 9.0}
    async with opened(Cartesia, **options) as (voice, mouth):
        await speak(voice, "Hallo.")
    first, flush, last = map(json.loads, mouth.received[:3])
    assert first["transcript"] == "Hallo. "
    assert first["voice"] == {"mode": "id", "id": "V"}
    assert (first["language"], first["model_id"], first["max_buffer_delay_ms"]) == ("de", "sonic-3", 0)
    assert first["generation_config"] == {"speed": 1.5}
    assert (first["continue"], first["add_timestamps"]) == (True, True)
    assert (flush["transcript"], flush["flush"], flush["continue"]) == ("", True, True)
    assert (last["transcript"], last["continue"]) == ("", False)
    assert len({message["context_id"] for message in (first, flush, last)}) == 1
    assert mouth.sockets[0].request.headers["Cartesia-Version"] == "2026-08-14"


async def test_a_cut_reply_of_cartesia_is_cancelled_by_name_and_its_late_sound_is_nobody_s():
    async with opened(Cartesia, {"pieces": 20, "delay_s": 0.005}) as (voice, mouth):
        chunks = voice.synthesize(_long())
        await anext(chunks)
        await chunks.aclose()
        assert [chunk.text for chunk in await speak(voice, "Next.")] == ["Next."]
        assert len(mouth.sockets) == 1
    cut = [json.loads(message) for message in mouth.received if '"cancel": true' in str(message)]
    assert [message["context_id"] for message in cut] == [json.loads(mouth.received[0])["context_id"]]


async def test_what_is_asked_of_deepgram():
    async with opened(Deepgram, voice="aura-2-orion-en", rate=1.2) as (voice, mouth):
        await speak(voice, "Hello.")
    asked = query(mouth.paths[0])
    assert asked == {"model": "aura-2-orion-en", "encoding": "linear16", "sample_rate": "24000", "speed": "1.2"}
    assert [json.loads(message)["type"] for message in mouth.received] == ["Speak", "Flush", "Close"]


async def test_what_is_asked_of_sarvam():
    async with opened(Sarvam, language="hi", rate=1.5) as (voice, mouth):
        await speak(voice, "Hello.")
    config = json.loads(mouth.received[0])["data"]
    assert config == {
        "language_code": "hi-IN",
        "speaker": "shubh",
        "speech_sample_rate": 24_000,
        "output_audio_codec": "linear16",
        "pace": 1.5,
    }
    assert query(mouth.paths[0]) == {"model": "bulbul:v3", "send_completion_event": "true"}


async def test_what_is_asked_of_azure():
    async with opened(Azure, voice="de-DE-KatjaNeural", rate=0.8) as (voice, mouth):
        await speak(voice, 'Say "5 < 6" & go.')
    config, context, ssml = map(str, mouth.received[:3])
    assert re.search(r"^Path: speech.config", config, re.MULTILINE)
    assert (
        json.loads(context.partition("\r\n\r\n")[2])["synthesis"]["audio"]["outputFormat"] == "raw-24khz-16bit-mono-pcm"
    )
    body = ssml.partition("\r\n\r\n")[2]
    assert 'xml:lang="de-DE"' in body
    assert "<voice name=\"de-DE-KatjaNeural\"><prosody rate='-20%'>" in body
    assert "&amp;" in body or "and" in body
    request = re.search(r"X-RequestId: (\w{32})", ssml)
    assert request is not None
    assert request.group(1) in context


@EVERY
async def test_a_failure_that_the_service_words_itself_is_ours(manner):
    async with opened(manner, {"fails": (500, f"oops {PLANTED}")}) as (voice, _):
        with pytest.raises(ProviderError) as caught:
            await speak(voice, "Hello.")
    assert PLANTED not in str(caught.value)


@pytest.mark.parametrize(("manner", "status"), [(Cartesia, 402), (Sarvam, 401)], ids=["cartesia", "sarvam"])
async def test_a_spent_quota_or_a_wrong_key_in_the_middle_of_a_socket_is_a_refusal(manner, status):
    async with opened(manner, {"fails": (status, "no credits")}) as (voice, _):
        with pytest.raises(ProviderRefused):
            await speak(voice, "Hello.")


@EVERY
@pytest.mark.parametrize("close_with", [(1008, "credit is spent"), (1011, "internal"), (1000, "")])
async def test_a_socket_that_is_closed_in_the_middle_says_why(manner, close_with):
    async with opened(manner, {"dies_at": 1, "close_with": close_with, "pieces": 5}) as (voice, _):
        with pytest.raises((ProviderUnavailable, ProviderRefused)) as caught:
            await speak(voice, "Hello there, friend.")
    assert close_with[1] in str(caught.value)


class MuteDeepgram(Deepgram):
    """Says that it has spoken, and has not."""

    def hear(self, message):
        yield from (answer for answer in super().hear(message) if not isinstance(answer, bytes))


async def test_a_clause_without_its_sound_is_not_taken_for_spoken():
    async with opened(MuteDeepgram) as (voice, _):
        with pytest.raises(ProviderUnavailable, match="broke off"):
            await speak(voice, "Hello there.")
