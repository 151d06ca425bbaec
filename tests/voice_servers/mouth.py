"""Streaming voices on this machine: a tone per letter, so that what was spoken can be seen in the sound.

A service is a `Manner`; what goes wrong with any of them is an option of `Mouth`.
"""

from __future__ import annotations

import asyncio
import http
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import websockets
from websockets.asyncio.server import ServerConnection, serve

from tests.cloud_orders import PLANTED
from tests.elevenlabs_server import LETTER_S, RATE_HZ, query, spoken

Frame = str | bytes
Word = tuple[str, float, float]
"""And when it begins and ends to sound, in seconds."""


class Manner:
    """One connection as a service holds it."""

    header = "Authorization"
    prefix = ""
    """Before the key."""
    refusal: ClassVar[Any] = {"error": {"message": f"bad {PLANTED}"}}

    def __init__(self, asked: dict[str, str], mouth: Mouth) -> None:
        self.asked = asked
        self.mouth = mouth

    def hear(self, message: Frame) -> Iterable[Frame]:
        """Answers; a `bytes` or a message with sound goes through `pieces`."""
        raise NotImplementedError

    def pieces(self, text: str) -> Iterator[tuple[bytes, list[Word]]]:
        """The sound of `text` in stretches, each with the words that begin in it, in seconds of `text`."""
        size = max(1, -(-len(text) // self.mouth.pieces))
        for start in range(0, len(text), size):
            words = [word for word in words_of(text) if start <= round(word[1] / LETTER_S) < start + size]
            yield spoken(text[start : start + size]), words if self.mouth.knows_words else []

    def error(self, status: int, said: str) -> Frame:
        """A failure as the service words it."""
        raise NotImplementedError


class Closing(Exception):
    """The service closes the socket as it should."""


@dataclass
class Mouth:
    """A service, what goes wrong with it, and what it saw."""

    manner: type[Manner]
    pieces: int = 2
    """Messages for each stretch of text."""
    dies_at: int | None = None
    """The message that is not sent any more: the connection is gone instead."""
    close_with: tuple[int, str] = (0, "")
    """Close code and reason in place of a lost connection."""
    garbage: Frame = ""
    """Sent in place of message `dies_at`."""
    fails: tuple[int, str] = (0, "")
    """Status and text of an error message in place of the first answer."""
    refuses: int = 0
    """HTTP status of the handshake."""
    refusal_headers: dict[str, str] = field(default_factory=dict)
    stalls: bool = False
    delay_s: float = 0.0
    """Before each message."""
    knows_words: bool = True
    """Whether it tells the times of words, where the service does."""
    sent: int = 0
    received: list[Frame] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    sockets: list[ServerConnection] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def answer(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        self.sockets.append(socket)
        manner = self.manner(query(socket.request.path), self)
        with suppress(websockets.ConnectionClosed):
            while True:
                message = await socket.recv()
                self.received.append(message)
                self.arrived.set()
                await self._say(socket, manner, message)
        self.gone.set()

    async def _say(self, socket: ServerConnection, manner: Manner, message: Frame) -> None:
        try:
            for answer in manner.hear(message):
                if self.stalls:
                    return
                await asyncio.sleep(self.delay_s)
                if self.sent == self.dies_at and not self.garbage:
                    await self._die(socket)
                is_garbled, self.sent = self.sent == self.dies_at, self.sent + 1
                await socket.send(
                    manner.error(*self.fails) if self.fails[0] else self.garbage if is_garbled else answer
                )
        except Closing:
            await socket.close(1000)

    async def _die(self, socket: ServerConnection) -> None:
        code, reason = self.close_with
        if code:
            await socket.close(code, reason)
        else:
            socket.transport.abort()
        raise websockets.ConnectionClosedError(None, None)


@asynccontextmanager
async def voicing(manner: type[Manner], **options: Any) -> AsyncIterator[Mouth]:
    """A server on a free port for the time of the context."""
    mouth = Mouth(manner, **options)

    def handshake(_: ServerConnection, request: Any) -> Any:
        is_known = request.headers.get(manner.header) == manner.prefix + PLANTED
        status = mouth.refuses or (0 if is_known else 401)
        if not status:
            return None
        headers = websockets.Headers(mouth.refusal_headers)
        return websockets.Response(status, http.HTTPStatus(status).phrase, headers, json.dumps(manner.refusal).encode())

    async with serve(mouth.answer, "127.0.0.1", 0, process_request=handshake, max_size=None) as server:
        mouth.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield mouth
        for socket in list(server.connections):
            socket.transport.abort()


def words_of(text: str) -> list[Word]:
    """The words of a text, and when each of them sounds."""
    spans = ((match.group(), *match.span()) for match in re.finditer(r"\S+", text))
    return [(word, start * LETTER_S, end * LETTER_S) for word, start, end in spans]


def seconds(sound: bytes) -> float:
    return len(sound) / 2 / RATE_HZ
