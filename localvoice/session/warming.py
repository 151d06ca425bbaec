"""The conversation so far, brought into the model's cache while the user speaks; a service's connection, made ready."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from localvoice.engines import ChatModel
from localvoice.errors import LocalVoiceError
from localvoice.messages import Message, ToolSpec
from localvoice.session.hand import House

_log = logging.getLogger(__name__)


class Warming:
    """One at a time. All methods are called from the event loop; none waits."""

    def __init__(self, chat: ChatModel, so_far: Callable[[], Sequence[Message]], tools: Sequence[ToolSpec]) -> None:
        self._chat = chat
        self._so_far = so_far
        self._tools = tools
        self._task: asyncio.Task[None] | None = None

    def begin(self, house: House) -> None:
        """Begin, where that is not under way already: the answer will need it in any case."""
        messages = self._so_far()
        if messages and (self._task is None or self._task.done()):
            self._task = house.tasks.create_task(self._prefill(messages))

    def stop(self) -> None:
        """The session ends."""
        if self._task is not None:
            self._task.cancel()

    async def _prefill(self, messages: Sequence[Message]) -> None:
        try:
            await self._chat.prefill(messages, self._tools)
        except LocalVoiceError:
            _log.debug("nothing was prefilled", exc_info=True)  # the answer itself finds out, and says so
