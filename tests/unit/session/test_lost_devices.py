"""What a session makes of devices that are lost and found."""

from __future__ import annotations

import asyncio

import pytest

from localvoice.audio.device_news import DeviceChanged
from localvoice.audio.player import QueuePlayer
from localvoice.errors import DeviceError, ExitCode
from localvoice.messages import SpeechChunk
from localvoice.session.conversation import SessionOptions
from tests import virtual_time
from tests.fakes import FakeChatModel
from tests.virtual_time import Setting, Talk, hold, of, one

STORY = "Once there was a fox. It lived in a forest. It was happy."


class LostOnce(QueuePlayer):
    """A loudspeaker that is lost under its first reply, at the second clause or before anything was said."""

    lost_at_write = 2
    _writes = 0

    async def write(self, turn: int, chunk: SpeechChunk) -> int:
        self._writes += 1
        if self._writes == self.lost_at_write:
            await asyncio.sleep(0.5)
            raise DeviceError("the sound devices do not answer")
        return await super().write(turn, chunk)


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> type[LostOnce]:
    player = type("Lost", (LostOnce,), {})
    monkeypatch.setattr(virtual_time, "QueuePlayer", player)
    return player


async def two_questions(talk: Talk) -> None:
    for _ in range(2):
        await talk.speak(1.0)
        await talk.until("turn_metrics")


def test_a_reply_nobody_hears_ends_with_what_was_heard_and_the_session_goes_on(lost: type[LostOnce]) -> None:
    talk = hold(two_questions, Setting(llm=FakeChatModel(STORY)))
    first, second = of(talk.events, "reply_finished")
    assert first["interrupted"]
    assert first["text"].startswith(first["heard"])
    assert 0 < len(first["heard"]) < len(first["text"])
    assert (second["heard"], second["interrupted"]) == (STORY, False)
    assert not of(talk.events, "barge_in")
    assert not of(talk.events, "error")


def test_a_reply_that_cannot_even_begin_was_not_heard(lost: type[LostOnce]) -> None:
    lost.lost_at_write = 1
    talk = hold(two_questions, Setting(llm=FakeChatModel(STORY)))
    first, second = of(talk.events, "reply_finished")
    assert (first["heard"], first["interrupted"]) == ("", True)
    assert second["heard"] == STORY


@pytest.mark.usefixtures("lost")
def test_once_ends_with_the_code_of_a_device() -> None:
    talk = hold(Talk.ask, Setting(llm=FakeChatModel(STORY), options=SessionOptions(once=True, ends_with_input=True)))
    assert talk.code is ExitCode.DEVICE


def test_a_change_is_told_for_its_end() -> None:
    async def user(talk: Talk) -> None:
        await talk.quiet(0.5)
        talk.fail(DeviceChanged("input", "Kopfhörer", "Laptop", "it was unplugged"))
        await talk.ask()

    event = one(hold(user).events, "device_changed")
    assert {name: event[name] for name in ("which", "from", "to", "reason")} == {
        "which": "input",
        "from": "Kopfhörer",
        "to": "Laptop",
        "reason": "it was unplugged",
    }
    assert event["t"] == pytest.approx(0.5, abs=0.05)


def test_the_end_of_all_devices_is_the_end_of_the_session() -> None:
    async def user(talk: Talk) -> None:
        talk.fail(DeviceError("no answer for 30 s"))
        await talk.until("session_ended")

    talk = hold(user)
    assert one(talk.events, "error")["message"] == "no answer for 30 s"
    assert talk.code is ExitCode.DEVICE
