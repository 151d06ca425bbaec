"""The client of OpenAI's transcriptions, against a service on this machine that does what the test says."""

from __future__ import annotations

import asyncio
import email
import email.policy
import io
import math
import wave

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ, silence, to_int16
from localvoice.config import Config, SttConfig
from localvoice.engine_order import EngineOrder
from localvoice.errors import ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret
from localvoice.stt.openai_compatible import OpenAICompatibleRecognizer, load
from tests.scripted_server import (
    failure,
    gone,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    serving,
    stalled,
    status,
)
from tests.waiting import until

SOUND = (0.3 * np.sin(np.arange(SPEECH_RATE_HZ) / 5)).astype(np.float32)
SURE = {"start": 0.0, "end": 0.9, "text": " Hello there.", "avg_logprob": -0.2, "no_speech_prob": 0.01}
NOISE = {"start": 0.9, "end": 1.0, "text": " Thank you.", "avg_logprob": -1.4, "no_speech_prob": 0.9}


def recognizer(server, name="groq", model="whisper-large-v3-turbo", language="en-GB", timeout_s=5.0):
    url = server.url if name == "groq" else f"{server.url}/v1"
    service = Service(name, PROVIDERS[name].root(url), Secret("gsk_planted"), timeout_s)
    return OpenAICompatibleRecognizer(service, model, language)


