"""OpenAI's speech, against a service on this machine."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
import pytest

from localvoice.errors import ProviderBroken, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.tts.openai_speech import load
from tests.cloud_orders import PLANTED, order
from tests.scripted_server import (
    cut_after,
    failure,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    raw,
    serving,
    stalled,
)
from tests.waiting import until

TONE = (8000 * np.sin(np.arange(24_000) / 20)).astype("<i2").tobytes()
SOUND = bytes(4800) + TONE + bytes(48_001)  # silence around it, and half a sample


def voice(server, rate=1.0, timeout_s=5.0):
    return load(order("openai", server.url, timeout_s=timeout_s, rate=rate))


async def speak(synthesizer, *clauses):
    async def texts():
        for clause in clauses:
            yield clause

    return [chunk async for chunk in synthesizer.synthesize(texts())]


async def test_clauses_are_said_without_the_silence_around_them():
    clauses = ["Hello there,", " \n", " **you**!"]
    async with serving(raw(SOUND[:1001], SOUND[1001:], media_type="audio/pcm")) as server:
        chunks = await speak(voice(server), *clauses)
    assert "".join(chunk.text for chunk in chunks) == "".join(clauses)
    assert [chunk.clause for chunk in chunks if chunk.clause] == clauses
    assert sum(chunk.duration_s for chunk in chunks) == pytest.approx(1.0 + 0.16 + 1.0 + 0.3, abs=0.03)
    assert max(np.abs(chunk.samples).max(initial=0) for chunk in chunks) == pytest.approx(8000 / 32768, abs=0.01)
    assert [request.json["input"].strip() for request in server.requests] == ["Hello there,", "you!"]


async def test_the_first_sound_does_not_wait_for_the_rest_of_the_clause():
    held = asyncio.Event()

    async def answer(_, peer):
        await peer.begin_stream("audio/pcm")
        await peer.chunk(SOUND[:14_000])
        await held.wait()
        await peer.chunk(SOUND[14_000:])
        await peer.end_stream()

    async def text():
        yield "Hello there, how are you?"

    async with serving(answer) as server, aclosing(voice(server).synthesize(text())) as chunks:
        first = await anext(chunks)
        assert first.duration_s == pytest.approx((14_000 - 4800) / 48_000, abs=0.03)
        held.set()
        rest = [chunk async for chunk in chunks]
    assert first.text + "".join(chunk.text for chunk in rest) == "Hello there, how are you?"


async def test_what_is_asked_for():
    async with serving(raw(SOUND, media_type="audio/pcm")) as server:
        await speak(voice(server, rate=9.0), "Hello.")
        body = server.requests[0].json
    expected = {"model": "gpt-4o-mini-tts", "input": "Hello.", "voice": "alloy", "response_format": "pcm", "speed": 4.0}
    assert body == expected
    assert server.requests[0].path == "/v1/audio/speech"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (failure(401, PLANTED), ProviderRefused),
        (failure(500, PLANTED), ProviderUnavailable),
        (stalled(), ProviderUnavailable),
        (cut_after(2000, SOUND), ProviderUnavailable),
        (raw(b"<html>" * 9000, media_type="text/html; charset=utf-8"), ProviderBroken),
        (raw(SOUND, media_type="audio/mpeg"), ProviderBroken),
    ],
)
async def test_failures_are_ours_and_half_a_clause_is_not_spoken(script, kind):
    async with serving(script) as server:
        with pytest.raises(kind) as caught:
            await speak(voice(server, timeout_s=0.3), "Hello.")
    assert PLANTED not in str(caught.value)


async def test_four_times_the_pace_is_no_answer_that_broke_off():
    text = "Seventy letters, in all, take a second and a quarter when they are said so fast."
    async with serving(raw(TONE, TONE[:9600], media_type="audio/pcm")) as server:
        assert "".join(chunk.text for chunk in await speak(voice(server, rate=4.0), text)) == text


async def test_a_cancelled_call_hangs_up():
    async with serving(stalled()) as server:
        speaking = asyncio.create_task(speak(voice(server), "Hello."))
        await server.arrived.wait()
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
        await until(server.hung_up.is_set)


async def test_after_close_nothing_is_asked():
    async with serving(raw(SOUND)) as server:
        synthesizer = voice(server)
        synthesizer.close()
        with pytest.raises(ProviderError):
            await speak(synthesizer, "Hello.")
        assert server.requests == []
