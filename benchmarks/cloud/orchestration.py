"""What we add to the engines: from a turn's sound to the first sample of the reply, less the delays of the services.

`python -m benchmarks.cloud.orchestration [--runs 100]` lets Groq's recogniser and model and ElevenLabs' voice, in
another process on this machine with fixed delays (60, 60, 50 ms: 170 in all), answer turn by turn through the classes
that a session uses: hand-over, clauses, what is speakable, word times. In between the same calls are made with
nothing but httpx and websockets, and with bytes written by hand to a bare connection: what those take beyond the delays
is the machine's and the services' own. Simulated: services and delays.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from urllib.parse import urlsplit

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.llm import openai_compatible as chat
from localvoice.messages import Message, Role
from localvoice.streams import read_ahead
from localvoice.stt import openai_compatible as ears
from localvoice.text.clauses import clauses
from localvoice.tts import elevenlabs
from tests.cloud_orders import order
from tests.fakes import FakeChatModel, FakeRecognizer, FakeSynthesizer

DELAYS_MS = (60.0, 60.0, 50.0)
_TURN = np.sin(np.arange(2 * SPEECH_RATE_HZ) / 9).astype(np.float32)
"""Two seconds of it."""
Moment = tuple[float, float]
"""On the clock and on the processor's, in seconds."""

_ROWS = ("ours", "bare calls", "by hand", "our processor time")
_CLAUSE = json.dumps({"text": "The first clause is here, ", "flush": True})
_PAUSE_S = 0.15
"""Between turns: the next socket is made meanwhile, as it is while a reply sounds."""
_AHEAD = 32
"""Pieces between model and voice, and between voice and player: as in a session, tasks of their own read on."""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    command = [sys.executable, "-m", "benchmarks.cloud.services", *map(str, DELAYS_MS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as services:
        assert services.stdin is not None  # noqa: S101 - as opened
        assert services.stdout is not None  # noqa: S101 - as opened
        urls = json.loads(services.stdout.readline())
        try:
            for transport in ("stream-input", "multi-context"):
                rows = zip(*asyncio.run(measure(urls, transport, runs)), strict=True)
                for name, values in zip(_ROWS, rows, strict=True):
                    print(f"{transport}, {name}: {spread(values)} ms")
        finally:
            services.stdin.close()


def spread(values_ms: Sequence[float]) -> str:
    """Median and p95."""
    return f"{statistics.median(values_ms):.1f} (p95 {statistics.quantiles(values_ms, n=20)[-1]:.1f})"


async def measure(urls: dict[str, str], transport: str, runs: int) -> list[tuple[float, float, float, float]]:
    """Of each turn, in ms beyond the delays: ours, the bare calls, by hand; and processor time of ours."""

    def told(*change: str) -> None:
        raise RuntimeError(f"a service was replaced: {change}")

    stt = FallbackRecognizer([ears.load(order("groq", urls["groq"], stage="stt")), FakeRecognizer("x")], told)
    llm = FallbackChatModel([chat.load(order("groq", urls["groq"], stage="llm")), FakeChatModel("x")], told)
    voice = elevenlabs.load(order("elevenlabs", urls["elevenlabs"], transport=transport))
    tts = FallbackSynthesizer([voice, FakeSynthesizer()], told)
    took = []
    async with httpx.AsyncClient(base_url=f"{urls['groq']}/openai/v1", trust_env=False) as client:
        for _ in range(runs + 1):  # the first one connects
            ours_ms, worked_ms = await timed(first_sample(stt, llm, tts))
            async with connect(_socket_url(urls)) as socket:
                bare_ms, _ = await timed(bare(client, socket))
            reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(urls["groq"]).port)
            async with connect(_socket_url(urls)) as socket:
                by_hand_ms, _ = await timed(by_hand(reader, writer, socket))
            writer.close()
            took.append((ours_ms, bare_ms, by_hand_ms, worked_ms))
            await asyncio.sleep(_PAUSE_S)
    for engines in (stt, llm, tts):
        engines.close()
    await asyncio.sleep(0)
    return took[1:]


async def timed(turn: Coroutine[None, None, Moment]) -> tuple[float, float]:
    """Milliseconds beyond the delays, and of processor time, up to the first sample."""
    began, worked = now()
    sounds, has_worked = await turn
    return (sounds - began) * 1000 - sum(DELAYS_MS), (has_worked - worked) * 1000


def now() -> Moment:
    """What is behind the first sample, such as hanging up, is not on its way."""
    return time.perf_counter(), time.process_time()


async def bare(client: httpx.AsyncClient, socket: ClientConnection) -> Moment:
    """The same calls, and nothing else."""
    await client.post("/audio/transcriptions", content=bytes(2 * len(_TURN)))
    async with client.stream("POST", "/chat/completions", json={"model": "m"}) as answer:
        await anext(answer.aiter_bytes())
        await socket.send(_CLAUSE)
        await socket.recv()
        return now()


async def by_hand(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: ClientConnection) -> Moment:
    """The same bytes on a bare connection, and answers that are looked at for one word."""
    writer.write(_posted("/audio/transcriptions", bytes(2 * len(_TURN))))
    await reader.readuntil(b"}")
    writer.write(_posted("/chat/completions", b'{"model":"m"}'))
    await reader.readuntil(b"here")
    await socket.send(_CLAUSE)
    await socket.recv()
    return now()


def _posted(path: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _socket_url(urls: dict[str, str]) -> str:
    return f"{urls['elevenlabs'].replace('http', 'ws')}/v1/text-to-speech/v/stream-input"


async def first_sample(stt: FallbackRecognizer, llm: FallbackChatModel, tts: FallbackSynthesizer) -> Moment:
    """A turn up to the first chunk that sounds."""
    heard = await stt.transcribe(_TURN)

    async def text() -> AsyncIterator[str]:
        async for part in llm.reply([Message(Role.USER, heard.text)]):
            if isinstance(part, str):
                yield part

    async with (
        read_ahead(text(), _AHEAD) as parts,
        read_ahead(tts.synthesize(clauses(parts)), _AHEAD) as chunks,
    ):
        async for chunk in chunks:
            if len(chunk.samples):
                return now()
    raise RuntimeError("nothing was spoken")


if __name__ == "__main__":
    main()
