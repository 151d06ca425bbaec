"""A reply that a service writes as a stream of events, from its answer to the data of the events.

Rule of this file: what the events mean is the business of `Chunks`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from localvoice.engines import ReplyPart
from localvoice.errors import ProviderBroken, ProviderError, ProviderUnavailable
from localvoice.event_stream import EventStream
from localvoice.remote import Answer

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


async def parts_of(answer: Answer, chunks: Chunks, name: str) -> AsyncIterator[ReplyPart]:
    """The parts of the reply that `answer` is, but for what `chunks.finish` gives. The answer is closed with it.

    Raises:
        ProviderError: it broke off, or is no stream of events.
    """
    events = EventStream()
    try:
        while (found := await _next(answer, events, chunks, name)) is not None:
            for data in found:
                for part in _read(chunks, data, answer):
                    yield part
    finally:
        await answer.close()


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
