"""What was freed goes back to the system when nobody needs it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from localvoice import freed_memory, streams
from localvoice.streams import Worker
from tests.waiting import until

_SCATTERED = """
import ctypes, psutil
from localvoice import freed_memory
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def resident():
    return psutil.Process().memory_info().rss / 2**20
places = [library.malloc(60_000) for _ in range({count})]
for place in places:
    ctypes.memset(place, 1, 60_000)
for at, place in enumerate(places):
    if at % 50:
        library.free(place)
before = resident()
freed_memory.give_back()
print(before - resident())
"""

_AGAIN = """
again = freed_memory.give_back()
places = [library.malloc(60_000) for _ in range({count})]
for place in places:
    ctypes.memset(place, 1, 60_000)
for place in places[:-1]:
    library.free(place)
print(again, freed_memory.give_back(), freed_memory.give_back())
"""


def can_be_told() -> bool:
    library, version = platform.libc_ver()
    return library == "glibc" and tuple(map(int, version.split("."))) >= (2, 33)


@pytest.mark.skipif(not can_be_told(), reason="only glibc 2.33 and later can be told")
@pytest.mark.parametrize(("count", "given_back_mb"), [(2000, (80, 120)), (200, (-1, 1))])
def test_much_that_lies_scattered_is_given_back_and_little_is_kept(count, given_back_mb):
    ran = subprocess.run(
        [sys.executable, "-c", _SCATTERED.format(count=count)], capture_output=True, text=True, check=True
    )
    least, most = given_back_mb
    assert least < float(ran.stdout) < most


@pytest.mark.skipif(not can_be_told(), reason="only glibc 2.33 and later can be told")
def test_heaps_are_looked_through_again_only_when_more_was_used_and_freed_since():
    program = (_SCATTERED + _AGAIN).format(count=2000)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "False True False"


def test_where_no_proc_is_mounted_nothing_is_given_back(monkeypatch, tmp_path):
    """What cannot be read would end the worker, and whoever calls it next would wait for ever."""
    monkeypatch.setattr(freed_memory, "_STATM", tmp_path / "statm")
    assert freed_memory._allocator.__wrapped__() is None


async def test_a_worker_without_a_job_gives_back_what_its_last_ones_freed(monkeypatch):
    given: list[bool] = []
    monkeypatch.setattr(streams, "IDLE_S", 0.01)
    monkeypatch.setattr(freed_memory, "give_back", lambda: given.append(True))
    worker = Worker("model")
    assert await worker.call(lambda _: 1) == 1
    await until(lambda: bool(given))
    assert await worker.call(lambda _: 2) == 2, "it works on behind it"
    worker.close()
