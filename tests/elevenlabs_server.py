"""ElevenLabs' stream-input socket on this machine: a tone per letter, with alignment; faults where a test wants."""

from __future__ import annotations

import asyncio
import base64
import http
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import websockets
from websockets.asyncio.server import ServerConnection, serve

RATE_HZ = 24_000
LETTER_S = 0.05
KEY = "sk_planted0123456789"


@dataclass
class Voice:
    """What the server does, and what it saw."""

    pieces: int = 2
    """Messages for each stretch of text."""
    dies_after: int | None = None
    """Bytes of sound over all, then the connection is gone."""
    close_after: tuple[int, str] = (0, "")
    """Close code and reason in place of a lost connection."""
    aligned: bool = True
    spelling: str = "charDurationsMs"
    stalls: bool = False
    says_final: bool = True
    delay_s: float = 0.0
    garbage: str = ""
    """Sent in place of the first sound."""
    refuses: int = 0
    """HTTP status of the handshake."""
    sent: list[dict[str, Any]] = field(default_factory=list)
    """Messages of the clients."""
    sent_s: list[float] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    """Their paths."""
    keys: list[str | None] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    left: int | None = None
    url: str = ""

    async def answer(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.connections.append(socket.request.path)
        self.keys.append(socket.request.headers.get("xi-api-key"))
        self.left = self.dies_after
        with suppress(websockets.ConnectionClosed):
            await self._talk(socket)
        self.gone.set()

    async def _talk(self, socket: ServerConnection) -> None:
        async for raw in socket:
            message = json.loads(raw)
            self.sent.append(message)
            self.sent_s.append(asyncio.get_running_loop().time())
            text = message["text"]
            if text == "":
                if self.says_final:
                    await socket.send(json.dumps({"audio": None, "isFinal": True, "alignment": None}))
                await socket.close(1000)
                return
            if text == " " or self.stalls:
                continue
            await self._speak(socket, text)

    async def _speak(self, socket: ServerConnection, text: str) -> None:
        if self.garbage:
            await socket.send(self.garbage)
            return
        size = -(-len(text) // self.pieces)
        for start in range(0, len(text), size):
            await asyncio.sleep(self.delay_s)
            part = text[start : start + size]
            sound = spoken(part)
            if self.left is not None and len(sound) > self.left:
                await self._die(socket)
                raise websockets.ConnectionClosedError(None, None)
            if self.left is not None:
                self.left -= len(sound)
            await socket.send(json.dumps(self._message(part, sound)))

    async def _die(self, socket: ServerConnection) -> None:
        code, reason = self.close_after
        if code:
            await socket.close(code, reason)
        else:
            socket.transport.abort()

    def _message(self, part: str, sound: bytes) -> dict[str, Any]:
        starts = [round(1000 * LETTER_S * at) for at in range(len(part))]
        lengths = [round(1000 * LETTER_S)] * len(part)
        alignment = {"chars": list(part), "charStartTimesMs": starts, self.spelling: lengths}
        return {
            "audio": base64.b64encode(sound).decode(),
            "isFinal": None,
            "alignment": alignment if self.aligned else None,
            "normalizedAlignment": None,
        }


def spoken(text: str) -> bytes:
    """A tone per letter whose pitch is the letter's, and silence for a space."""
    frames = round(LETTER_S * RATE_HZ)
    letters = [tone(character, frames) for character in text]
    return np.concatenate(letters).astype("<i2").tobytes() if letters else b""


def tone(character: str, frames: int) -> np.ndarray:
    if character.isspace():
        return np.zeros(frames)
    return 8000 * np.sin(2 * np.pi * (200 + 20 * (ord(character) % 64)) / RATE_HZ * np.arange(frames))


@asynccontextmanager
async def speaking(**options: Any) -> AsyncIterator[Voice]:
    """A server on a free port for the time of the context."""
    voice = Voice(**options)

    def handshake(_: ServerConnection, request: Any) -> Any:
        del request
        if voice.refuses:
            body = json.dumps({"detail": {"status": "invalid_api_key", "message": f"bad {KEY}"}})
            return websockets.Response(
                voice.refuses, http.HTTPStatus(voice.refuses).phrase, websockets.Headers(), body.encode()
            )
        return None

    async with serve(voice.answer, "127.0.0.1", 0, process_request=handshake) as server:
        voice.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield voice


def query(path: str) -> dict[str, str]:
    """The parameters in a path."""
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
