"""Groq and ElevenLabs as processes of their own on this machine, each of known delay; prints their addresses as JSON.

`python -m benchmarks.cloud.services STT_MS LLM_MS TTS_MS` runs until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from tests.elevenlabs_server import speaking
from tests.scripted_server import DONE, END, Peer, Request, delta, serving

_SPIN_S = 0.0025
"""Of a delay that is not slept: a sleep of asyncio ends up to a millisecond late, and three of them stand in a turn."""
_WORDS = "The first clause is here, and there is a second one behind it. "


async def exactly(seconds: float) -> None:
    """Take `seconds`, not more."""
    until_s = time.perf_counter() + seconds
    await asyncio.sleep(max(0.0, seconds - _SPIN_S))
    while time.perf_counter() < until_s:
        pass


async def run(stt_s: float, llm_s: float, tts_s: float) -> None:
    """All three until nobody is there any more."""

    async def listen(_: Request, peer: Peer) -> None:
        await exactly(stt_s)
        await peer.answer(200, json.dumps({"text": "What is that?"}))

    async def write(_: Request, peer: Peer) -> None:
        await peer.begin_stream()
        await exactly(llm_s)
        for word in _WORDS.split(" "):
            await peer.chunk(delta(f"{word} "))
        await peer.chunk(END + DONE)
        await peer.end_stream()

    async def groq(request: Request, peer: Peer) -> None:
        await (listen if "transcriptions" in request.path else write)(request, peer)

    async with serving(groq) as server, speaking(pieces=1, delay_s=tts_s, wait=exactly) as voice:
        print(json.dumps({"groq": server.url, "elevenlabs": voice.url}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(run(*(float(word) / 1000 for word in sys.argv[1:4])))
