"""Which threads run before all others."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from localvoice.audio.foremost import foremost_threads, may_go_first

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has to be told")


def class_of_a_new_thread() -> int:
    """The scheduling class that a thread started now has."""
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(os.sched_getscheduler(0)))
    thread.start()
    thread.join()
    return seen[0]


@pytest.fixture
def in_real_time() -> None:
    """Skips where this machine does not let us."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        pytest.skip("needs root or a limit `rtprio`")
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.mark.usefixtures("in_real_time")
def test_threads_started_within_run_in_real_time_and_later_ones_do_not() -> None:
    assert may_go_first()
    with foremost_threads():
        assert class_of_a_new_thread() == os.SCHED_RR
    assert class_of_a_new_thread() == os.SCHED_OTHER
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.usefixtures("in_real_time")
def test_threads_started_within_share_a_core_and_later_ones_do_not() -> None:
    cores = os.sched_getaffinity(0)
    seen: list[set[int]] = []
    with foremost_threads():
        for _ in range(2):
            thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
            thread.start()
            thread.join()
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1
    assert os.sched_getaffinity(0) == cores


@pytest.mark.usefixtures("in_real_time")
def test_a_failure_within_leaves_no_thread_of_ours_in_real_time() -> None:
    with pytest.raises(ValueError, match="no such device"), foremost_threads():
        raise ValueError("no such device")
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.parametrize("refused", ["sched_setscheduler", "sched_getscheduler"])
def test_where_it_is_not_allowed_threads_are_as_they_were(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, refused, refuse)
        assert not may_go_first()
        opening = foremost_threads()
        opening.__enter__()
    assert class_of_a_new_thread() == os.SCHED_OTHER
    opening.__exit__(None, None, None)


def test_a_program_that_was_told_to_stand_back_stays_there() -> None:
    seen: list[int] = []

    def stand_back_and_open() -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        with foremost_threads():
            seen.append(class_of_a_new_thread())

    thread = threading.Thread(target=stand_back_and_open)
    thread.start()
    thread.join()
    assert seen == [os.SCHED_BATCH]
