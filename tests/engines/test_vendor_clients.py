"""The vendors' own clients, unmodified, on the servers that ours is tested against: they agree on what is a service."""

from __future__ import annotations

import asyncio
import base64
import io
from functools import partial

import pytest

from localvoice.audio.samples import silence
from localvoice.stt.openai_compatible import _wav
from tests.elevenlabs_server import KEY, LETTER_S, RATE_HZ, speaking, spoken, timed_lines
from tests.scripted_server import completion, delta, failure, raw, serving, status

HOW = "pip install 'localvoice[dev]'"
HELLO = [{"role": "user", "content": "hello"}]


def groq_client(url: str):
    groq = pytest.importorskip("groq", reason=HOW)
    return groq.Groq(api_key="gsk_x", base_url=url, max_retries=0, timeout=5), groq


def openai_client(url: str):
    openai = pytest.importorskip("openai", reason=HOW)
    return openai.OpenAI(api_key="sk_x", base_url=f"{url}/v1", max_retries=0, timeout=5), openai


CLIENTS = pytest.mark.parametrize("client_of", [groq_client, openai_client], ids=["groq", "openai"])


def written(client) -> str:
    chunks = client.chat.completions.create(model="m-1", messages=HELLO, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def transcribed(client) -> str:
    file = ("a.wav", io.BytesIO(_wav(silence(16_000))), "audio/wav")
    return client.audio.transcriptions.create(model="whisper-1", file=file, response_format="verbose_json").text


@CLIENTS
async def test_a_reply_is_read(client_of):
    async with serving(completion("Hel", "lo.")) as server:
        client, _ = client_of(server.url)
        assert await asyncio.to_thread(written, client) == "Hello."


@CLIENTS
async def test_a_transcript_is_read(client_of):
    answer = {"text": "Hello.", "language": "english", "duration": 1.0, "segments": []}
    async with serving(status(200, answer)) as server:
        client, _ = client_of(server.url)
        assert await asyncio.to_thread(transcribed, client) == "Hello."
        assert server.requests[0].headers["content-type"].startswith("multipart/form-data")


@CLIENTS
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (failure(401, "no"), "AuthenticationError"),
        (failure(403, "no"), "PermissionDeniedError"),
        (failure(429, "slow", retry_after="1"), "RateLimitError"),
        (failure(500, "oops"), "InternalServerError"),
        (failure(404, "no model"), "NotFoundError"),
        (raw(delta("One "), b'data: {"error": {"message": "overloaded"}}\n\n'), "APIError"),
    ],
)
async def test_failures_are_failures(client_of, script, kind):
    async with serving(script) as server:
        client, module = client_of(server.url)
        with pytest.raises(getattr(module, kind)):
            await asyncio.to_thread(written, client)


async def test_a_list_of_models_is_read():
    async with serving(completion("x")) as server:
        client, _ = openai_client(server.url)
        assert [one.id for one in await asyncio.to_thread(lambda: list(client.models.list()))] == ["m-1"]


async def test_speech_is_read():
    async with serving(raw(b"\x01\x00" * 100, b"\x02\x00", media_type="application/octet-stream")) as server:
        client, _ = openai_client(server.url)
        say = partial(
            client.audio.speech.create, model="gpt-4o-mini-tts", voice="alloy", input="hi", response_format="pcm"
        )
        assert (await asyncio.to_thread(say)).content == b"\x01\x00" * 100 + b"\x02\x00"


@pytest.mark.filterwarnings("ignore:ConnectionClosed.code:DeprecationWarning")  # the client's own
async def test_the_socket_of_elevenlabs_is_read():
    client_module = pytest.importorskip("elevenlabs.client", reason=HOW)
    async with speaking() as server:
        client = client_module.ElevenLabs(api_key=KEY, base_url=server.url)
        voice = client.text_to_speech
        voice._ws_base_url = server.url.replace("http", "ws")  # it would dial TLS otherwise
        parts = partial(voice.convert_realtime, "VOICE", text=iter(["Hello ", "there."]), output_format="pcm_24000")
        sound = await asyncio.to_thread(lambda: b"".join(parts(model_id="eleven_flash_v2_5")))
    assert len(sound) == len(spoken("Hello there. "))
    assert len(sound) == round(LETTER_S * RATE_HZ) * 2 * len("Hello there. ")
    assert server.keys == [KEY]


async def test_the_http_stream_of_elevenlabs_is_read():
    client_module = pytest.importorskip("elevenlabs.client", reason=HOW)
    async with serving(timed_lines(pieces=3)) as server:
        client = client_module.ElevenLabs(api_key=KEY, base_url=server.url)
        parts = partial(client.text_to_speech.stream_with_timestamps, "VOICE", text="Hello there.")
        lines = await asyncio.to_thread(lambda: list(parts(model_id="eleven_flash_v2_5", output_format="pcm_24000")))
    assert "".join("".join(line.alignment.characters) for line in lines) == "Hello there."
    assert b"".join(base64.b64decode(line.audio_base_64) for line in lines) == spoken("Hello there.")
