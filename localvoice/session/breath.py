"""Between two replies: the silence behind the last word of one is heard before the next one begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class Breath:
    """One per session. A reply is over with its last word; what nobody asked for, or typed before, follows at once."""

    def __init__(self) -> None:
        self._silence: Callable[[], Awaitable[object]] | None = None

    def follows(self, silence: Callable[[], Awaitable[object]]) -> None:
        """A reply is over; `silence` waits for what still stands behind it."""
        self._silence = silence

    def drop(self) -> None:
        """It was cut: nothing stands behind it."""
        self._silence = None

    async def over(self) -> None:
        """Wait until the next reply may begin to sound."""
        if self._silence is not None:
            await self._silence()
        self._silence = None
