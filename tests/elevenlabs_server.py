"""ElevenLabs' sockets on this machine: a tone per letter, with alignment; faults where a test wants."""

from __future__ import annotations

import asyncio
import base64
import http
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import websockets
from websockets.asyncio.server import ServerConnection, serve

from tests.scripted_server import Answer, Peer, Request

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
    dies_at: int | None = None
    """The message with sound that is not sent any more."""
    retry_after: str = ""
    """In the answer to a refused handshake."""
    close_after: tuple[int, str] = (0, "")
    """Close code and reason in place of a lost connection."""
    aligned: bool = True
    spelling: str = "charDurationsMs"
    stalls: bool = False
    says_final: bool = True
    delay_s: float = 0.0
    """From a text to its sound, what it takes to make that included."""
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep
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
    handshake_s: float = 0.0
    most_contexts: int = 5
    sockets: list[ServerConnection] = field(default_factory=list)
    contexts: set[str] = field(default_factory=set)
    """Open ones, on the socket with contexts."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    left: dict[ServerConnection, int] = field(default_factory=dict)
    """Bytes until a connection dies."""
    spoken: int = 0
    """Messages with sound so far."""
    url: str = ""

    async def answer(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.connections.append(socket.request.path)
        self.keys.append(socket.request.headers.get("xi-api-key"))
        if self.dies_after is not None:
            self.left[socket] = self.dies_after
        has_contexts = "multi-stream-input" in socket.request.path
        self.sockets.append(socket)
        with suppress(websockets.ConnectionClosed):
            await (self._talk_in_contexts(socket) if has_contexts else self._talk(socket))
        self.gone.set()

    async def _talk_in_contexts(self, socket: ServerConnection) -> None:
        """Contexts are spoken side by side; what is closed says no more."""
        async with asyncio.TaskGroup() as tasks:
            self.contexts.clear()
            speaking: dict[str, asyncio.Queue[str | None]] = {}
            async for raw in _messages(socket):
                message = json.loads(raw)
                self.sent.append(message)
                self.sent_s.append(asyncio.get_running_loop().time())
                context = message.get("context_id", "")
                if not context:
                    continue
                if message.get("close_context"):
                    self.contexts.discard(context)
                    speaking[context].put_nowait(None)
                    continue
                if context not in self.contexts and len(self.contexts) >= self.most_contexts:
                    await socket.close(1008, "max_active_conversations")
                if context not in speaking:
                    self.contexts.add(context)
                    speaking[context] = asyncio.Queue()
                    tasks.create_task(self._speak_context(socket, context, speaking[context]))
                if message.get("text", "").strip() and not self.stalls:
                    speaking[context].put_nowait(message["text"])
            for texts in speaking.values():
                texts.put_nowait(None)

    async def _speak_context(self, socket: ServerConnection, context: str, texts: asyncio.Queue[str | None]) -> None:
        with suppress(websockets.ConnectionClosed):
            while (text := await texts.get()) is not None:
                await self._speak(socket, text, {"contextId": context})
            if self.says_final:
                await socket.send(json.dumps({"audio": None, "isFinal": True, "contextId": context}))

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

    async def _speak(self, socket: ServerConnection, text: str, more: dict[str, Any] | None = None) -> None:
        if self.garbage:
            await socket.send(self.garbage)
            return
        size = -(-len(text) // self.pieces)
        for start in range(0, len(text), size):
            began_s = time.perf_counter()
            part = text[start : start + size]
            sound = spoken(part)
            message = json.dumps(self._message(part, sound) | (more or {}))
            await self.wait(max(0.0, self.delay_s - (time.perf_counter() - began_s)))
            if len(sound) > self.left.get(socket, len(sound)) or self.spoken == self.dies_at:
                await self._die(socket)
                raise websockets.ConnectionClosedError(None, None)
            self.spoken += 1
            if socket in self.left:
                self.left[socket] -= len(sound)
            await socket.send(message)

    async def _die(self, socket: ServerConnection) -> None:
        code, reason = self.close_after
        if code:
            await socket.close(code, reason)
        else:
            socket.transport.abort()

    def sent_texts(self) -> list[str]:
        """What was to be spoken."""
        return [message["text"] for message in self.sent if message.get("text", "").strip()]

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


async def _messages(socket: ServerConnection) -> AsyncIterator[str | bytes]:
    """Until it is closed, however."""
    try:
        while True:
            yield await socket.recv()
    except websockets.ConnectionClosed:
        return


def spoken(text: str) -> bytes:
    """A tone per letter whose pitch is the letter's, and silence for a space."""
    frames = round(LETTER_S * RATE_HZ)
    letters = [tone(character, frames) for character in text]
    return np.concatenate(letters).astype("<i2").tobytes() if letters else b""


def tone(character: str, frames: int) -> np.ndarray:
    if character.isspace():
        return np.zeros(frames)
    return 8000 * np.sin(2 * np.pi * (200 + 20 * (ord(character) % 64)) / RATE_HZ * np.arange(frames))


@dataclass
class Mortal:
    """What dies after so many bytes of sound over all."""

    left: int

    def survives(self, sound: bytes) -> bool:
        self.left -= len(sound)
        return self.left >= 0


def timed_lines(pieces: int = 2, mortal: Mortal | None = None) -> Answer:
    """The HTTP stream with timestamps: a line for each stretch of the text that is asked for."""

    async def answer(request: Request, peer: Peer) -> None:
        text = request.json["text"]
        await peer.begin_stream("application/json")
        size = -(-len(text) // pieces)
        for start in range(0, len(text), size):
            part = text[start : start + size]
            sound = spoken(part)
            if mortal is not None and not mortal.survives(sound):
                peer.hang_up()
                return
            await peer.chunk(json.dumps(line(part, sound)).encode() + b"\n")
        await peer.end_stream()

    return answer


def line(part: str, sound: bytes) -> dict[str, Any]:
    """Of the HTTP stream with timestamps."""
    starts = [LETTER_S * at for at in range(len(part))]
    ends = [start + LETTER_S for start in starts]
    alignment = {
        "characters": list(part),
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    }
    return {"audio_base64": base64.b64encode(sound).decode(), "alignment": alignment, "normalized_alignment": None}


@asynccontextmanager
async def speaking(**options: Any) -> AsyncIterator[Voice]:
    """A server on a free port for the time of the context."""
    voice = Voice(**options)

    async def handshake(_: ServerConnection, request: Any) -> Any:
        del request
        await asyncio.sleep(voice.handshake_s)
        if voice.refuses:
            body = json.dumps({"detail": {"status": "invalid_api_key", "message": f"bad {KEY}"}})
            headers = websockets.Headers({"retry-after": voice.retry_after} if voice.retry_after else {})
            phrase = http.HTTPStatus(voice.refuses).phrase
            return websockets.Response(voice.refuses, phrase, headers, body.encode())
        return None

    async with serve(voice.answer, "127.0.0.1", 0, process_request=handshake) as server:
        voice.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield voice


def query(path: str) -> dict[str, str]:
    """The parameters in a path."""
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
