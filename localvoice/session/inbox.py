"""The one way from other threads into the session."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from localvoice.audio.device_news import DeviceChanged
from localvoice.errors import LocalVoiceError
from localvoice.turn.observations import Observation


class InputDone:
    """No more lines will be typed."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning from another thread: it goes into the log, and decides nothing."""

    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of the event, beyond these two."""


Arrival = Observation | LocalVoiceError | InputDone | Notice | DeviceChanged


class Inbox:
    """Where threads leave what they saw. Not bounded: observations are few and must not be lost."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()

    def post(self, arrival: Arrival) -> None:
        """From any thread; ignored once the loop is closed."""
        with suppress(RuntimeError):  # raised by a closed loop, which no check beforehand excludes
            self._loop.call_soon_threadsafe(self._arrivals.put_nowait, arrival)

    async def next(self) -> Arrival:
        """The next one, in the order of posting."""
        return await self._arrivals.get()
