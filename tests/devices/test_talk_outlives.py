"""A whole conversation whose sound server dies or hangs: it goes on, or ends with one clear line."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from talking import Talk
from virtual_card import SoundServer

pytestmark = [pytest.mark.devices, pytest.mark.timeout(120)]

SOON = "from localvoice.audio import device_life; device_life._GIVE_UP_AFTER_S = 3.0"
"""30 s are a long test."""


@pytest.fixture
def server(server_folder: Path) -> Iterator[SoundServer]:
    server = SoundServer(server_folder)
    yield server
    server.stop()


def telling_a_story(server: SoundServer, folder: Path, prelude: str = "") -> Talk:
    """A conversation in the middle of a long reply."""
    talk = Talk(server, folder, prelude)
    talk.count("reply_finished", 1)
    talk.say("Tell me a story.")
    talk.count("first_audio", 2)
    time.sleep(1.0)  # a few words
    return talk


def noise_of(talk: Talk) -> list[str]:
    """Lines beside the conversation's own; where this machine is slow nothing has been said for 5 s at the start."""
    lines = talk.process.stdout.read().decode().splitlines()
    own = ("loading", "localvoice", "you:", "(")
    return [line for line in lines if not line.startswith(own) and "digital silence" not in line]


def test_a_killed_server_interrupts_neither_the_story_nor_the_conversation(
    server: SoundServer, server_folder: Path
) -> None:
    talk = telling_a_story(server, server_folder)
    server.stop()
    again = SoundServer(server_folder)
    try:
        changes = talk.count("device_changed", 2)
        assert [change["which"] for change in changes] == ["input", "output"]
        assert all(change["from"] == change["to"] == "default" for change in changes)
        story = talk.count("reply_finished", 2)[1]
        assert story["heard"] == story["text"]
        assert not story["interrupted"]
        talk.say("What is the capital of France?")
        assert talk.count("reply_finished", 3)[2]["heard"] == "The capital of France is Paris."
        assert talk.interrupt()[-1]["reason"] == "interrupt"
        assert noise_of(talk) == []
    finally:
        talk.stop()
        again.stop()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "hangs"])
def test_without_any_device_it_ends_with_one_clear_line(
    server: SoundServer, server_folder: Path, how: signal.Signals
) -> None:
    talk = telling_a_story(server, server_folder, SOON)
    try:
        server.process.send_signal(how)
        talk.count("session_ended", 1)
        events = talk.ended(4)
        story = [event for event in events if event["type"] == "reply_finished"][1]
        assert story["interrupted"]
        assert story["text"].startswith(story["heard"])
        assert 0 < len(story["heard"]) < len(story["text"])
        assert events[-1]["reason"] == "error"
        warning, error = noise_of(talk)
        assert warning.startswith('warning: no answer from the microphone "default" and the loudspeaker "default"')
        assert "restart the sound system" in error
        times = [event["t"] for event in events if event["type"] in {"warning", "error", "session_ended"}]
        assert times[1] - times[0] > 0.5, "the clock goes on while nothing is heard"
    finally:
        talk.stop()


def test_ctrl_c_does_not_wait_for_a_device_that_hangs(server: SoundServer, server_folder: Path) -> None:
    talk = telling_a_story(server, server_folder)
    try:
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        start_s = time.monotonic()
        assert talk.interrupt()[-1]["reason"] == "interrupt"
        assert time.monotonic() - start_s < 1.5
        assert noise_of(talk) == []
    finally:
        talk.stop()
