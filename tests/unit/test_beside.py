"""Work beside the caller, and things made ahead of their use."""

from __future__ import annotations

import asyncio

import pytest

from localvoice.beside import Spare, is_running, leave, start, stop
from tests.virtual_time import run


class Maker:
    """Makes numbers, a second each; those in `fails` fail."""

    def __init__(self, *fails: int) -> None:
        self.made = 0
        self.bad: set[int] = set()
        self._fails = fails

    async def make(self) -> int:
        self.made += 1
        number = self.made
        await asyncio.sleep(1)
        if number in self._fails:
            raise OSError(number)
        return number

    def spare(self) -> Spare[int]:
        return Spare(self.make, lambda number: number not in self.bad)


async def took_s(work) -> tuple[int, float]:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    return await work, loop.time() - began_s


def test_what_was_prepared_is_there_at_once():
    async def use() -> tuple[int, float]:
        spare = Maker().spare()
        spare.prepare()
        spare.prepare()
        await asyncio.sleep(2)
        return await took_s(spare.take())

    assert run(use()) == (1, 0)


def test_what_is_on_its_way_is_waited_for():
    async def use() -> tuple[int, float]:
        spare = Maker().spare()
        spare.prepare()
        await asyncio.sleep(0.4)
        return await took_s(spare.take())

    assert run(use()) == (1, pytest.approx(0.6))


def test_without_preparation_it_is_made():
    async def use() -> tuple[int, float]:
        return await took_s(Maker().spare().take())

    assert run(use()) == (1, 1)


def test_what_went_bad_is_made_anew():
    async def use() -> tuple[int, float]:
        maker = Maker()
        spare = maker.spare()
        await spare.ready()
        maker.bad = {1}
        return await took_s(spare.take())

    assert run(use()) == (2, 1)


def test_what_could_not_be_prepared_is_tried_again_when_it_is_needed():
    async def use() -> int:
        spare = Maker(1).spare()
        spare.prepare()
        await asyncio.sleep(2)
        return await spare.take()

    assert run(use()) == 2


def test_a_failure_is_told_to_who_waits():
    async def use() -> None:
        await Maker(1).spare().ready()

    with pytest.raises(OSError, match="1"):
        run(use())


def test_what_is_dropped_is_handed_back_or_not_made():
    async def use() -> list[int | None]:
        ready, coming = Maker().spare(), Maker().spare()
        await ready.ready()
        coming.prepare()
        await asyncio.sleep(0.5)
        dropped = [ready.drop(), coming.drop(), ready.drop()]
        await asyncio.sleep(0)
        return dropped

    assert run(use()) == [1, None, None]


def test_what_was_started_is_stopped_however_it_ends():
    async def use() -> list[bool]:
        going, done, failed = start(asyncio.sleep(9)), start(asyncio.sleep(0)), start(Maker(1).make())
        await asyncio.sleep(2)
        for task in (going, done, failed):
            await stop(task)
        return [task.cancelled() for task in (going, done, failed)]

    assert run(use()) == [True, False, False]


def test_what_is_left_to_the_loop_is_done():
    async def use() -> int:
        maker = Maker()
        leave(maker.make())
        leave(Maker(1).make())
        await asyncio.sleep(2)
        return maker.made

    assert run(use()) == 1


def test_whether_a_loop_runs():
    async def inside() -> bool:
        return is_running()

    assert run(inside())
    assert not is_running()
