"""The first words of a conversation, and on other devices, judge the echo: the bars, the memory and what is told."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.audio.scene import spoken
from localvoice.app.duplex_check import DuplexCheck
from localvoice.app.duplex_choice import DuplexChoice
from localvoice.app.known_pairs import DevicePair, Known, KnownPairs
from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.duplex_mode import BARS, DuplexMode
from localvoice.audio.echo_path import EchoPath, open_echo_path
from localvoice.audio.hearing import Hearing
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import VoiceActivity, load_vad
from tests.waiting import GIVEN_UP_S

PAIR = DevicePair("Mic", "Box", "ALSA", "ALSA", 48_000, 48_000, "native")
OTHER = replace(PAIR, output="Headset")
GREETING = "Hello, I am listening."
GOOD = RoomSpec(60.0, -10.0, 300.0, -65.0)
TOO_LATE = RoomSpec(800.0, -10.0, 300.0, -65.0)
TOO_LOUD = RoomSpec(60.0, 25.0, 300.0, -65.0)


@pytest.fixture(scope="module")
def vad() -> VoiceActivity:
    return load_vad("silero")


class Start:
    """A conversation's first words in a room; the check runs as it does there."""

    def __init__(self, vad: VoiceActivity, memory: KnownPairs, begun: DuplexMode = "full") -> None:
        vad.reset()
        self.told: queue.SimpleQueue[DuplexMode] = queue.SimpleQueue()
        self.path: EchoPath = open_echo_path(0.3, BARS[begun])
        self.memory = memory
        self._hearing = Hearing(vad, UtteranceBuffer(1.0), self.path)
        self.present: DevicePair | None = PAIR
        self._number = 0
        choice = DuplexChoice(begun, PAIR, memory.recall(PAIR))
        tell = lambda mode, _: self.told.put(mode)  # noqa: E731 - SimpleQueue.put takes no second word
        self._check = DuplexCheck(choice, self.path, memory, tell, lambda: self.present)
        self._check.start(greets=True)

    def greet(self, room: RoomSpec, user: Samples | None = None) -> DuplexMode | None:
        """Say it; what was told."""
        words = spoken(GREETING, "en-us")
        far = np.concatenate((silence(SPEECH_RATE_HZ), words, silence(2 * SPEECH_RATE_HZ)))
        self.play(far, room, silence(len(far)) if user is None else user[: len(far)])
        return self.news()

    def play(self, far: Samples, room: RoomSpec, near: Samples | None = None) -> None:
        """What is said in a room, and what somebody else says there."""
        through = Room(room, seed=5)
        near = silence(len(far)) if near is None else near
        for at in range(0, len(far) - BLOCK + 1, BLOCK):
            played = far[at : at + BLOCK]
            self._hearing.feed(Block(through.hear(near[at : at + BLOCK], played), played, self._number))

    def move(self, pair: DevicePair, far: Samples | None = None) -> DuplexMode | None:
        """Devices were opened again; what was told."""
        self.present = pair
        self._number += 1
        self.play(silence(BLOCK) if far is None else far, GOOD)
        return self.news()

    def news(self) -> DuplexMode | None:
        """What was told, once all is judged that there is to judge."""
        judged = threading.Event()
        self._check._worker.afterwards(judged.set)
        assert judged.wait(GIVEN_UP_S)
        return None if self.told.empty() else self.told.get()

    def close(self) -> None:
        self._check.close()


@pytest.fixture
def memory(tmp_path) -> KnownPairs:
    return KnownPairs(tmp_path / "devices.json")


@pytest.fixture
def start(vad, memory) -> Iterator[Start]:
    start = Start(vad, memory)
    yield start
    start.close()


def test_a_good_room_changes_nothing_and_leaves_no_trace(start, memory):
    assert start.greet(GOOD) is None
    assert start.path.own_voice.bars == BARS["full"]
    assert memory.recall(PAIR) is None


@pytest.mark.parametrize(("room", "mode"), [(TOO_LOUD, "guarded"), (TOO_LATE, "half")])
def test_a_doubtful_echo_moves_the_session_and_is_remembered(start, memory, room, mode):
    assert start.greet(room) == mode
    assert start.path.own_voice.bars == BARS[mode]
    known = memory.recall(PAIR)
    assert (known.mode, known.source) == (mode, "greeting")


def test_a_user_over_the_greeting_is_not_taken_for_an_echo(start, memory):
    said = np.float32(10 ** (-10 / 20)) * spoken("Wait, I meant something else.", "en-gb+m1")
    user = np.concatenate((silence(int(1.3 * SPEECH_RATE_HZ)), said, silence(3 * SPEECH_RATE_HZ)))
    assert start.greet(GOOD, user) is None
    assert memory.recall(PAIR) is None


def test_a_later_good_greeting_takes_it_back(vad, memory):
    memory.keep(PAIR, Known("guarded", "greeting", "it echoed"))
    start = Start(vad, memory, "guarded")
    assert start.greet(GOOD) == "full"
    assert start.path.own_voice.bars == BARS["full"]
    assert memory.recall(PAIR) is None
    start.close()


def test_a_good_greeting_does_not_overrule_a_test(vad, memory):
    tested = Known("guarded", "test", "it echoed")
    memory.keep(PAIR, tested)
    start = Start(vad, memory, "guarded")
    assert start.greet(GOOD) is None
    assert start.path.own_voice.bars == BARS["guarded"]
    start.close()


def test_a_bad_greeting_moves_the_session_but_not_what_a_test_found(vad, memory):
    tested = Known("full", "test", "taken out")
    memory.keep(PAIR, tested)
    start = Start(vad, memory)
    assert start.greet(TOO_LOUD) == "guarded"
    assert memory.recall(PAIR) == tested
    start.close()


def test_the_same_devices_opened_again_change_nothing(start, memory):
    assert start.greet(TOO_LOUD) == "guarded"
    assert start.move(PAIR) is None
    assert start.path.own_voice.bars == BARS["guarded"]
    assert start.greet(GOOD) is None, "only the first words on a pair are judged"


@pytest.mark.parametrize("mode", ["guarded", "half"])
def test_other_devices_begin_with_what_is_remembered_of_them(start, memory, mode):
    memory.keep(OTHER, Known(mode, "test", "it echoes"))
    assert start.move(OTHER) == mode
    assert start.path.own_voice.bars == BARS[mode]


def test_unknown_devices_are_full_and_the_next_reply_judges_them(start, memory):
    assert start.greet(TOO_LOUD) == "guarded"
    assert start.move(OTHER) == "full"
    assert start.path.own_voice.bars == BARS["full"]
    assert start.greet(TOO_LATE) == "half"
    assert memory.recall(OTHER).mode == "half"
    assert memory.recall(PAIR).mode == "guarded"


def test_what_is_being_said_while_the_devices_change_is_not_judged(start, memory):
    words = spoken(GREETING, "en-us")
    start.play(words, GOOD)
    assert start.move(OTHER, words) is None
    start.play(silence(SPEECH_RATE_HZ), TOO_LATE)
    assert memory.recall(OTHER) is None
    assert start.greet(TOO_LATE) == "half"
