"""The conversation so far, and what the user is saying, brought into the model's cache before the answer is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from localvoice.engines import ChatModel
from localvoice.messages import Message, ToolSpec
from localvoice.session.dispensable import unless_it_fails
from localvoice.session.hand import House

_NEW_WORDS = 3
"""So many words more are worth another call: each one costs the model a step, however few they are."""


class Warming:
    """One call at a time. All methods are called from the event loop; none waits."""

    def __init__(
        self, chat: ChatModel, so_far: Callable[[str], Sequence[Message]], tools: Sequence[ToolSpec], *, enabled: bool
    ) -> None:
        """`so_far` gives the prompt up to the user's next words, those included that it is given."""
        self._chat = chat
        self._so_far = so_far
        self._tools = tools
        self._is_enabled = enabled
        self._house: House | None = None
        self._task: asyncio.Task[None] | None = None
        self._words = ""
        """The last that were asked for."""

    def attach(self, house: House) -> None:
        """Join a session: its system prompt is read while nobody speaks yet."""
        self._house = house
        self.begin()

    def begin(self) -> None:
        """Begin a turn, where nothing is under way already: the answer will need it in any case."""
        self._words = ""
        self._start("")

    def heed(self, stable: str) -> None:
        """The user's words so far, those that will not change any more."""
        grown = len(stable.split()) - len(self._words.split())
        if grown >= _NEW_WORDS or not stable.startswith(self._words):
            self._start(stable)

    def stop(self) -> None:
        """The session ends."""
        self._house = None
        if self._task is not None:
            self._task.cancel()

    def _start(self, words: str) -> None:
        is_idle = self._task is None or self._task.done()
        messages = self._so_far(words) if is_idle and self._is_enabled and self._house is not None else ()
        if messages and self._house is not None:
            self._words = words
            self._task = self._house.tasks.create_task(self._prefill(messages))

    async def _prefill(self, messages: Sequence[Message]) -> None:
        """Asks the model only once it runs: a call that is cancelled before that leaves nothing behind."""
        await unless_it_fails(self._chat.prefill(messages, self._tools), "nothing was prefilled")
