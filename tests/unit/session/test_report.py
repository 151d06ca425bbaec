from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from localvoice.event_log import EventLog
from localvoice.messages import Turn
from localvoice.session.hand import Hand, House, Report
from localvoice.session.log import SessionLog


async def test_the_first_sentence_is_handed_over_when_the_reply_starts() -> None:
    """However long the telling takes: it may sound meanwhile, and `first_audio` must not come before it."""
    events: list[dict[str, Any]] = []
    log = EventLog()
    log.subscribe(events.append)
    clock = count(1)  # every look at it takes a second

    def now_s() -> float:
        return float(next(clock))

    log.emit("session_started", 0.0)
    hand = Hand(Turn(1))
    async with asyncio.TaskGroup() as tasks:
        report = Report(hand, House(tasks, lambda _: None, SessionLog(log, now_s), lambda: False), now_s)
        report.reply_started(hand.turn)
        report.sentence("One.")
        report.sentence("Two.")
    started, first, second = (event for event in events if event["type"] in {"reply_started", "sentence"})
    assert first["t"] == started["t"]
    assert second["t"] > first["t"]
