"""A way to a service of a test that breaks at any byte: whatever is served, headers and handshakes included."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tests.loopback import answering

Kind = Literal["end", "reset", "stall", "drip", "garbage"]
KINDS: tuple[Kind, ...] = ("end", "reset", "stall", "drip", "garbage")
_DRIPPED = 60
"""Bytes that come one by one."""


@dataclass(frozen=True)
class Break:
    """What happens to a connection once the client has got `after` bytes."""

    after: int
    kind: Kind


@dataclass
class CuttingProxy:
    """Passes connections on; the first of them have the breaks, in order, the others none."""

    target: int
    breaks: list[Break | None]
    url: str = ""

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = self.breaks.pop(0) if self.breaks else None
        try:
            behind, ahead = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        asking = asyncio.create_task(_pump(reader, ahead))
        try:
            with suppress(ConnectionError):
                await (_pump(behind, writer) if cut is None else _broken(behind, writer, cut))
        finally:
            asking.cancel()
            ahead.transport.abort()
            if cut is None or cut.kind != "reset":
                writer.close()
            await asyncio.gather(asking, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()


async def _broken(source: asyncio.StreamReader, sink: asyncio.StreamWriter, cut: Break) -> None:
    left = cut.after
    while data := await source.read(65536):
        sink.write(data[:left])
        await sink.drain()
        if len(data) > left:
            await _break(sink, cut.kind, data[left:])
            if cut.kind in {"end", "reset"}:
                return
            await _pump(source, sink)
            return
        left -= len(data)


async def _break(sink: asyncio.StreamWriter, kind: Kind, rest: bytes) -> None:
    match kind:
        case "reset":
            sink.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sink.transport.abort()
        case "stall":
            await asyncio.Event().wait()
        case "drip":
            for at in range(min(_DRIPPED, len(rest))):
                sink.write(rest[at : at + 1])
                await asyncio.sleep(0.001)
            sink.write(rest[_DRIPPED:])
        case "garbage":
            sink.write(random.Random(len(rest)).randbytes(40) + rest)


@asynccontextmanager
async def cutting(url: str, *breaks: Break | None) -> AsyncIterator[CuttingProxy]:
    """A proxy in front of the server at `url` for the time of the context."""
    target = urlsplit(url).port
    assert target is not None
    proxy = CuttingProxy(target, list(breaks))
    async with answering(proxy.pass_on) as proxy.url:
        yield proxy
