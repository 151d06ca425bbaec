"""Work beside the caller: started and stopped, or done ahead of its use.

Rule of this file: whoever starts something here ends it; no task outlives its owner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

from localvoice.errors import ProviderError

T = TypeVar("T")


def start(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run `work` beside the caller, who calls `stop` in a `finally`."""
    return asyncio.create_task(work)


_left: set[asyncio.Task[Any]] = set()
"""The loop itself holds its tasks weakly."""


def leave(work: Coroutine[Any, Any, Any]) -> None:
    """Let the loop do `work` when it comes to it; nobody waits for that, and it goes with the loop."""
    task = asyncio.create_task(work)
    _left.add(task)
    task.add_done_callback(_left.discard)
    task.add_done_callback(_heed)


def is_running() -> bool:
    """Whether this is called in an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def stop(task: asyncio.Task[Any]) -> None:
    """End what was started and wait for that; how it ended is nobody's business any more."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()


async def first_success(one: asyncio.Task[T], two: asyncio.Task[T]) -> asyncio.Task[T]:
    """The task that ends first without a `ProviderError`; `one` where both fail."""
    waiting = {one, two}
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in (one, two):
            if task in done and not isinstance(task.exception(), ProviderError):
                return task
    return one


class Spare(Generic[T]):
    """Something that takes a while to make, made ahead of its use."""

    def __init__(
        self,
        make: Callable[[], Coroutine[Any, Any, T]],
        is_good: Callable[[T], bool],
        tend: Callable[[T], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """`tend` runs beside one that waits for its use."""
        self._make = make
        self._is_good = is_good
        self._tend = tend
        self._making: asyncio.Task[T] | None = None
        self._tending: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Begin to make one, unless a good one is there or on its way."""
        if not self._is_usable():
            self._making = asyncio.create_task(self._make())
            self._making.add_done_callback(_heed)
            if self._tend is not None:
                self._leave_alone()
                self._tending = asyncio.create_task(self._tended(self._making, self._tend))
                self._tending.add_done_callback(_heed)

    async def ready(self) -> None:
        """Wait until one is ready. Raises as making it does."""
        self.prepare()
        if self._making is not None:
            await asyncio.shield(self._making)

    async def take(self) -> T:
        """The one that is ready or on its way, or a new one. Raises as making it does."""
        making, self._making = self._making if self._is_usable() else None, None
        self._leave_alone()
        made = await making if making is not None else await self._make()
        return made if self._is_good(made) else await self._make()

    def drop(self) -> T | None:
        """Make none any more; returns the one that is ready."""
        making, self._making = self._making, None
        self._leave_alone()
        if making is None:
            return None
        if making.done():
            return None if making.cancelled() or making.exception() else making.result()
        with suppress(RuntimeError):  # its loop is closed
            making.cancel()
        return None

    @staticmethod
    async def _tended(making: asyncio.Task[T], tend: Callable[[T], Coroutine[Any, Any, None]]) -> None:
        await tend(await asyncio.shield(making))

    def _leave_alone(self) -> None:
        tending, self._tending = self._tending, None
        if tending is not None:
            with suppress(RuntimeError):  # its loop is closed
                tending.cancel()

    def _is_usable(self) -> bool:
        making = self._making
        if making is None or not making.done():
            return making is not None
        return not making.cancelled() and making.exception() is None and self._is_good(making.result())


def _heed(task: asyncio.Task[Any]) -> None:
    """How it failed is nobody's business: a spare is made when it is needed, and fails then."""
    if not task.cancelled():
        task.exception()
