"""Streaming recognisers on this machine: words are levels of sound, so that what was sent is what is heard, or is not.

A service is a `Dialect`; what goes wrong with any of them is an option of `Ears`.
"""

from __future__ import annotations

import asyncio
import http
import json
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import websockets
from websockets.asyncio.server import ServerConnection, serve

RATE_HZ = 16_000
WORD_S = 0.1
KEY = "planted0123456789"
TEXT = "what is the capital city of france my dear old friend"
WORDS = TEXT.split()
_STEP = 1000
_AUDIBLE = 300
_SURE = round(0.06 * RATE_HZ)
"""Samples of one level from which it is a word."""


def spoken(count: int = len(WORDS), first: int = 0) -> np.ndarray:
    """The first words: each a level of its own, for a tenth of a second."""
    frames = round(WORD_S * RATE_HZ)
    levels = [(at + 1) * _STEP / 32768 for at in range(first, first + count)]
    return np.repeat(np.array(levels, dtype=np.float32), frames)


class Sound:
    """What has been heard of the sound so far."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.bytes = 0
        self._level = 0
        self._run = 0

    def hear(self, pcm: bytes) -> None:
        self.bytes += len(pcm)
        samples = np.frombuffer(pcm, dtype="<i2")
        edges = [0, *(np.flatnonzero(np.diff(samples)) + 1), len(samples)]
        for start, end in pairwise(edges):
            self._hear_level(int(samples[start]), int(end - start))

    def _hear_level(self, level: int, length: int) -> None:
        if level != self._level:
            self._level, self._run = level, 0
        before = self._run
        self._run += length
        at = round(level / _STEP) - 1
        if 0 <= at < len(WORDS):
            new = self._count(self._run) - self._count(before)
            self.words += [WORDS[at]] * new

    @staticmethod
    def _count(run: int) -> int:
        """A word a tenth of a second, and another one as soon as most of it is there."""
        whole, rest = divmod(run, round(WORD_S * RATE_HZ))
        return whole + (rest >= _SURE)

    @property
    def quiet_s(self) -> float:
        """Silence at its end."""
        return 0.0 if self._level else self._run / RATE_HZ

    @property
    def seconds(self) -> float:
        return self.bytes / 2 / RATE_HZ


class Scripted(Sound):
    """Hears the words of a script, one per `WORD_S` of sound, whatever the sound is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._script = text.split()
        self._voiced = 0

    def hear(self, pcm: bytes) -> None:
        self.bytes += len(pcm)
        samples = np.abs(np.frombuffer(pcm, dtype="<i2").astype(int))
        self._level = int(samples.max()) if samples.max() > _AUDIBLE else 0
        self._run = 0 if self._level else self._run + len(samples)
        self._voiced += int((samples > _AUDIBLE).sum())
        self.words = self._script[: round(self._voiced / (WORD_S * RATE_HZ))]


class Closing(Exception):
    """The service closes the socket."""

    def __init__(self, code: int = 1000, reason: str = "") -> None:
        self.code, self.reason = code, reason


class Dialect:
    """One conversation as a service holds it. Fill in `hear`; `told` counts the words that are settled."""

    header = "Authorization"
    prefix = ""
    refusal: ClassVar[Any] = {"error": {"message": f"bad {KEY}"}}
    """What the handshake with a wrong key is answered with."""
    takes_any_key = False
    """Whether the handshake succeeds with a wrong key, and only then it is told."""

    def __init__(self, query: dict[str, str]) -> None:
        self.query = query
        self.sound = Sound()
        self.told = 0

    def greeting(self) -> Iterable[str | bytes]:
        return ()

    def hear(self, message: str | bytes) -> Iterable[str | bytes]:
        """Answers. Raises `Closing` behind the last one."""
        raise NotImplementedError

    def asks(self, message: str | bytes) -> bool:
        """Whether it asks for the words so far."""
        return isinstance(message, str)

    def wrong_key(self) -> Iterable[str]:
        """What is said instead of a greeting where `takes_any_key`. Raises `Closing` behind it."""
        return ()

    @property
    def fresh(self) -> str:
        """What was said since the last settled word."""
        return " ".join(self.sound.words[self.told :])

    def settle(self) -> str:
        text, self.told = self.fresh, len(self.sound.words)
        return text


