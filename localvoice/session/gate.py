"""What stands between an answer and the user: the end of their turn, and whatever else is being said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Gate:
    """Shut while an answer is only prepared. All methods are called from the event loop."""

    def __init__(self) -> None:
        self._turn_over = asyncio.Event()
        self._floor = asyncio.Event()
        self._floor.set()
        self._untold: list[Callable[[], None]] = []

    @property
    def is_open(self) -> bool:
        """Whether the user's turn is over."""
        return self._turn_over.is_set()

    def open(self) -> None:
        """The user's turn is over: what was held back is told, then goes on whatever waits for it."""
        self._turn_over.set()
        untold, self._untold = self._untold, []
        for fact in untold:
            fact()

    def tell(self, fact: Callable[[], None]) -> None:
        """Call `fact` once the turn is over; at once where it is."""
        if self.is_open:
            fact()
        else:
            self._untold.append(fact)

    async def turn_over(self) -> None:
        """Wait until the user's turn is over: only then may a tool run, and paid or unbounded work begin."""
        await self._turn_over.wait()

    # something else is said first

    @property
    def has_floor(self) -> bool:
        """Whether nothing else is being said."""
        return self._floor.is_set()

    def give_floor(self) -> None:
        """Something else is being said."""
        self._floor.clear()

    def take_floor(self) -> None:
        """It is over."""
        self._floor.set()

    async def floor(self) -> None:
        """Wait until the answer may be heard."""
        await self.turn_over()
        await self._floor.wait()
