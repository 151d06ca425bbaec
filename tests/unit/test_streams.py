"""Threads meet tasks: one worker per model, and bounded read-ahead."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from localvoice.errors import ProviderBroken
from localvoice.streams import Cancelled, CancelToken, Worker, close_iterator, read_ahead


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("test")
    yield made
    made.close()


async def collect(items: AsyncIterator[int], into: list[int]) -> None:
    async for item in items:
        into.append(item)  # noqa: PERF401 - what came before a failure counts


async def test_calls_run_in_one_thread_in_order(worker):
    names: list[str] = []

    def work(number: int):
        def job(_: CancelToken) -> int:
            names.append(threading.current_thread().name)
            return number

        return job

    assert await asyncio.gather(*(worker.call(work(number)) for number in range(5))) == [0, 1, 2, 3, 4]
    assert names == ["test"] * 5


async def test_an_exception_reaches_the_caller(worker):
    def work(_: CancelToken) -> None:
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here"):
        await worker.call(work)


async def test_cancelling_returns_at_once_and_tells_the_work(worker):
    began, may_end, saw = threading.Event(), threading.Event(), []

    def work(token: CancelToken) -> None:
        began.set()
        may_end.wait(10)
        saw.append(token.is_cancelled)

    task = asyncio.create_task(worker.call(work))
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_end.set()
    assert await worker.call(lambda _: "next") == "next"
    assert saw == [True]


async def test_work_whose_caller_has_gone_is_not_begun(worker):
    gate, ran = threading.Event(), []
    blocking = asyncio.create_task(worker.call(lambda _: gate.wait(10)))
    waiting = asyncio.create_task(worker.call(lambda _: ran.append(1)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    await blocking
    await worker.call(lambda _: None)
    assert not ran


async def test_a_stream_comes_in_order_and_not_further_ahead_than_asked(worker):
    made: list[int] = []

    def work(_: CancelToken) -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    got = []
    async for number in worker.stream(work, ahead=3):
        got.append(number)
        await asyncio.sleep(0)
        assert len(made) <= len(got) + 4
    assert got == list(range(20))


async def test_closing_a_stream_closes_the_iterator_in_its_thread(worker):
    closed = []

    def work(_: CancelToken) -> Iterator[int]:
        try:
            yield from range(10**6)
        finally:
            closed.append(threading.current_thread().name)

    stream = worker.stream(work, ahead=1)
    async for _ in stream:
        break
    await stream.aclose()
    await worker.call(lambda _: None)
    assert closed == ["test"]


async def test_a_stream_that_fails_gives_what_it_had_first(worker):
    def work(_: CancelToken) -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    got: list[int] = []
    with pytest.raises(ZeroDivisionError):
        await collect(worker.stream(work, ahead=1), got)
    assert got == [1]


def test_a_token_stops_work_at_its_next_step():
    token = CancelToken()
    token.check()
    token.cancel()
    with pytest.raises(Cancelled):
        token.check()


class Source:
    """Numbers, and whether they were asked for and given back."""

    def __init__(self, count: int, *, fails: bool = False, hangs: bool = False) -> None:
        self.given = 0
        self.closed = False
        self._count, self._fails, self._hangs = count, fails, hangs

    async def numbers(self) -> AsyncIterator[int]:
        try:
            for number in range(self._count):
                self.given += 1
                yield number
            if self._fails:
                raise ZeroDivisionError
            if self._hangs:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def test_reading_ahead_keeps_order_and_distance():
    source = Source(10)
    got = []
    async with read_ahead(source.numbers(), 2) as items:
        async for item in items:
            for _ in range(5):
                await asyncio.sleep(0)
            got.append(item)
            assert source.given <= len(got) + 3
    assert got == list(range(10))
    assert source.closed


async def test_reading_ahead_goes_by_the_weight_of_the_items():
    source = Source(100)
    async with read_ahead(source.numbers(), 2, lambda _: 0.1) as items:
        assert await anext(items) == 0
        for _ in range(100):
            await asyncio.sleep(0)
        assert 20 <= source.given <= 23


async def test_a_failure_behind_is_raised_where_it_is_read():
    got: list[int] = []

    async def read() -> None:
        async with read_ahead(Source(2, fails=True).numbers(), 4) as items:
            await collect(items, got)

    with pytest.raises(ZeroDivisionError):
        await read()
    assert got == [0, 1]


@pytest.mark.parametrize("hangs", [True, False])
async def test_leaving_early_closes_the_source_and_leaves_no_task(hangs):
    source = Source(3 if hangs else 1000, hangs=hangs)
    async with read_ahead(source.numbers(), 2) as items:
        async for item in items:
            if item == 2:
                break
    assert source.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_cancelling_the_reader_is_not_swallowed_while_the_source_closes():
    """A second cancellation arrives while the first one waits for the source to clean up."""
    closing, may_close = asyncio.Event(), asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closing.set()
            await may_close.wait()

    went_on = []

    async def reader() -> None:
        async with read_ahead(numbers(), 2) as items:
            async for _ in items:
                break
        went_on.append(True)

    task = asyncio.create_task(reader())
    await closing.wait()
    task.cancel()
    await asyncio.sleep(0)
    may_close.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not went_on


async def test_only_what_can_be_closed_is_closed():
    class Endless:
        def __aiter__(self):
            return self

        async def __anext__(self):
            return 1

    await close_iterator(Endless())


async def test_a_job_put_behind_waits_for_work_whose_caller_has_gone():
    worker = Worker("test")
    begun, may_end, order = threading.Event(), threading.Event(), []

    def work(token: CancelToken) -> None:
        begun.set()
        may_end.wait(5)
        order.append("work")

    call = asyncio.create_task(worker.call(work))
    await asyncio.to_thread(begun.wait, 5)
    call.cancel()
    worker.afterwards(lambda: order.append("job"))
    may_end.set()
    await worker.call(lambda token: None)
    worker.close()
    assert order == ["work", "job"]


async def test_a_closed_worker_says_so_and_lets_nobody_wait():
    worker = Worker("test")
    worker.close()
    with pytest.raises(ProviderBroken, match="test is closed"):
        await worker.call(lambda _: None)
    with pytest.raises(ProviderBroken, match="test is closed"):
        await anext(worker.stream(lambda _: iter(()), 1))
    worker.close()


async def test_what_was_asked_of_a_worker_before_it_was_closed_is_done(worker):
    call = asyncio.create_task(worker.call(lambda _: "done"))
    await asyncio.sleep(0)
    worker.close()
    assert await call == "done"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts niceness by thread")
async def test_a_model_stands_back_behind_whoever_listens(worker):
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    its = await worker.call(lambda _: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert its == min(19, mine + 5)