def form(request) -> dict:
    """The parts of an upload by name."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=email.policy.default)
    return {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}


async def test_the_turn_is_sent_as_it_was_heard():
    async with serving(status(200, {"text": " Hello there.", "language": "English", "segments": [SURE]})) as server:
        transcript = await recognizer(server).transcribe(SOUND)
        parts = form(server.requests[0])
    assert (transcript.text, transcript.language, transcript.engine) == ("Hello there.", "en", "groq")
    assert [(one.start_s, one.end_s, one.text) for one in transcript.segments] == [(0.0, 0.9, "Hello there.")]
    assert server.requests[0].path == "/openai/v1/audio/transcriptions"
    fields = {name: part.get_content().strip() for name, part in parts.items() if name != "file"}
    expected = {
        "model": "whisper-large-v3-turbo",
        "temperature": "0",
        "response_format": "verbose_json",
        "language": "en",
    }
    assert fields == expected
    assert parts["file"].get_filename() == "turn.wav"
    with wave.open(io.BytesIO(parts["file"].get_content())) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (SPEECH_RATE_HZ, 1, 2)
        assert wav.readframes(wav.getnframes()) == to_int16(SOUND).tobytes()


@pytest.mark.parametrize(
    ("segments", "confidence"),
    [
        ([SURE], math.exp(-0.2)),
        ([{**SURE, "tokens": [1, 2, 3]}, {**SURE, "avg_logprob": -0.6, "tokens": [4]}], math.exp(-0.3)),
        ([SURE, NOISE], math.exp(-0.2)),
        ([SURE, {key: value for key, value in SURE.items() if key != "avg_logprob"}], None),
        ([], None),
    ],
)
async def test_how_sure_the_service_is_of_its_words_is_told_where_it_says_so(segments, confidence):
    async with serving(status(200, {"text": "Hello there.", "segments": segments})) as server:
        transcript = await recognizer(server).transcribe(SOUND)
    assert transcript.confidence == (None if confidence is None else pytest.approx(confidence))


async def test_rare_words_stand_before_what_was_said_last():
    async with serving(status(200, {"text": "Hello."})) as server:
        config = Config(stt=SttConfig(hotwords=("Kokoro", "Anna")))
        provider = PROVIDERS["groq"]
        service = Service("groq", provider.root(server.url), Secret("gsk_planted"), 5.0)
        ears = load(EngineOrder(service, provider, provider.models["stt"], config))
        await ears.transcribe(SOUND)
        ears.prompt = f"{'long ago ' * 100}in Reykjavik"
        await ears.transcribe(SOUND)
        alone, both = (form(request)["prompt"].get_content().strip() for request in server.requests)
    assert alone == "Kokoro, Anna"
    assert both.startswith("Kokoro, Anna ")
    assert both.endswith("long ago in Reykjavik")
    assert len(both) <= 401


async def test_what_was_said_last_goes_along_as_far_as_it_is_of_use():
    async with serving(status(200, {"text": "Hello."})) as server:
        ears = recognizer(server)
        for said in ("", "It is in Reykjavik.", f"{'long ago ' * 100}in Reykjavik"):
            ears.prompt = said
            await ears.transcribe(SOUND)
        prompts = [form(request).get("prompt") for request in server.requests]
    assert prompts[0] is None
    assert prompts[1].get_content().strip() == "It is in Reykjavik."
    bounded = prompts[2].get_content().strip()
    assert bounded.endswith("long ago in Reykjavik")
    assert 380 < len(bounded) <= 400
    assert bounded.split()[0] in {"long", "ago"}


async def test_later_models_of_openai_take_json_only():
    async with serving(status(200, {"text": "Hello there."})) as server:
        transcript = await recognizer(server, "openai", "gpt-4o-mini-transcribe").transcribe(SOUND)
        assert form(server.requests[0])["response_format"].get_content().strip() == "json"
    assert (transcript.text, transcript.language) == ("Hello there.", "en")


async def test_words_made_up_for_noise_are_left_out():
    async with serving(status(200, {"text": " Hello there. Thank you.", "segments": [SURE, NOISE]})) as server:
        assert (await recognizer(server).transcribe(SOUND)).text == "Hello there."
    async with serving(status(200, {"text": " Thank you.", "segments": [NOISE]})) as server:
        assert (await recognizer(server).transcribe(SOUND)).text == ""


async def test_the_language_found_by_the_service_is_told_as_a_code():
    async with serving(status(200, {"text": "Hallo.", "language": "German"})) as server:
        transcript = await recognizer(server, language="").transcribe(SOUND)
        assert "language" not in form(server.requests[0])
    assert transcript.language == "de"


@pytest.mark.parametrize("sound", [silence(0), silence(16_000), silence(16_000) + np.float32(0.0005)])
async def test_silence_is_not_sent(sound):
    async with serving(status(200, {"text": "Thank you."})) as server:
        assert (await recognizer(server).transcribe(sound)).text == ""
        assert server.requests == []


async def test_a_very_short_sound_is_sent_at_a_length_that_is_taken():
    async with serving(status(200, {"text": "Hm."})) as server:
        await recognizer(server).transcribe(SOUND[:100])
        with wave.open(io.BytesIO(form(server.requests[0])["file"].get_content())) as wav:
            assert wav.getnframes() == 3200


async def test_the_input_is_not_modified():
    sound = SOUND.copy()
    async with serving(status(200, {"text": "Hm."})) as server:
        await recognizer(server).transcribe(sound)
    assert np.array_equal(sound, SOUND)


async def test_a_cancelled_call_hangs_up_and_the_next_one_is_right():
    async with serving(stalled(), status(200, {"text": "Hello."})) as server:
        ears = recognizer(server)
        call = asyncio.create_task(ears.transcribe(SOUND))
        await server.arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(server.hung_up.is_set)
        assert (await ears.transcribe(SOUND)).text == "Hello."


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (failure(401, "no gsk_planted"), ProviderRefused),
        (failure(429, "slow", retry_after="1"), ProviderUnavailable),
        (failure(500, "gsk_planted"), ProviderUnavailable),
        (gone(), ProviderUnavailable),
        (stalled(), ProviderUnavailable),
        (failure(413, "too large"), ProviderBroken),
        (status(200, "half a {"), ProviderBroken),
        (status(200, "[]"), ProviderBroken),
        (status(200, {"words": []}), ProviderBroken),
        (status(200, {"text": None}), ProviderBroken),
        (status(200, {"text": "x", "segments": [{"text": "x"}]}), ProviderBroken),
    ],
)
async def test_failures_are_ours_and_hold_no_key(script, kind):
    async with serving(script) as server:
        with pytest.raises(kind) as caught:
            await recognizer(server, timeout_s=0.3).transcribe(SOUND)
    assert "gsk_planted" not in str(caught.value)


async def test_after_close_nothing_is_sent():
    async with serving(status(200, {"text": "x"})) as server:
        ears = recognizer(server)
        ears.close()
        ears.close()
        with pytest.raises(ProviderError):
            await ears.transcribe(SOUND)
        assert server.requests == []
