"""Waiting for what threads, services and programs do: until it has happened, however busy the machine is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GIVEN_UP_S = 50.0
"""What has not happened by then never will: a busy machine takes 30 s to load engines and greet."""


async def until(happened: Callable[[], object], what: Callable[[], object] = str) -> None:
    """Wait in a test that has a loop of its own; `what` is told where it never happens."""
    deadline_s = time.monotonic() + GIVEN_UP_S
    while not happened():
        assert time.monotonic() < deadline_s, what()
        await asyncio.sleep(0.002)


def wait_until(happened: Callable[[], object], what: Callable[[], object] = str) -> None:
    """Wait in any other test."""
    deadline_s = time.monotonic() + GIVEN_UP_S
    while not happened():
        assert time.monotonic() < deadline_s, what()
        time.sleep(0.005)


def seconds_to_end(process: subprocess.Popen[Any], number: int) -> float:
    """Send the signal and wait for the end; how long it took. Its waiting for a core does not count."""
    starved_s = _starved_s(process.pid)
    process.send_signal(number)
    sent_s = time.monotonic()
    wait_until(lambda: _has_ended(process))
    return time.monotonic() - sent_s - (_starved_s(process.pid) - starved_s)


def _has_ended(process: subprocess.Popen[Any]) -> bool:
    """Where it can be asked so, what the system knows of the process stays."""
    if process.returncode is not None or not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _starved_s(pid: int) -> float:
    """How long its main thread has waited for a core, where Linux can tell."""
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0.0
