"""What engines are asked for beside a turn: where they fail, it is decided or answered without."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")


async def unless_it_fails(asked: Awaitable[T], what: str) -> T | None:
    """What an engine gives, None where it failed, were it by a bug: the turn itself says so where it has to.

    `what` is for the log.
    """
    try:
        return await asked
    except Exception:  # noqa: BLE001 - the second of three places: beside a turn
        _log.debug("%s", what, exc_info=True)
        return None
