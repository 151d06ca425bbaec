"""Both ends on one clock."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.duplex import BLOCK, BLOCK_S, Duplex, Rendering
from localvoice.audio.files import SilentSource
from localvoice.audio.levels import Levels
from localvoice.audio.paced_capture import PacedCapture
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.player import QueuePlayer


class Clock:
    """A clock that passes while one sleeps, and by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


class Counting(SilentSource):
    """Blocks that say which one they are."""

    def __init__(self, blocks: int = 10**9) -> None:
        self.count = 0
        self._blocks = blocks
        self.is_closed = False

    @property
    def ended(self) -> bool:
        return self.count >= self._blocks

    def read(self, frames: int) -> np.ndarray:
        self.count += 1
        return np.full(frames, self.count, dtype=np.float32)

    def close(self) -> None:
        self.is_closed = True


class Tape:
    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []
        self.closed = 0

    def write(self, samples: np.ndarray) -> None:
        self.blocks.append(samples)

    def close(self) -> None:
        self.closed += 1


def paced(clock: Clock, source: SilentSource | None = None) -> PacedCapture:
    return PacedCapture(source or Counting(), clock=clock, sleep=clock.sleep)


def test_a_block_arrives_when_a_microphone_would_have_it():
    clock = Clock()
    capture = paced(clock)
    for block in range(1, 200):
        assert capture.read()[0] == block
        assert clock.now_s == pytest.approx(100.0 + block * BLOCK_S)


def test_a_late_block_is_followed_by_prompt_ones_until_it_is_made_up_for():
    clock = Clock()
    capture = paced(clock)
    capture.read()
    clock.now_s += 0.055
    clock.slept.clear()
    for _ in range(5):
        capture.read()
    assert not clock.slept
    capture.read()
    assert len(clock.slept) == 1
    assert clock.now_s == pytest.approx(100.0 + 7 * BLOCK_S)


def test_the_pace_does_not_drift_with_the_work_between_reads():
    clock = Clock()
    capture = paced(clock)
    for block in range(1, 1001):
        capture.read()
        clock.now_s += 0.004
        assert clock.now_s == pytest.approx(100.0 + block * BLOCK_S + 0.004)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_rendering_keeps_step_with_the_capture_clock(rate_hz):
    queue, tape = PlaybackQueue(rate_hz), Tape()
    rendering = Rendering(queue, tape)
    for block in range(1, 1001):
        rendering.advance()
        written = sum(map(len, tape.blocks[-1:]))
        assert abs(written - rate_hz / 100) < 1
        if block % 100 == 0:
            assert sum(map(len, tape.blocks)) == block * rate_hz // 100


def test_both_files_lie_side_by_side():
    """A sample that is queued when block k has been captured sounds from block k on."""
    queue, tape = PlaybackQueue(16_000), Tape()
    player = QueuePlayer(queue)
    duplex = Duplex(paced(Clock()), player, Rendering(queue, tape))
    for _ in range(7):
        duplex.read()
    assert duplex.now_s() == pytest.approx(0.07)
    queue.begin(1)
    queue.append(1, np.ones(BLOCK, dtype=np.float32))
    told: list[float] = []
    queue.when_reached(1, 0, told.append)
    for _ in range(5):
        duplex.read()
    played = np.concatenate(tape.blocks)
    assert len(played) == 12 * BLOCK
    assert np.flatnonzero(played)[0] == 7 * BLOCK
    assert told == [pytest.approx(0.07)]


def test_what_is_played_is_written_alike_whether_anybody_wants_to_know_it_or_not():
    written = []
    for heeded in (True, False):
        queue, tape = PlaybackQueue(48_000), Tape()
        duplex = Duplex(paced(Clock()), QueuePlayer(queue), Rendering(queue, tape))
        duplex.is_far_heeded = heeded
        queue.begin(1)
        queue.append(1, np.ones(900, dtype=np.float32))
        assert [duplex.read(blocks).far is not None for blocks in (1, 8, 1)] == [heeded] * 3
        written.append(np.concatenate(tape.blocks))
        duplex.levels = Levels()
        assert duplex.read().far is not None
    assert np.array_equal(*written)


def test_the_clock_may_start_before_the_first_frame():
    duplex = Duplex(paced(Clock()), None, started_s=2.5)
    assert duplex.now_s() == 2.5
    duplex.read()
    assert duplex.now_s() == pytest.approx(2.51)


def test_the_end_of_the_input_is_seen():
    duplex = Duplex(paced(Clock(), Counting(3)), None)
    seen = []
    for _ in range(4):
        duplex.read()
        seen.append(duplex.ended)
    assert seen == [False, False, True, True]


def test_closing_closes_both_ends():
    source, tape = Counting(), Tape()
    duplex = Duplex(paced(Clock(), source), None, Rendering(PlaybackQueue(16_000), tape))
    duplex.close()
    assert source.is_closed
    assert tape.closed


def test_several_blocks_are_waited_for_once():
    clock = Clock()
    capture = paced(clock)
    assert len(capture.read(3)) == 3 * BLOCK
    assert clock.slept == [pytest.approx(3 * BLOCK_S)]
    assert clock.now_s == pytest.approx(100.0 + 3 * BLOCK_S)
    capture.read()
    assert clock.now_s == pytest.approx(100.0 + 4 * BLOCK_S)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_silence_for_whoever_listens(wrong):
    class Broken(Counting):
        def read(self, frames: int) -> np.ndarray:
            samples = np.full(frames, 0.25, dtype=np.float32)
            samples[7] = wrong
            return samples

    class FarEnd(Rendering):
        def __init__(self) -> None:
            self.tap = None

        def advance(self, blocks: int = 1) -> np.ndarray:
            return Broken().read(BLOCK)

    expected = np.full(BLOCK, 0.25, dtype=np.float32)
    expected[7] = 0.0
    block = Duplex(paced(Clock(), Broken()), None, FarEnd()).read()
    np.testing.assert_array_equal(block.near, expected)
    np.testing.assert_array_equal(block.far, expected)
