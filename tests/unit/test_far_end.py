"""Blocks of the far end: 160 samples each at any rate, for ever, and in step with the near end."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.duplex import BLOCK, Duplex, Rendering
from localvoice.audio.far_end import DeviceFarEnd, FarBlocks
from localvoice.audio.native_rings import FarSound
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import Samples, silence


def tone(frames: int, rate_hz: int, first: int = 0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(first, first + frames) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000])
def test_every_block_has_160_samples_and_none_is_lost(rate_hz):
    blocks, fed, far = FarBlocks(rate_hz), 0, []
    for _ in range(500):
        frames = blocks.next_frames()
        far.append(blocks.convert(tone(frames, rate_hz, fed)))
        fed += frames
    assert {len(block) for block in far} == {BLOCK}
    assert fed == round(5 * rate_hz)
    late = blocks.delay_s * 16000 + (1 if rate_hz % 100 else 0)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * (np.arange(500 * BLOCK) - late) / 16000)
    np.testing.assert_allclose(np.concatenate(far)[200:], wanted[200:], atol=0.02)


class Memory:
    """A device's memory: counts."""

    def __init__(self) -> None:
        self.at = self.steps = 0

    def next(self, frames: int) -> Samples:
        self.at += frames
        return np.arange(self.at - frames, self.at, dtype=np.float32)


def test_a_device_is_read_on_without_a_gap():
    far_end = DeviceFarEnd(Memory(), 16_000)
    np.testing.assert_array_equal(np.concatenate([far_end.advance() for _ in range(5)]), np.arange(800))


class Ring:
    """What a callback has played so far: counts."""

    written = 0

    def read(self, first: int, frames: int) -> tuple[Samples, int]:
        samples = np.arange(first, first + frames, dtype=np.float32)
        samples[samples >= self.written] = -1.0
        return samples, frames


def test_what_was_captured_before_anybody_read_is_not_paired_with_the_future():
    ring = Ring()
    far = FarSound(ring, 48_000)
    ring.written = 48_000
    for _ in range(100):  # a second of capture, read at once
        far.next(480)
    for _ in range(200):
        ring.written += 480
        last = far.next(480)[-1]
        assert 0 <= ring.written - last <= 480 + 960


def test_a_capture_clock_that_is_faster_overtakes_what_was_played_for_a_moment_only():
    ring = Ring()
    far = FarSound(ring, 48_000)
    ring.written = 48_000
    early, most = 0, 0
    for block in range(20_000):
        ring.written += 480 - (block % 20 == 0)  # 100 ppm: the margin is used up once
        missing = int((far.next(480) < 0).sum())
        early, most = early + (missing > 0), max(most, missing)
    assert early <= 30, "0.3 s, as if the device had only been late"
    assert most <= 2
    assert far.steps == 1


class Quiet:
    """A callback that has played nothing."""

    written = 48_000

    def read(self, first: int, frames: int) -> tuple[Samples, int]:
        return silence(frames), frames


@pytest.mark.parametrize(("blocks_apart", "put_right"), [(100, 0), (20, 2), (-20, 2)])
def test_in_silence_the_reference_stays_where_it_was_though_the_clocks_run_apart(blocks_apart, put_right):
    ring = Quiet()
    far = FarSound(ring, 48_000)
    end = DeviceFarEnd(far, 48_000)
    steps = 0
    for block in range(30_000):  # 5 minutes
        ring.written += 480 + (1 if blocks_apart > 0 else -1) * (block % abs(blocks_apart) == 0)
        end.advance()
        steps, moved = far.steps, far.steps - steps
        behind = ring.written - far._next
        assert 0 <= behind <= 480 + 960 + 0.015 * 48_000
        assert not moved or abs(behind - 960) <= 300 // abs(blocks_apart)
    assert end.path == steps == put_right


def test_in_silence_it_is_put_right_as_soon_where_eight_blocks_are_read_as_one():
    ring = Quiet()
    end = DeviceFarEnd(FarSound(ring, 48_000), 48_000)
    end.advance()
    ring.written += round(0.05 * 48_000)  # the clocks have run apart meanwhile
    for _ in range(76):  # twice 3 s
        ring.written += 8 * 480
        end.advance(8)
    assert end.path == 1


