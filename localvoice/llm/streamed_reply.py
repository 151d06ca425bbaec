"""Replies that a service writes as streams of events: the connection they come over, and the way to the events' data.

Rule of this file: what the events mean is the business of `Chunks`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

from localvoice.engines import ReplyPart
from localvoice.errors import ProviderBroken, ProviderError, ProviderUnavailable
from localvoice.event_stream import EventStream
from localvoice.http_bodies import as_json
from localvoice.remote import Answer, Connection

_KEEP_WARM_S = 20.0
"""A connection unused for longer may have been closed by the other side: it is tried before the user has finished."""

_TAIL_S = 0.3
"""What may follow a whole reply is its cost: no turn waits longer for that."""


class Chunks(Protocol):
    """The data of one reply's events, in order."""

    @property
    def is_finished(self) -> bool:
        """Whether the reply is whole: what follows is usage at most."""

    def feed(self, data: str) -> Iterator[ReplyPart]:
        """What is ready. Raises `ProviderError`."""

    def finish(self) -> Iterator[ReplyPart]:
        """The rest: held-back text, the calls, the usage. Raises `ProviderError` where the reply is not whole."""


class ReplyConnection:
    """The connection of one model. Used from one event loop."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._used_s = float("-inf")

    @property
    def is_cold(self) -> bool:
        """Whether it is better tried before a reply is asked for."""
        return _now_s() - self._used_s > _KEEP_WARM_S

    async def check(self, path: str = "/models") -> Any:
        """See `Connection.check`."""
        told = await self._connection.check(path)
        self._used_s = _now_s()
        return told

    async def reply(self, path: str, request: dict[str, Any], chunks: Chunks) -> AsyncIterator[ReplyPart]:
        """The parts of a reply. Closing it closes the connection, which is all there is to abort with.

        Raises:
            ProviderError: no reply, one that broke off, or what is no stream of events.
        """
        answer = await self._connection.post(path, as_json(request))
        events = EventStream()
        try:
            while (found := await _next(answer, events, chunks, self._name)) is not None:
                for data in found:
                    for part in _read(chunks, data, answer):
                        yield part
        finally:
            await answer.close()
        self._used_s = _now_s()
        for part in chunks.finish():
            yield part

    def close(self) -> None:
        """No further call."""
        self._connection.forget()


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _read(chunks: Chunks, data: str, answer: Answer) -> list[ReplyPart]:
    """What an event comes to. A service may quote the key in what it says of a failure, here as anywhere."""
    try:
        return list(chunks.feed(data))
    except ProviderError as error:
        error.args = (answer.plain(str(error)),)
        raise


async def _next(answer: Answer, events: EventStream, chunks: Chunks, name: str) -> list[str] | None:
    """The data of the next events, None behind the last or, once the reply is whole, after a silence."""
    if answer.media_type == "application/json":
        raise ProviderBroken(f"{name} does not stream", provider=name)
    if answer.media_type == "text/html":
        where = f"correct engines.{name}.base_url, or log in to this network"
        raise ProviderBroken(f"{name} answers with a web page: {where}", provider=name)
    try:
        async with asyncio.timeout(_TAIL_S if chunks.is_finished else None):
            piece = await answer.piece()
        return None if piece is None else events.feed(piece)
    except TimeoutError:
        return None
    except ProviderUnavailable:
        if chunks.is_finished:  # the reply is whole, whatever became of the connection
            return None
        raise
    except ValueError as error:
        raise ProviderBroken(f"{name} sent no stream of events", provider=name) from error
