"""Several blocks as one, as they are read while nothing is heard: the same as one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio import device_capture
from localvoice.audio.device_capture import DeviceCapture
from localvoice.audio.duplex import BLOCK, BLOCK_S, Block, Duplex, Rendering
from localvoice.audio.echo_path import EchoPath, open_echo_path
from localvoice.audio.far_end import FarBlocks
from localvoice.audio.hearing import Hearing
from localvoice.audio.levels import Levels
from localvoice.audio.paced_capture import PacedCapture
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.sound_tape import SoundTape

LONG = 8


def noise(seconds: float, level: float, seed: int) -> Samples:
    random = np.random.default_rng(seed)
    return (level * random.standard_normal(round(seconds * SPEECH_RATE_HZ))).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100, 48_000])
def test_the_far_end_is_the_same(rate_hz):
    sound = noise(4.0, 0.1, seed=1)
    sound[SPEECH_RATE_HZ : 3 * SPEECH_RATE_HZ] = 0.0

    def converted(blocks: int) -> Samples:
        far, parts, at = FarBlocks(rate_hz), [], 0
        for _ in range(80 // blocks):
            frames = far.next_frames(blocks)
            parts.append(far.convert(sound[at : at + frames]))
            at += frames
        return np.concatenate(parts)

    np.testing.assert_allclose(converted(LONG), converted(1), atol=1e-6)


class Take:
    """A microphone that reads an array."""

    ended = False

    def __init__(self, sound: Samples) -> None:
        self._sound, self._at = sound, 0

    def read(self, frames: int) -> Samples:
        self._at += frames
        return self._sound[self._at - frames : self._at]

    def close(self) -> None:
        """Nothing is open."""


class Nowhere:
    def write(self, samples: Samples) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""


def read_by(blocks: int) -> tuple[Samples, Samples]:
    """Both ends of 1.6 s in a room, our voice in the middle."""
    queue = PlaybackQueue(SPEECH_RATE_HZ)
    capture = PacedCapture(Take(noise(2.0, 0.01, seed=2)), sleep=lambda _: None)
    duplex = Duplex(capture, None, Rendering(queue, Nowhere()), room=Room(RoomSpec(60.0, -10.0, 200.0)))
    read = []
    for count in range(160 // blocks):
        if count == 80 // blocks:
            queue.begin(1)
            queue.append(1, noise(0.3, 0.1, seed=3))
        read.append(duplex.read(blocks))
    assert duplex.now_s() == pytest.approx(1.6)
    return np.concatenate([block.near for block in read]), np.concatenate([block.far for block in read])


def test_both_ends_are_the_same_in_a_room():
    for long, short in zip(read_by(LONG), read_by(1), strict=True):
        np.testing.assert_allclose(long, short, atol=1e-6)


def test_of_a_pipe_no_more_is_read_than_it_gets_an_answer_to():
    capture = PacedCapture(Take(silence(SPEECH_RATE_HZ)), in_step=True, sleep=lambda _: None)
    duplex = Duplex(capture, None, Rendering(PlaybackQueue(SPEECH_RATE_HZ), Nowhere()))
    block = duplex.read(LONG)
    assert len(block.near) == len(block.far) == BLOCK
    assert duplex.now_s() == pytest.approx(BLOCK_S)


class Unheard:
    """A detector that hears nobody."""

    name = "unheard"

    def probability(self, window: Samples) -> float:
        return 0.0

    def reset(self) -> None:
        """There is nothing to forget."""


def cleaned(path: EchoPath, near: Samples, far: Samples, blocks: int) -> list[Samples]:
    """The three signals."""
    step = blocks * BLOCK
    starts = range(0, len(near), step)
    got = [path.clean(Block(near[at : at + step], far[at : at + step])) for at in starts]
    signals = ("for_detection", "for_recognition", "for_judging")
    return [np.concatenate([getattr(one, name) for one in got]) for name in signals]


def test_what_the_canceller_leaves_is_the_same_before_in_and_behind_a_reply():
    """1.6 s of rest, a reply of 2 s that comes back, 3.2 s in which the cancellers fall asleep, and a second reply."""
    far = np.concatenate((silence(25_600), noise(2.0, 0.1, seed=4), silence(51_200), noise(1.6, 0.1, seed=5)))
    room = Room(RoomSpec(60.0, -10.0, 200.0))
    echo = np.concatenate([room.hear(silence(BLOCK), far[at : at + BLOCK]) for at in range(0, len(far), BLOCK)])
    near = echo + noise(len(far) / SPEECH_RATE_HZ, 0.001, seed=6)
    long, short = (cleaned(open_echo_path(0.3, vad=Unheard()), near, far, blocks) for blocks in (LONG, 1))
    for ours, wanted in zip(long, short, strict=True):
        np.testing.assert_array_equal(ours, wanted)


class Watch:
    """Looks on."""

    def __init__(self) -> None:
        self.near: list[Samples] = []

    def block(self, near: Samples, far: Samples, clean: Samples) -> None:
        assert len(far) == len(clean) == len(near)
        self.near.append(near)

    def moved(self) -> None:
        """Nothing moves."""


def test_who_looks_on_gets_blocks_of_10_ms():
    path, near = open_echo_path(0.3), noise(0.16, 0.001, seed=7)
    path.watch = watch = Watch()
    for blocks in (near[: LONG * BLOCK], near[LONG * BLOCK :]):
        path.clean(Block(blocks, silence(len(blocks))))
    assert {len(block) for block in watch.near} == {BLOCK}
    np.testing.assert_array_equal(np.concatenate(watch.near), near)


def test_the_level_is_that_of_the_loudest_of_the_last_three_blocks():
    ears = Hearing(None, UtteranceBuffer(1.0))
    sound = silence(LONG * BLOCK)
    sound[4 * BLOCK : 5 * BLOCK] = 0.5
    sound[6 * BLOCK : 7 * BLOCK] = 0.1
    ears.feed(Block(sound))
    assert ears.level_db == pytest.approx(-20.0, abs=0.01)


def test_a_meter_shows_the_loudest_10_ms():
    levels, sound = Levels(), silence(LONG * BLOCK)
    sound[3 * BLOCK : 4 * BLOCK] = 0.1
    levels.feed(sound, sound[::-1])
    assert levels.take() == pytest.approx((-20.0, -20.0), abs=0.01)


def test_a_recording_keeps_time_where_the_beginning_was_too_much_to_keep(tmp_path: Path):
    tape = SoundTape(lambda code, message: pytest.fail(f"{code}: {message}"))
    for _ in range(1000):
        tape.hear(np.full(LONG * BLOCK, 0.25, np.float32), None, silence(LONG * BLOCK))
    tape.start(tmp_path, {"mic": 16_000})
    tape.close()
    heard, _ = soundfile.read(tmp_path / "mic.flac", dtype="float32")
    assert len(heard) == 1000 * LONG * BLOCK
    assert heard[0] == 0.0
    assert heard[-1] == 0.25


class Device:
    """A microphone that hands out 10 ms every 10 ms, and the time it goes by."""

    rate_hz, path, latency_s, xruns, name = SPEECH_RATE_HZ, "native", 0.0, 0, "device"

    def __init__(self) -> None:
        self.now_s, self.wakes, self._taken = 0.0, 0, 0
        self.told: list[tuple[float, bool]] = []

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds + 1e-5
        self.wakes += 1

    def take(self) -> Samples:
        before, self._taken = self._taken, int(self.now_s / BLOCK_S + 1e-6)
        return silence((self._taken - before) * BLOCK)

    def rest(self, *, is_resting: bool) -> None:
        self.told.append((round(self.now_s, 1), is_resting))


def test_a_device_is_told_that_nobody_talks_after_a_second_and_the_contrary_at_once(monkeypatch: pytest.MonkeyPatch):
    device = Device()
    monkeypatch.setattr(device_capture, "time", device)
    capture = DeviceCapture(device)
    for blocks in [1] * 10 + [LONG] * 5 + [1] + [LONG] * 20 + [1] * 10:
        capture.read(blocks)
    assert device.told == [
        (pytest.approx(0.5 + 0.08 * 12, abs=0.1), True),
        (pytest.approx(0.5 + 0.08 * 20, abs=0.1), False),
    ]


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_a_device_of_any_rate_gives_whole_blocks(rate_hz: int, monkeypatch: pytest.MonkeyPatch):
    class Odd(Device):
        def take(self) -> Samples:
            before, self._taken = self._taken, int(self.now_s * self.rate_hz)
            return silence(self._taken - before)

    device = Odd()
    device.rate_hz = rate_hz
    monkeypatch.setattr(device_capture, "time", device)
    capture = DeviceCapture(device)
    read = [len(capture.read(blocks)) for blocks in [1] * 10 + [LONG] * 40 + [4 * LONG] * 20]
    assert {frames % BLOCK for frames in read} == {0}
    assert sum(read) / SPEECH_RATE_HZ == pytest.approx(device.now_s, abs=0.02)


class Bursts(Device):
    """The same once it gives 40 ms at a time; now and then later than it did."""

    late_s = 0.0

    def take(self) -> Samples:
        before, self._taken = self._taken, 4 * int((self.now_s - self.late_s) / (4 * BLOCK_S) + 1e-6)
        return silence((self._taken - before) * BLOCK)


def test_a_device_that_gives_40_ms_at_a_time_and_is_late_is_not_asked_each_ms(monkeypatch: pytest.MonkeyPatch):
    device = Bursts()
    monkeypatch.setattr(device_capture, "time", device)
    capture = DeviceCapture(device)
    for _ in range(20):
        for _ in range(5):
            capture.read(LONG)
        device.late_s += 0.03
    assert device.wakes < 2.5 * 100


def test_a_device_is_read_as_soon_as_the_last_of_them_is_there(monkeypatch: pytest.MonkeyPatch):
    device = Device()
    monkeypatch.setattr(device_capture, "time", device)
    capture, heard_s = DeviceCapture(device), 0.0
    for blocks in [1] * 100 + [LONG] * 200 + [1] * 100:
        read = len(capture.read(blocks)) // BLOCK
        assert 0 < read <= blocks
        heard_s += read * BLOCK_S
        late_s = 0.0 if read == blocks else BLOCK_S  # one that comes is read next time
        assert device.now_s - heard_s < 0.0015 + late_s
    assert device.wakes < 1.3 * 400
