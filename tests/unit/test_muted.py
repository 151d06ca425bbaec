"""A microphone that is turned off: silence from the next block on, whatever stands behind it."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.block_work import PythonWork
from localvoice.audio.duplex import BLOCK, Block, Duplex
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.levels import SILENT_DB, Levels
from localvoice.audio.samples import Pcm, Samples


class Loud:
    """A microphone that hears a constant sound."""

    ended, latency_s, xruns = False, 0.0, 0

    def read(self, blocks: int = 1) -> Samples:
        return np.full(blocks * BLOCK, 0.1, dtype=np.float32)

    def close(self) -> None:
        """Nothing is open."""


class Strict:
    """A canceller that must not be taught by silence."""

    def __init__(self) -> None:
        self.taught = 0

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        self.taught += 1
        return near


def test_silence_comes_in_while_muted_and_the_clock_goes_on():
    duplex = Duplex(Loud(), None)
    heard = []
    for muted in (False, True, False):
        duplex.is_muted = muted
        block = duplex.read()
        heard.append((float(np.abs(block.near).max()), block.is_muted))
    assert heard == [(pytest.approx(0.1), False), (0.0, True), (pytest.approx(0.1), False)]
    assert duplex.now_s() == pytest.approx(0.03)


def test_the_meter_shows_what_is_heard_not_what_sounds():
    duplex = Duplex(Loud(), None)
    duplex.levels = Levels()
    duplex.read()
    assert duplex.levels.take()[0] == pytest.approx(-20.0, abs=0.01)
    duplex.is_muted = True
    duplex.read()
    assert duplex.levels.take() == (SILENT_DB, SILENT_DB)


def test_a_level_is_the_loudest_since_the_last_look():
    levels = Levels()
    for near, far in ((0.01, 0.1), (1.0, 0.001), (0.01, 0.01)):
        levels.feed(np.full(BLOCK, near, dtype=np.float32), np.full(BLOCK, far, dtype=np.float32))
    assert levels.take() == (pytest.approx(0.0, abs=0.01), pytest.approx(-20.0, abs=0.01))


def test_the_canceller_learns_nothing_from_a_muted_microphone():
    detecting, recognising = Strict(), Strict()
    path = EchoPath(PythonWork(detecting, recognising), 0.3)
    silent, playing = np.zeros(BLOCK, dtype=np.float32), np.full(BLOCK, 0.2, dtype=np.float32)
    for _ in range(300):
        path.clean(Block(silent, playing, is_muted=True))
    assert detecting.taught == recognising.taught == 0
    assert not path.is_isolated
    path.clean(Block(silent, playing))
    assert detecting.taught == recognising.taught == 1
