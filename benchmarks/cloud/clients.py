"""Our client of chat completions and ElevenLabs' socket beside the vendors' own, against servers on this machine.

`python -m benchmarks.cloud.clients [--runs 200]` prints, in ms: importing, request to first text (the server answers at
once), closing a reply until the server notices, and a clause's end until its text is at the server of the voice.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from localvoice.config import ReplyConfig
from localvoice.llm.openai_compatible import OpenAICompatibleModel
from localvoice.messages import Message, Role
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret
from localvoice.tts.elevenlabs import load
from tests.cloud_orders import order
from tests.elevenlabs_server import speaking, timed_lines
from tests.scripted_server import ScriptedServer, completion, serving

HELLO = [{"role": "user", "content": "hello"}]
KEY = Secret("none")
_HEARD_S = 0.3
"""Of a reply that is cut: sooner nobody knows that somebody speaks over it."""
_HANDSHAKE_S = 0.15
"""Of a new socket: a healthy one takes 0.1 to 0.3 s, TLS included."""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    names = (
        "localvoice.remote, localvoice.http_client",
        "localvoice.sockets, websockets.asyncio.client",
        "groq",
        "openai",
        "elevenlabs.client",
    )
    print("import:", {name: f"{imported(name):.0f}" for name in names})
    asyncio.run(measure(runs))


def imported(names: str) -> float:
    """Milliseconds to import, less Python's own start; the best of three."""

    def took(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (time.perf_counter() - began) * 1000

    return min(took(f"import {names}") for _ in range(3)) - min(took("pass") for _ in range(3))


async def measure(runs: int) -> None:
    """First text, hanging up, and text on its way to the voice."""
    words = ["word "] * 40
    async with serving(completion(*words, pause_s=0.005)) as server:
        for name, first in clients(server).items():
            texts, closes = [], []
            for _ in range(runs):
                text_ms, close_ms = await one(server, first)
                texts.append(text_ms)
                closes.append(close_ms)
            print(f"{name}: first text {spread(texts)}, server sees the end {spread(closes)}")
    for transport in ("stream-input", "multi-context"):
        print(f"{transport}, clause end to the voice's server: {spread(await sent(runs, transport))}")
    for transport in ("stream-input", "multi-context", "http"):
        for pause_s in (0.0, 0.5):
            figures = spread(await after_a_cut(max(20, runs // 5), transport, pause_s))
            print(f"{transport}, sound of a reply {pause_s:g} s behind a cut one: {figures}")
    print(f"the vendor's HTTP stream, first sound: {spread(await vendor(max(20, runs // 5)))}")


def spread(values_ms: list[float]) -> str:
    """Median and p95."""
    return f"{statistics.median(values_ms):.1f} (p95 {statistics.quantiles(values_ms, n=20)[-1]:.1f})"


Begun = tuple[float, Callable[[], Awaitable[None]]]


async def one(server: ScriptedServer, first: Callable[[], Awaitable[Begun]]) -> tuple[float, float]:
    """One reply, closed at its first text."""
    server.hung_up.clear()
    began = time.perf_counter()
    at, close = await first()
    closing = time.perf_counter()
    await close()
    await server.hung_up.wait()
    return (at - began) * 1000, (time.perf_counter() - closing) * 1000


def clients(server: ScriptedServer) -> dict[str, Callable[[], Awaitable[Begun]]]:
    """Each begins a reply and returns when its first text came, and how it is closed."""
    import groq
    import openai

    provider = PROVIDERS["groq"]
    model = OpenAICompatibleModel(
        Service("groq", provider.root(server.url), KEY, 10), "m", provider.chat, ReplyConfig()
    )

    async def ours() -> Begun:
        reply = model.reply([Message(Role.USER, "hello")])
        await anext(reply)
        return time.perf_counter(), reply.aclose  # type: ignore[attr-defined]

    def of(client: object) -> Callable[[], Awaitable[Begun]]:
        async def begin() -> Begun:
            stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)  # type: ignore[attr-defined]
            async for chunk in stream:
                if chunk.choices[0].delta.content:
                    break
            return time.perf_counter(), stream.close

        return begin

    return {
        "ours": ours,
        "groq": of(groq.AsyncGroq(api_key="none", base_url=server.url, max_retries=0)),
        "openai": of(openai.AsyncOpenAI(api_key="none", base_url=f"{server.url}/v1", max_retries=0)),
    }


async def sent(runs: int, transport: str) -> list[float]:
    """From a clause handed over until its text is at the server, while the clause before it is being read."""
    ended: list[float] = []

    async def text() -> AsyncIterator[str]:
        for number in range(runs):
            await asyncio.sleep(0.01)
            ended.append(asyncio.get_running_loop().time())
            yield f" Clause number {number}."

    async with speaking() as server:
        voice = load(order("elevenlabs", server.url, transport=transport))
        async for _ in voice.synthesize(text()):
            pass
        voice.close()
        arrived = [
            at
            for at, message in zip(server.sent_s, server.sent, strict=True)
            if message.get("flush") and message.get("text")
        ]
    return [(at - end) * 1000 for at, end in zip(arrived, ended, strict=True)]


async def after_a_cut(runs: int, transport: str, pause_s: float) -> list[float]:
    """From the text of a reply to its first sound, where the one before was cut; a handshake takes 150 ms."""
    took: list[float] = []
    async with speaking(handshake_s=_HANDSHAKE_S) as sockets, serving(timed_lines()) as requests:
        voice = load(order("elevenlabs", (requests if transport == "http" else sockets).url, transport=transport))
        await voice.check()
        for _ in range(runs):
            for is_measured in (False, True):
                began = time.perf_counter()
                chunks = voice.synthesize(_said("One two three."))
                await anext(chunks)
                took += [(time.perf_counter() - began) * 1000] if is_measured else []
                await asyncio.sleep(_HEARD_S)
                await chunks.aclose()
                await asyncio.sleep(0.5 if is_measured else pause_s)
        voice.close()
        await asyncio.sleep(0.01)
    return took


async def vendor(runs: int) -> list[float]:
    """The first sound of the vendor's own client over HTTP, connection kept."""
    from elevenlabs.client import AsyncElevenLabs

    took: list[float] = []
    async with serving(timed_lines()) as server:
        client = AsyncElevenLabs(api_key="none", base_url=server.url)
        for _ in range(runs):
            began = time.perf_counter()
            lines = client.text_to_speech.stream_with_timestamps("v", text="One two three.", output_format="pcm_24000")
            await anext(lines)
            took.append((time.perf_counter() - began) * 1000)
            async for _ in lines:
                pass
    return took


async def _said(text: str) -> AsyncIterator[str]:
    yield text


if __name__ == "__main__":
    main()
