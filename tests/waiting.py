"""Waiting for what threads, services and programs do: until it has happened, however busy the machine is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

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
