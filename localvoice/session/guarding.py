"""Work on a turn, kept from ending the session: whatever goes wrong ends the turn, audibly where it can."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from localvoice.errors import DeviceError, FileError, LocalVoiceError
from localvoice.session.answering import Answering
from localvoice.session.hand import Hand

_log = logging.getLogger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]
"""Begins the work anew with each call."""


class Guarding:
    """Runs work as tasks of the session. `end` is called for a turn that did not come to its end by itself."""

    def __init__(self, answering: Answering, end: Callable[[Hand], None]) -> None:
        self._answering = answering
        self._end = end

    def run(self, hand: Hand, work: Work) -> None:
        """Begin `work`, as the task of `hand`."""
        hand.task = self._answering.house.tasks.create_task(self._guarded(hand, work))

    async def _guarded(self, hand: Hand, work: Work) -> None:
        try:
            await self._attempt(hand, work)
        except DeviceError as error:
            self._break_off(hand, error)

    async def _attempt(self, hand: Hand, work: Work) -> None:
        try:
            await work()
        except (FileError, BrokenPipeError, DeviceError):
            raise  # what is told can no longer be written: that ends the session; or nobody hears us
        except Exception as error:  # noqa: BLE001 - one of three places: around a turn
            _log.debug("turn %d failed", hand.turn.id, exc_info=True)
            await hand.gate.turn_over()
            if isinstance(error, LocalVoiceError) and hand.may_begin_again:
                hand.begin_again()
                await self._attempt(hand, work)
            else:
                await self._answering.apologise(hand, error)
                self._end(hand)

    def _break_off(self, hand: Hand, error: DeviceError) -> None:
        """The loudspeaker is lost: the reply ends with what was heard of it."""
        _log.debug("turn %d broken off: %s", hand.turn.id, error)
        hand.turn.error = error
        hand.turn.interrupted = True
        hand.turn.heard = "" if hand.reply is None else hand.reply.cut().heard
        self._end(hand)
