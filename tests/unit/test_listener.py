"""The capture thread: windows in order, failures told, an end that waits for nobody."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

from localvoice.audio.duplex import BLOCK, Duplex
from localvoice.audio.hearing import Hearing
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW_S
from localvoice.errors import DeviceError, LocalVoiceError
from localvoice.listener import Listener

WITHIN_S = 10.0


class Level:
    """A detector whose probability is the level."""

    name = "fake-vad"

    def probability(self, window: np.ndarray) -> float:
        return float(window.max())

    def reset(self) -> None: ...


class Microphone:
    """Some blocks, then a failure, or a wait for the end."""

    latency_s = 0.0
    xruns = 0
    ended = False

    def __init__(self, blocks: int, failure: Exception | None = None) -> None:
        self.closed = threading.Event()
        self._left = blocks
        self._failure = failure

    def read(self, blocks: int = 1) -> np.ndarray:
        if self._left >= blocks:
            self._left -= blocks
            return np.full(blocks * BLOCK, 0.5, dtype=np.float32)
        if self._failure is not None:
            raise self._failure
        self.closed.wait(WITHIN_S)
        raise DeviceError("closed")

    def wait(self, blocks: int) -> int:
        return blocks

    def call(self) -> None: ...

    def close(self) -> None:
        self.closed.set()


def listening(microphone: Microphone, started_s: float = 0.0) -> tuple[Listener, queue.Queue, UtteranceBuffer]:
    posted: queue.Queue = queue.Queue()
    utterances = UtteranceBuffer(5.0)
    duplex = Duplex(microphone, None, started_s=started_s)
    listener = Listener(duplex, Hearing(Level(), utterances), posted.put)
    listener.start()
    return listener, posted, utterances


def test_windows_carry_the_time_of_their_end():
    listener, posted, utterances = listening(Microphone(16, DeviceError("the end")), started_s=2.0)
    windows = [posted.get(timeout=WITHIN_S) for _ in range(5)]
    listener.stop()
    assert [(window.at_s, window.probability) for window in windows] == [(2.0 + n * WINDOW_S, 0.5) for n in range(1, 6)]
    assert [window.level_db for window in windows] == pytest.approx([-6.02] * 5, abs=0.01)
    assert len(utterances.read(0.0, 1.0)) == 16 * BLOCK


@pytest.mark.parametrize("failure", [DeviceError("it is gone"), LocalVoiceError("no")])
def test_a_failure_is_posted_as_it_is(failure):
    listener, posted, _ = listening(Microphone(0, failure))
    assert posted.get(timeout=WITHIN_S) is failure
    listener.stop()


def test_a_bug_does_not_leave_the_session_waiting():
    listener, posted, _ = listening(Microphone(0, ZeroDivisionError("oops")))
    error = posted.get(timeout=WITHIN_S)
    listener.stop()
    assert isinstance(error, LocalVoiceError)
    assert "ZeroDivisionError: oops" in str(error)


def test_stopping_ends_a_read_that_waits_and_closes_the_device():
    microphone = Microphone(0)
    listener, _, _ = listening(microphone)
    listener.stop()
    assert microphone.closed.is_set()


@pytest.mark.parametrize(("may_rest", "posted_windows"), [(True, [8, 16]), (False, list(range(1, 19)))])
def test_while_nobody_waits_for_it_only_every_eighth_window_of_silence_is_posted(may_rest, posted_windows):
    posted: queue.Queue = queue.Queue()
    duplex = Duplex(Microphone(60, DeviceError("the end")), None)
    listener = Listener(duplex, Hearing(None, UtteranceBuffer(5.0)), posted.put)
    listener.may_rest = lambda: may_rest
    listener.start()
    told = [posted.get(timeout=WITHIN_S) for _ in range(len(posted_windows) + 1)]
    listener.stop()
    assert [round(window.at_s / WINDOW_S) for window in told[:-1]] == posted_windows
    assert isinstance(told[-1], DeviceError)
