"""A service that sends a byte now and then for ever has stalled: nobody waits for it longer than for silence."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from importlib import import_module

import numpy as np
import pytest

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.errors import ProviderUnavailable
from tests.cloud_orders import order
from tests.fakes import user
from tests.scripted_server import (
    Answer,
    Peer,
    Request,
    no_connection_left,  # noqa: F401 - a fixture for every test here
    raw,
    serving,
)

SOUND = np.sin(np.arange(SPEECH_RATE_HZ) / 5).astype(np.float32)
PATIENCE_S = 0.3
EVERY_S = 0.02
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nContent-Type: text/event-stream\r\n\r\n"
REFUSAL = HEAD.replace(b"200 OK", b"503 No")


def dripping(at_once: bytes) -> Answer:
    """An answer that begins with `at_once` and comes to no end."""

    async def answer(_: Request, peer: Peer) -> None:
        await peer.send(at_once)
        while True:
            await asyncio.sleep(EVERY_S)
            await peer.send(b" ")

    return answer


async def hear(url: str) -> None:
    made = order("groq", url, stage="stt", timeout_s=PATIENCE_S)
    await import_module(made.provider.module("stt")).load(made).transcribe(SOUND)


async def think(url: str) -> None:
    made = order("groq", url, stage="llm", timeout_s=PATIENCE_S)
    async with aclosing(import_module(made.provider.module("llm")).load(made).reply([user("hello")])) as parts:
        _ = [part async for part in parts]


async def speak(url: str, name: str, **options: str) -> None:
    async def text():
        yield "Hello there."

    made = order(name, url, timeout_s=PATIENCE_S, **options)
    async with aclosing(import_module(made.provider.module("tts")).load(made).synthesize(text())) as chunks:
        _ = [chunk async for chunk in chunks]


async def speak_openai(url: str) -> None:
    await speak(url, "openai")


async def speak_elevenlabs(url: str) -> None:
    await speak(url, "elevenlabs", transport="http")


async def check(url: str) -> None:
    made = order("groq", url, stage="llm", timeout_s=PATIENCE_S)
    await import_module(made.provider.module("llm")).load(made).check()


@pytest.mark.parametrize("at_once", [HEAD[:20], HEAD, REFUSAL], ids=["headers", "body", "refusal"])
@pytest.mark.parametrize("work", [hear, think, speak_openai, speak_elevenlabs, check])
async def test_a_drip_without_end_counts_as_silence(work, at_once):
    async with serving(dripping(at_once), listing=dripping(at_once)) as server, asyncio.timeout(10):
        with pytest.raises(ProviderUnavailable, match="does not answer"):
            await work(server.url)


async def test_an_answer_that_keeps_coming_may_take_longer_than_a_silence():
    events = [b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n'] * 8
    end = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    slowly = [part for event in events for part in (PATIENCE_S / 3, event)]
    async with serving(raw(*slowly, end)) as server, asyncio.timeout(10):
        await think(server.url)
