"""Google Cloud's voice: its vendor's own client and ours on the same server, and what is asked of a voice."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from localvoice.messages import SpeechChunk
from localvoice.tts.google import load
from tests.cloud_orders import order
from tests.elevenlabs_server import LETTER_S, spoken
from tests.scripted_server import ScriptedServer, serving
from tests.voice_servers.cases import Fault, answering, google_body

TEXT = "Hello there."


@asynccontextmanager
async def google() -> AsyncIterator[ScriptedServer]:
    async with serving(answering(Fault(), lambda text: google_body(text, 1))) as server:
        yield server


async def said(server: ScriptedServer, **options: str) -> list[SpeechChunk]:
    async def clauses() -> AsyncIterator[str]:
        yield TEXT

    voice = load(order("google", server.url, **options))
    chunks = [chunk async for chunk in voice.synthesize(clauses())]
    voice.close()
    await asyncio.sleep(0.01)
    return chunks


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # the client's own
async def test_googles_own_client_asks_the_same_and_reads_the_same():
    module = pytest.importorskip("google.cloud.texttospeech_v1beta1", reason="pip install 'localvoice[dev]'")
    from google.auth.credentials import AnonymousCredentials

    def run(url: str) -> tuple[bytes, list[float]]:
        rest = module.TextToSpeechClient.get_transport_class("rest")
        client = module.TextToSpeechClient(transport=rest(host=url, credentials=AnonymousCredentials()))
        request = module.SynthesizeSpeechRequest(
            input=module.SynthesisInput(ssml='<speak><mark name="0"/>Hello <mark name="1"/>there.</speak>'),
            voice=module.VoiceSelectionParams(language_code="en-US", name="en-US-Neural2-F"),
            audio_config=module.AudioConfig(
                audio_encoding=module.AudioEncoding.LINEAR16, sample_rate_hertz=24_000, speaking_rate=1.0
            ),
            enable_time_pointing=[module.SynthesizeSpeechRequest.TimepointType.SSML_MARK],
        )
        answer = client.synthesize_speech(request=request)
        return answer.audio_content, [point.time_seconds for point in answer.timepoints]

    async with google() as server:
        sound, times = await asyncio.to_thread(run, server.url)
        [chunk] = await said(server)
    theirs, ours = server.requests
    with wave.open(io.BytesIO(sound)) as file:
        assert file.readframes(file.getnframes()) == spoken(TEXT)
    assert times == [0.0, pytest.approx(len("Hello ") * LETTER_S)]
    assert theirs.path.partition("?")[0] == ours.path
    assert theirs.json == ours.json
    assert [(word.start, word.end) for word in chunk.words] == [(0, 5), (6, 12)]
    assert chunk.words[1].start_s == pytest.approx(len("Hello ") * LETTER_S, abs=0.01)


async def test_a_voice_that_takes_no_marks_gets_plain_text_and_its_words_no_times():
    async with serving(answering(Fault(), lambda text: google_body(f'<mark name="99"/>{text}', 1))) as server:
        chunks = await said(server, voice="en-US-Chirp3-HD-Kore")
    assert server.requests[0].json["input"] == {"text": TEXT}
    assert "enableTimePointing" not in server.requests[0].json
    assert "".join(chunk.text for chunk in chunks) == TEXT
    assert not any(chunk.words for chunk in chunks)


async def test_the_key_stands_in_a_header_alone():
    async with google() as server:
        await said(server)
    asked = server.requests[0]
    assert asked.headers["x-goog-api-key"].startswith("sk_planted")
    assert "sk_planted" not in asked.path + str(asked.json)
