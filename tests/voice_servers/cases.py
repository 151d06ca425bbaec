"""Every voice behind one way to open it, with what goes wrong at its service."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from xml.sax.saxutils import unescape

from localvoice.engines import Synthesizer
from localvoice.providers import PROVIDERS
from tests.cloud_orders import order
from tests.elevenlabs_server import LETTER_S, RATE_HZ, Voice, line, speaking, spoken
from tests.scripted_server import Answer, Peer, Request, serving
from tests.voice_servers.azure_server import Azure
from tests.voice_servers.cartesia_server import Cartesia
from tests.voice_servers.deepgram_server import Deepgram
from tests.voice_servers.mouth import Manner, Mouth, voicing
from tests.voice_servers.sarvam_server import Sarvam


@dataclass(frozen=True)
class Fault:
    """What goes wrong; nothing where it says nothing."""

    refuses: int = 0
    """HTTP status of every request or handshake."""
    retry_after: str = ""
    dies_at: int | None = None
    """The message with sound that does not come any more."""
    garbage: bool = False
    """Something unreadable comes in place of the first sound."""
    stalls: bool = False
    delay_s: float = 0.0
    """Before each message."""


@dataclass
class Open:
    """A voice and the service that it speaks through."""

    voice: Synthesizer
    drop: Callable[[], None]
    """The service hangs up on everybody, and is there again at once."""


Case = Callable[..., AbstractAsyncContextManager[Open]]


def _made(name: str, url: str, timeout_s: float, **options: Any) -> Synthesizer:
    made = order(name, url, timeout_s=timeout_s, **options)
    voice: Synthesizer = import_module(PROVIDERS[name].module("tts")).load(made)
    return voice


@asynccontextmanager
async def _closing(voice: Synthesizer, drop: Callable[[], None]) -> AsyncIterator[Open]:
    try:
        yield Open(voice, drop)
    finally:
        voice.close()
        await asyncio.sleep(0.01)


def _over(manner: type[Manner]) -> Case:
    """One of the voices on `Mouth`."""

    @asynccontextmanager
    async def opened(fault: Fault = Fault(), pieces: int = 2, timeout_s: float = 5.0) -> AsyncIterator[Open]:
        garbage = {"dies_at": 0, "garbage": "{half"} if fault.garbage else {"dies_at": fault.dies_at}
        options = {"refuses": fault.refuses, "stalls": fault.stalls, "delay_s": fault.delay_s, "pieces": pieces}
        headers = {"retry-after": fault.retry_after} if fault.retry_after else {}
        async with voicing(manner, refusal_headers=headers, **options, **garbage) as mouth:

            def drop(mouth: Mouth = mouth) -> None:
                for socket in mouth.sockets:
                    socket.transport.abort()

            async with _closing(_made(manner.__name__.lower(), mouth.url, timeout_s), drop) as found:
                yield found

    return opened


def _elevenlabs(transport: str) -> Case:
    @asynccontextmanager
    async def opened(fault: Fault = Fault(), pieces: int = 2, timeout_s: float = 5.0) -> AsyncIterator[Open]:
        options = {"refuses": fault.refuses, "stalls": fault.stalls, "delay_s": fault.delay_s, "pieces": pieces}
        garbage = "{half" if fault.garbage else ""
        async with speaking(garbage=garbage, dies_at=fault.dies_at, retry_after=fault.retry_after, **options) as server:

            def drop(server: Voice = server) -> None:
                for socket in server.sockets:
                    socket.transport.abort()

            made = _made("elevenlabs", server.url, timeout_s, transport=transport)
            async with _closing(made, drop) as found:
                yield found

    return opened


def _over_http(name: str, body: Callable[[str, int], list[bytes]], **options: Any) -> Case:
    """One of the voices that ask clause by clause; `body` are the chunks of an answer."""

    @asynccontextmanager
    async def opened(fault: Fault = Fault(), pieces: int = 2, timeout_s: float = 5.0) -> AsyncIterator[Open]:
        answer = answering(fault, lambda text: body(text, pieces))
        async with (
            serving(answer, listing=answer if fault.refuses else None) as server,
            _closing(_made(name, server.url, timeout_s, **options), server.drop) as found,
        ):
            yield found

    return opened


def answering(fault: Fault, body: Callable[[str], list[bytes]]) -> Answer:
    sent = 0

    async def answer(request: Request, peer: Peer) -> None:
        nonlocal sent
        if fault.refuses:
            headers = {"retry_after": fault.retry_after} if fault.retry_after else {}
            await peer.answer(fault.refuses, json.dumps({"error": {"message": "no"}}), **headers)
            return
        if fault.stalls:
            await asyncio.Event().wait()
        if fault.garbage:
            await peer.answer(200, "{half\n")
            return
        asked = request.json
        await peer.begin_stream("application/octet-stream")
        text = asked.get("input") or asked["text"]
        for chunk in body(text if isinstance(text, str) else text.get("ssml") or text["text"]):
            await asyncio.sleep(fault.delay_s)
            if sent == fault.dies_at:
                peer.hang_up()
                return
            sent += 1
            await peer.chunk(chunk)
        await peer.end_stream()

    return answer


def _parts(text: str, pieces: int) -> list[str]:
    size = max(1, -(-len(text) // pieces))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _lines(text: str, pieces: int) -> list[bytes]:
    return [json.dumps(line(part, spoken(part))).encode() + b"\n" for part in _parts(text, pieces)]


def _pcm(text: str, pieces: int) -> list[bytes]:
    return [spoken(part) for part in _parts(text, pieces)]


def google_body(text: str, pieces: int) -> list[bytes]:
    """One JSON in `pieces`, with a time for every mark."""
    words = re.findall(r"<mark name=\"(\d+)\"/>([^<]*)", text)
    plain = unescape("".join(word for _, word in words))
    sound, points, at = io.BytesIO(), [], 0
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(spoken(plain))
    for name, word in words:
        points.append({"markName": name, "timeSeconds": at * LETTER_S})
        at += len(unescape(word))
    body = json.dumps({"audioContent": base64.b64encode(sound.getvalue()).decode(), "timepoints": points}).encode()
    size = -(-len(body) // pieces)
    return [body[start : start + size] for start in range(0, len(body), size)]


CLOUD: dict[str, Case] = {
    "elevenlabs stream-input": _elevenlabs("stream-input"),
    "elevenlabs multi-context": _elevenlabs("multi-context"),
    "elevenlabs http": _over_http("elevenlabs", _lines, transport="http"),
    "openai": _over_http("openai", _pcm),
    "google": _over_http("google", google_body),
    "cartesia": _over(Cartesia),
    "deepgram": _over(Deepgram),
    "sarvam": _over(Sarvam),
    "azure": _over(Azure),
}
