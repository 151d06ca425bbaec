"""A conversation through a microphone and a loudspeaker: greeted, answered, interrupted."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from virtual_card import RATE_HZ, Monitor, SoundServer, feed_microphone

from tests.e2e.spoken import TINY_ENGINES, Event, read_events, write_question

pytestmark = pytest.mark.devices


class Talk:
    """`localvoice talk` on the virtual card."""

    def __init__(self, card: SoundServer, folder: Path) -> None:
        self._card = card
        self._folder = folder
        self._events = folder / "events.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localvoice", "--events", str(self._events), *TINY_ENGINES, "--idle-timeout", "20"],
            env={**card.environ, "LOCALVOICE_REPLY__TEMPERATURE": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._tick = threading.Event()

    def say(self, text: str) -> None:
        feed_microphone(write_question(self._folder / "say.wav", text, 0.1), self._card.environ)

    def until(self, happened: Callable[[list[Event]], bool]) -> list[Event]:
        for _ in range(600):
            events = read_events(self._events)
            if happened(events):
                return events
            assert self.process.poll() is None, self.process.stdout.read().decode()
            self._tick.wait(0.05)
        raise AssertionError([event["type"] for event in read_events(self._events)])

    def count(self, kind: str, at_least: int) -> list[Event]:
        found = self.until(lambda events: sum(event["type"] == kind for event in events) >= at_least)
        return [event for event in found if event["type"] == kind]

    def interrupt(self) -> list[Event]:
        self.process.send_signal(2)
        assert self.process.wait(5) == 130
        return read_events(self._events)


@pytest.fixture
def talking(card: SoundServer, tmp_path: Path):
    talk = Talk(card, tmp_path)
    yield talk
    talk.process.kill()
    talk.process.wait()
    talk.process.stdout.close()


def test_a_conversation_over_a_sound_card(talking: Talk, monitor: Monitor):
    started = talking.count("session_started", 1)[0]
    assert started["t"] > 0
    greeting = talking.count("reply_finished", 1)[0]
    assert greeting["heard"] == greeting["text"] != ""

    talking.say("What is the capital of France?")
    answer = talking.count("reply_finished", 2)[1]
    assert answer["heard"] == "The capital of France is Paris."

    talking.say("Tell me a story.")
    talking.count("first_audio", 3)
    talking.say("What is the capital of Germany?")
    barge_in = talking.count("barge_in", 1)[0]
    assert (barge_in["heard"] + barge_in["unsaid"]).startswith("Once upon a time there was a little fox.")
    assert talking.count("reply_finished", 4)[3]["heard"] == "The capital of Germany is Berlin."

    last = talking.interrupt()[-1]
    assert (last["type"], last["reason"]) == ("session_ended", "interrupt")
    played = monitor.samples().astype(np.float32) / 32768
    assert np.abs(played).max() > 0.05
    assert len(played) > 5 * RATE_HZ
