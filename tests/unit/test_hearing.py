"""Who gets which signal: the detector the one without noise, the recogniser the one with it, both without our voice."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.block_work import PythonWork
from localvoice.audio.duplex import Block
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.hearing import Hearing
from localvoice.audio.own_voice import Bars
from localvoice.audio.samples import Samples, silence
from localvoice.audio.utterance import UtteranceBuffer

NEAR = np.full(160, 0.5, dtype=np.float32)
PLAYED = np.full(160, 0.1, dtype=np.float32)


class Marking:
    """A canceller whose output says which one it was."""

    def __init__(self, mark: int) -> None:
        self._mark = mark

    def process(self, near, far):
        return np.full_like(near, self._mark)


class Remembering:
    """A detector that always answers the same, and remembers what it was given."""

    name = "remembering"

    def __init__(self, answer: float = 0.4) -> None:
        self.answer = answer
        self.windows: list[Samples] = []
        self.resets = 0

    def probability(self, window: Samples) -> float:
        self.windows.append(window)
        return self.answer

    def reset(self) -> None:
        self.resets += 1


def hearing(vad: Remembering, buffer: UtteranceBuffer) -> Hearing:
    work = PythonWork(Marking(8192), Marking(16384))
    return Hearing(vad, buffer, EchoPath(work, 0.3, Bars(warm=0.6, cold=0.6)))


def feed(ears: Hearing, blocks: int, far: Samples | None) -> list[float]:
    return [probability for _ in range(blocks) for probability in ears.feed(Block(NEAR, far))]


def test_while_we_speak_detector_and_recogniser_hear_their_own_branch():
    vad, buffer = Remembering(), UtteranceBuffer(5.0)
    feed(hearing(vad, buffer), 32, PLAYED)
    assert np.concatenate(vad.windows) == pytest.approx(0.25)
    assert buffer.read(0.0, 0.3) == pytest.approx(0.5)


@pytest.mark.parametrize("far", [None, silence(160)])
def test_in_silence_both_hear_the_microphone(far):
    vad, buffer = Remembering(), UtteranceBuffer(5.0)
    assert feed(hearing(vad, buffer), 32, far) == [0.4] * 10
    assert np.concatenate(vad.windows) == pytest.approx(0.5)
    assert buffer.read(0.0, 0.3) == pytest.approx(0.5)


@pytest.mark.parametrize("far", [PLAYED, silence(160), None])
def test_without_a_linear_model_the_second_ear_hears_what_the_recogniser_does(far):
    work, buffer, second = PythonWork(Marking(8192), Marking(16384)), UtteranceBuffer(5.0), UtteranceBuffer(5.0)
    feed(Hearing(Remembering(), buffer, EchoPath(work, 0.3), second), 32, far)
    assert second.read(0.0, 0.3) == pytest.approx(0.5)
    assert np.array_equal(second.read(0.0, 0.3), buffer.read(0.0, 0.3))


def test_a_voice_counts_for_less_while_we_speak():
    ears = hearing(Remembering(0.4), UtteranceBuffer(5.0))
    assert feed(ears, 32, PLAYED) == pytest.approx([0.2] * 10)


def test_the_detector_forgets_after_two_seconds_of_silence():
    vad = Remembering(0.05)
    feed(Hearing(vad, UtteranceBuffer(5.0)), 320, None)
    assert vad.resets == 1


def test_without_a_detector_windows_carry_the_time_only():
    assert feed(Hearing(None, UtteranceBuffer(5.0)), 32, None) == [0.0] * 10


def quiet_for(ears: Hearing, seconds: float, level: float = 0.0) -> list[float]:
    block = Block(np.full(160, level, dtype=np.float32))
    return [probability for _ in range(round(seconds * 100)) for probability in ears.feed(block)]


def test_in_a_quiet_room_the_detector_is_not_asked():
    vad = Remembering(0.05)
    ears = Hearing(vad, UtteranceBuffer(5.0))
    quiet_for(ears, 3.0)
    asked = len(vad.windows)
    assert ears.is_resting
    assert quiet_for(ears, 1.6) == [0.0] * 50
    assert len(vad.windows) == asked


def test_a_sound_wakes_the_detector_which_hears_what_led_up_to_it():
    vad = Remembering(0.05)
    ears = Hearing(vad, UtteranceBuffer(5.0))
    quiet_for(ears, 3.2)
    vad.windows.clear()
    vad.answer = 0.9
    assert quiet_for(ears, 0.16, level=0.1) == [0.9] * 5
    assert [float(window.max()) for window in vad.windows] == pytest.approx([0.0] + [0.1] * 5)
    assert not ears.is_resting


def test_while_our_voice_may_be_heard_the_detector_listens_on():
    vad = Remembering(0.05)
    ears = hearing(vad, UtteranceBuffer(5.0))
    feed(ears, 320, PLAYED)
    asked = len(vad.windows)
    feed(ears, 32, PLAYED)
    assert len(vad.windows) == asked + 10
    assert not ears.is_resting


def test_the_level_is_that_of_the_microphone_where_our_voice_cannot_be_in_it():
    alone = Hearing(Remembering(), UtteranceBuffer(5.0))
    quiet_for(alone, 0.1, level=0.1)
    assert alone.level_db == pytest.approx(-20.0, abs=0.1)
    beside_us = hearing(Remembering(), UtteranceBuffer(5.0))
    feed(beside_us, 10, PLAYED)
    assert beside_us.level_db is None
    feed(beside_us, 150, silence(160))
    assert beside_us.level_db == pytest.approx(-6.0, abs=0.1), "what is left of it in the room is over"
