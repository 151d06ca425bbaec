"""Warnings from other threads, in the log of a running session."""

from __future__ import annotations

from localvoice.session.inbox import Notice
from tests.virtual_time import Talk, hold, one


def test_a_notice_becomes_a_warning_and_changes_nothing_else():
    async def user(talk: Talk) -> None:
        await talk.quiet(1.0)
        talk.fail(Notice("duplex", "it echoes", {"duplex": "guarded"}))
        await talk.ask()

    talk = hold(user)
    warning = one(talk.events, "warning")
    assert (warning["code"], warning["message"], warning["duplex"]) == ("duplex", "it echoes", "guarded")
    assert 1.0 <= warning["t"] <= 1.1
    assert one(talk.events, "reply_finished")["heard"]
    assert talk.events[-1]["type"] == "session_ended"
