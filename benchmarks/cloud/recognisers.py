"""From the end of speech to the last word, over servers on this machine that take a known time for it.

`python -m benchmarks.cloud.recognisers [--runs 20] [--delay-ms 100]` prints, in ms: what is left of that time when the
servers' own is taken away. Uploads are sent when the turn is over; the others hear along at the pace of speech. The
services are simulated, and so is the network: there is none.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret
from localvoice.stt.openai_compatible import OpenAICompatibleRecognizer
from tests.scripted_server import Answer, Peer, Request, serving, status
from tests.stt_servers.ears import TEXT, listening, spoken
from tests.stt_servers.table import STREAMED, Streamed

_BLOCK = SPEECH_RATE_HZ // 50
_TURN = np.tile(spoken(), 2)
"""2.2 s."""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--delay-ms", type=float, default=100.0)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.runs, arguments.delay_ms / 1000))


async def measure(runs: int, delay_s: float) -> None:
    """One line per recogniser."""
    print(f"groq (upload): {spread(await uploaded(runs, delay_s), delay_s)}")
    for name, one in STREAMED.items():
        print(f"{name}: {spread(await streamed(one, runs, delay_s), delay_s)}")


def spread(took_s: list[float], delay_s: float) -> str:
    """Median and p95 beyond the server's own time."""
    over_ms = [(one - delay_s) * 1000 for one in took_s]
    return f"{statistics.median(over_ms):.1f} (p95 {statistics.quantiles(over_ms, n=20)[-1]:.1f})"


async def uploaded(runs: int, delay_s: float) -> list[float]:
    """The whole turn is sent when it is over, over a warm connection."""
    answer = late(status(200, {"text": TEXT}), delay_s)
    took = []
    async with serving(answer) as server:
        ears = OpenAICompatibleRecognizer(
            Service("groq", PROVIDERS["groq"].root(server.url), Secret("none"), 5.0), "whisper-large-v3-turbo", "en"
        )
        await ears.check()
        for _ in range(runs):
            began = time.perf_counter()
            await ears.transcribe(_TURN)
            took.append(time.perf_counter() - began)
        ears.close()
        await asyncio.sleep(0.05)
    return took


def late(answer: Answer, delay_s: float) -> Answer:
    """`answer` after a while."""

    async def given(request: Request, peer: Peer) -> None:
        await asyncio.sleep(delay_s)
        await answer(request, peer)

    return given


async def streamed(one: Streamed, runs: int, delay_s: float) -> list[float]:
    """The turn is sent while it is spoken."""
    took = []
    async with listening(one.dialect, final_delay_s=delay_s) as server:
        ears = one.engine(server.url)
        await ears.check()
        for _ in range(runs):
            over: list[float] = []
            final = [partial async for partial in ears.stream(said(over))][-1]
            took.append(time.perf_counter() - over[0])
            if final.text != f"{TEXT} {TEXT}":
                raise SystemExit(f"{one.provider} heard {final.text!r}")
        ears.close()
        await asyncio.sleep(0.05)
    return took


async def said(over: list[float]) -> AsyncIterator[Samples]:
    """Blocks at the pace of speech; `over` gets the time of its end."""
    began = time.perf_counter()
    for start in range(0, len(_TURN), _BLOCK):
        yield _TURN[start : start + _BLOCK]
        await asyncio.sleep(max(0.0, began + (start + _BLOCK) / SPEECH_RATE_HZ - time.perf_counter()))
    over.append(time.perf_counter())


if __name__ == "__main__":
    main()
