"""A port of this machine for the time of a test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Hold = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(hold: Hold, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The URL of a free port; each connection to it is `hold`'s, and broken off at the end if it is still held then."""
    held: set[asyncio.Task[None]] = set()
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if over.is_set():  # it was on its way when the port was closed: nobody would break it off
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        held.add(task)
        try:
            await hold(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            held.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()
        for task in set(held):
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