@dataclass
class Ears:
    """A service, what goes wrong with it, and what it saw."""

    dialect: type[Dialect]
    script: str = ""
    """What is heard, whatever is said; empty = the words whose sounds are sent."""
    dies_at: int | None = None
    """The message that is not sent any more: the connection is gone instead."""
    close_with: tuple[int, str] = (0, "")
    """Close code and reason in place of a lost connection."""
    garbage: str | bytes = ""
    """Sent before message `dies_at`, and nobody dies."""
    refuses: int = 0
    """HTTP status of the handshake."""
    refusal_headers: dict[str, str] = field(default_factory=dict)
    stalls: bool = False
    """Nothing is said but the greeting."""
    delay_s: float = 0.0
    """Before each message."""
    jitter_s: float = 0.0
    """Up to so much more, at random."""
    final_delay_s: float = 0.0
    """Before what answers a question for the words so far."""
    is_deaf: bool = False
    """Nothing is read."""
    is_rude: bool = False
    """Nothing is said at all."""
    received: list[str | bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first message is here."""
    empty: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no client is there."""
    open: int = 0
    server: Any = None
    url: str = ""

    async def answer(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        self.headers.append(socket.request.headers)
        self.open += 1
        self.empty.clear()
        talk = _Talk(self, socket, self.dialect(query(socket.request.path)))
        if self.script:
            talk.dialect.sound = Scripted(self.script)
        self.sounds.append(talk.dialect.sound)
        try:
            with suppress(websockets.ConnectionClosed):
                await talk.hold()
        finally:
            self.open -= 1
            if not self.open:
                self.empty.set()

    def is_known(self, headers: Any) -> bool:
        return headers.get(self.dialect.header) == self.dialect.prefix + KEY


class _Talk:
    """One connection."""

    def __init__(self, ears: Ears, socket: ServerConnection, dialect: Dialect) -> None:
        self.ears, self.socket, self.dialect = ears, socket, dialect
        self._sent = 0

    async def hold(self) -> None:
        assert self.socket.request is not None
        if self.ears.is_rude:
            await self.socket.wait_closed()
            return
        if not self.ears.is_known(self.socket.request.headers):
            await self._say(self.dialect.wrong_key())
            return
        await self._say(self.dialect.greeting())
        if self.ears.is_deaf:
            self.socket.transport.pause_reading()
            await self.socket.wait_closed()
            return
        async for message in self.socket:
            self.ears.received.append(message)
            self.ears.arrived.set()
            if not self.ears.stalls:
                if self.ears.final_delay_s and self.dialect.asks(message):
                    await asyncio.sleep(self.ears.final_delay_s)
                await self._say(self.dialect.hear(message))

    async def _say(self, messages: Iterable[str | bytes]) -> None:
        try:
            for message in messages:
                await asyncio.sleep(self.ears.delay_s + self.ears.jitter_s * random.random())
                if self._sent == self.ears.dies_at and not self.ears.garbage:
                    await self._die()
                if self._sent == self.ears.dies_at:
                    await self.socket.send(self.ears.garbage)
                self._sent += 1
                await self.socket.send(message)
        except Closing as closing:
            await self.socket.close(closing.code, closing.reason)

    async def _die(self) -> None:
        code, reason = self.ears.close_with
        if code:
            await self.socket.close(code, reason)
        else:
            self.socket.transport.abort()
        raise websockets.ConnectionClosedError(None, None)


@asynccontextmanager
async def listening(dialect: type[Dialect], **options: Any) -> AsyncIterator[Ears]:
    """A server on a free port for the time of the context."""
    ears = Ears(dialect, **options)

    def handshake(_: ServerConnection, request: Any) -> Any:
        known = ears.is_known(request.headers) or dialect.takes_any_key
        status = ears.refuses or (0 if known else 401)
        if not status:
            return None
        phrase = http.HTTPStatus(status).phrase
        return websockets.Response(
            status, phrase, websockets.Headers(ears.refusal_headers), json.dumps(dialect.refusal).encode()
        )

    async with serve(ears.answer, "127.0.0.1", 0, process_request=handshake, max_size=None) as server:
        ears.server = server
        ears.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield ears
        finally:
            for socket in list(server.connections):
                socket.transport.abort()


def query(path: str) -> dict[str, str]:
    """The parameters in a path."""
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