@pytest.mark.parametrize(("ran_apart_s", "steps"), [(0.0, 0), (0.05, 1), (-0.018, 1)])
def test_what_lies_ready_while_a_loudspeaker_rests_is_no_other_place(ran_apart_s, steps):
    ring = Quiet()
    far = FarSound(ring, 48_000)
    far.next(480)
    far.rest(is_resting=True)
    ring.written += round(0.08 * 48_000)
    for _ in range(100):
        ring.written += 8 * 480
        far.next(8 * 480)
    assert far.steps == 0
    far.rest(is_resting=False)
    ring.written -= round((0.08 - ran_apart_s) * 48_000)  # as if it had stood still until the rest was played
    for _ in range(110):
        ring.written += 480
        far.next(480)
    assert far.steps == steps
    assert 0 <= ring.written - far._next <= 960 + 480


def test_what_a_loudspeaker_is_given_late_as_it_wakes_moves_nothing():
    ring = Ring()
    far = FarSound(ring, 48_000)
    ring.written = 48_000
    for _ in range(101):
        ring.written += 480
        far.next(480)
    far.rest(is_resting=True)
    far.rest(is_resting=False)
    before = ring.written - far._next
    for block in range(200):  # nothing for 50 ms, until what lay ready has been played
        ring.written += {0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 20: 6 * 480}.get(block, 480)
        far.next(480)
    assert (far.steps, ring.written - far._next) == (0, before)


def test_a_device_that_is_late_while_we_speak_moves_nothing_and_one_that_stays_late_is_another_way():
    ring = Ring()
    far = FarSound(ring, 48_000)
    ring.written = 48_000

    def run(late: int, blocks: int) -> None:
        """So many blocks captured, the device so many behind."""
        start = ring.written
        for block in range(blocks):
            ring.written = max(start, start + (block + 1 - late) * 480)
            far.next(480)

    run(0, 200)
    behind = ring.written - far._next
    run(6, 20)
    ring.written += 6 * 480
    assert (far.steps, ring.written - far._next) == (0, behind)
    run(6, 60)
    assert far.steps == 1
    behind = ring.written - far._next
    assert behind >= 0
    run(6, 20)  # again, before it has been there for long
    ring.written += 6 * 480
    assert (far.steps, ring.written - far._next) == (1, behind)


def test_while_we_speak_its_place_is_left_alone():
    ring = Ring()
    far = FarSound(ring, 48_000)
    ring.written = 48_000
    for block in range(30_000):
        ring.written += 480 + (block % 20 == 0)
        far.next(480)
    assert far.steps == 0


class Source:
    ended, latency_s, xruns = False, 0.0, 0

    def read(self, blocks: int = 1) -> Samples:
        return silence(blocks * BLOCK)

    def close(self) -> None:
        pass


class Tape:
    def __init__(self) -> None:
        self.blocks: list[Samples] = []

    def write(self, samples: Samples) -> None:
        self.blocks.append(samples)

    def close(self) -> None:
        pass


def test_files_hear_each_other_through_the_room_and_in_no_other_way():
    for room in (None, Room(RoomSpec(10.0, -20.0))):
        queue, tape = PlaybackQueue(16_000), Tape()
        duplex = Duplex(Source(), None, Rendering(queue, tape), room=room)
        queue.begin(1)
        queue.append(1, tone(1600, 16_000))
        blocks = [duplex.read() for _ in range(10)]
        far = np.concatenate([block.far for block in blocks])
        near = np.concatenate([block.near for block in blocks])
        np.testing.assert_array_equal(far, np.concatenate(tape.blocks))
        if room is None:
            assert not near.any()
        else:
            np.testing.assert_allclose(near[160:], 0.1 * far[:-160], atol=1e-5)


def test_without_a_loudspeaker_there_is_no_far_end():
    assert Duplex(Source(), None).read().far is None
