"""Threads and tasks meet here and nowhere else: one worker thread per model, and bounded read-ahead between stages."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, TypeVar, cast

from localvoice import freed_memory
from localvoice.errors import ProviderBroken

T = TypeVar("T")

_BACK = 5
"""Niceness by which a model stands back (docs/decisions/027): the microphone is read, and a reply held, before it."""


IDLE_S = 30.0
"""Without a job, until what was freed goes back to the system: longer than the pauses of a conversation."""


def stand_back() -> None:
    """Let the threads of the listener and of the event loop run before this one, and before those that it starts.

    Linux counts niceness by thread; elsewhere it is the process's, and nothing is done.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _BACK)


class Cancelled(Exception):
    """Raised by `CancelToken.check` inside blocking work whose caller has gone."""


class CancelToken:
    """Tells blocking work that nobody waits for it any more. Thread-safe."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._told: Callable[[], None] | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller has gone."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._event.set()
        if self._told is not None:
            self._told()

    def tell(self, told: Callable[[], None]) -> None:
        """Call `told` too, in the thread that cancels: for native code that cannot ask. It may be called twice."""
        self._told = told
        if self._event.is_set():
            told()

    def check(self) -> None:
        """Raise `Cancelled` when the caller has gone."""
        if self._event.is_set():
            raise Cancelled


class Worker:
    """One daemon thread that runs blocking calls in order, so that a model is never called from two threads.

    A daemon, because what cannot be interrupted (a Whisper encode) must not hold up the end of the process.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_closed = False
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        stand_back()
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Callable[[], None] | None:
        with suppress(queue.Empty):
            return self._jobs.get(timeout=IDLE_S)
        freed_memory.give_back()
        return self._jobs.get()

    async def call(self, work: Callable[[CancelToken], T]) -> T:
        """Run `work(token)` in the thread and return its result.

        Cancelling the await sets the token and returns at once; the work ends by itself and its result is dropped.
        Work whose caller has gone before it began is not begun. Raises `ProviderBroken` where the worker is closed.
        """
        self._check_open()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        token = CancelToken()

        def settle(result: Any, error: BaseException | None) -> None:
            if done.cancelled():
                return
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        def job() -> None:
            result: Any = None
            failure: BaseException | None = None
            try:
                token.check()
                result = work(token)
            except BaseException as error:  # noqa: BLE001 - handed to the waiting caller as it is
                failure = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, result, failure)

        self._jobs.put(job)
        try:
            return await done
        finally:
            token.cancel()

    async def stream(self, work: Callable[[CancelToken], Iterator[T]], ahead: int) -> AsyncIterator[T]:
        """Iterate over `work(token)` in the thread; at most `ahead` items wait for the reader.

        Closing this generator sets the token, closes the iterator in its own thread, and returns at once. Raises
        `ProviderBroken` where the worker is closed.
        """
        self._check_open()
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()  # bounded by `room`: a thread cannot await a full queue
        room = threading.Semaphore(ahead)
        token = CancelToken()

        def post(kind: str, value: Any) -> None:
            loop.call_soon_threadsafe(items.put_nowait, (kind, value))

        def job() -> None:
            outcome: tuple[str, Any] = ("end", None)
            try:
                _produce(work, token, room, post)
            except BaseException as error:  # noqa: BLE001 - handed to the waiting caller as it is
                outcome = ("error", error)
            with suppress(RuntimeError):  # the loop is closed: nobody reads any more
                post(*outcome)

        self._jobs.put(job)
        try:
            while True:
                kind, value = await items.get()
                if kind == "end":
                    return
                if kind == "error":
                    raise value
                room.release()
                yield value
        finally:
            token.cancel()
            room.release()

    def afterwards(self, job: Callable[[], None]) -> None:
        """Run `job`, which must not fail, behind the jobs already queued; nobody waits for it."""
        self._jobs.put(job)

    def close(self) -> None:
        """Let the thread end after the jobs already queued; does not wait."""
        self._is_closed = True
        self._jobs.put(None)

    def _check_open(self) -> None:
        if self._is_closed:  # behind the end of the queue nothing is run, and the caller would wait for ever
            raise ProviderBroken(f"{self._name} is closed: start again", provider=self._name)


def _produce(
    work: Callable[[CancelToken], Iterator[Any]],
    token: CancelToken,
    room: threading.Semaphore,
    post: Callable[[str, Any], None],
) -> None:
    """Post the items of `work(token)`, and close it, in this thread."""
    token.check()
    iterator = work(token)
    try:
        for item in iterator:
            room.acquire()
            token.check()
            post("item", item)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


async def close_iterator(source: AsyncIterator[Any]) -> None:
    """Close an asynchronous iterator where it can be closed: a generator stops its work now, not at collection."""
    aclose = getattr(source, "aclose", None)
    if aclose is not None:
        await aclose()


_END = object()


@asynccontextmanager
async def read_ahead(
    source: AsyncIterator[T], ahead: float, weigh: Callable[[T], float] = lambda _: 1.0
) -> AsyncIterator[AsyncIterator[T]]:
    """`source` as an iterator that is read by a task of its own, about `ahead` items before its reader.

    `weigh` says how much of an item each counts for. Leaving the context cancels that task and closes `source`.
    """
    items: asyncio.Queue[Any] = asyncio.Queue()
    weights: deque[float] = deque()
    taken = asyncio.Event()

    async def pump() -> None:
        try:
            async for item in source:
                while sum(weights) >= ahead:
                    taken.clear()
                    await taken.wait()
                weights.append(weigh(item))
                items.put_nowait(item)
            items.put_nowait(_END)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the items are read
            items.put_nowait(_Failure(error))

    async def reader() -> AsyncIterator[T]:
        while (item := await items.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            weights.popleft()
            taken.set()
            yield item

    task = asyncio.create_task(pump())
    reading = reader()
    try:
        yield reading
    finally:
        task.cancel()
        await asyncio.wait((task,))  # awaiting the task itself could not tell its cancellation from ours
        await close_iterator(reading)
        await close_iterator(source)


class _Failure:
    """An exception on its way through a queue."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Resumable(Generic[T]):
    """An iterator whose reader may be cancelled: the item that it waited for goes to the next reader.

    One reader at a time.
    """

    def __init__(self, source: AsyncIterator[T]) -> None:
        self._source = source
        self._step: asyncio.Task[Any] | None = None

    def __aiter__(self) -> Resumable[T]:
        return self

    async def __anext__(self) -> T:
        if self._step is None:
            self._step = asyncio.ensure_future(self._next())
        item: Any = await asyncio.shield(self._step)  # where this fails or is cancelled, the step is still there
        self._step = None
        if item is _END:
            raise StopAsyncIteration
        return cast("T", item)

    async def _next(self) -> Any:
        return await anext(self._source, _END)

    async def close(self) -> None:
        """Close the source; nothing waits for it any more."""
        if self._step is not None:
            self._step.cancel()
            await asyncio.wait((self._step,))
            if not self._step.cancelled():
                self._step.exception()  # nobody is there to hear of it
        await close_iterator(self._source)
