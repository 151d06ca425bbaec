"""The ring of the compiled callbacks, and the capture callback that writes one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.audio import device_path, native
from localvoice.audio.native import RingLook, RingReader
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from tests.unit.callback_rig import library

SIZE = 4096
MAX_BLOCK = 512

INPUT_OVERFLOW = 2
"""`paInputOverflow` in portaudio.h."""


def values(first: int, count: int) -> Samples:
    """Exact in float32, and never 0."""
    return ((np.arange(first, first + count) % 1_000_003) + 1).astype(np.float32)


class Capture:
    """`lv_record` into a small ring."""

    def __init__(self, channels: int = 1, size: int = SIZE, max_block: int = MAX_BLOCK) -> None:
        self.library = library()
        self.state = self.library.ffi.new("lv_capture *")
        self._memory = silence(size)
        ring = self.state.ring
        ring.data, ring.size, ring.max_block = self.library.pointer(self._memory), size, max_block
        self.state.channels = channels
        self.captured = RingReader(self.library, self.state, "ring")

    def record(self, frames: Any, flags: int = 0) -> None:
        null = self.library.ffi.NULL
        data = np.ascontiguousarray(frames, dtype=np.float32)
        pointer = self.library.pointer(data)
        assert self.library.lib.lv_record(pointer, null, len(data), null, flags, self.state) == 0


def test_channels_are_mixed_to_their_mean() -> None:
    capture = Capture(channels=3)
    capture.record([[0.3, 0.6, 0.0], [1.0, 1.0, 1.0]])
    samples, there = capture.captured.read(0, 2)
    assert there == 2
    np.testing.assert_allclose(samples, [0.3, 1.0])


def test_a_block_without_sound_is_silence_and_time_goes_on() -> None:
    capture = Capture()
    capture.record(values(0, 100))
    null = capture.library.ffi.NULL
    capture.library.lib.lv_record(null, null, 50, null, INPUT_OVERFLOW, capture.state)
    samples, there = capture.captured.read(0, 150)
    assert there == capture.captured.written == 150
    assert np.array_equal(samples, np.concatenate((values(0, 100), silence(50))))
    assert capture.state.overflows == 1


@given(st.lists(st.integers(0, 3000), max_size=12), st.integers(0, 20_000), st.integers(0, 6000))
def test_a_reader_gets_what_is_there_and_zeros_for_the_rest(blocks: list[int], first: int, count: int) -> None:
    """Of any size, also beyond the largest block; what may be overwritten at any moment counts as gone."""
    capture = Capture()
    for block in blocks:
        capture.record(values(capture.captured.written, block))
    written = sum(blocks)
    oldest = max(0, written + MAX_BLOCK - SIZE)
    samples, there = capture.captured.read(first, count)
    expected = values(first, count)
    frame = np.arange(first, first + count)
    expected[(frame < oldest) | (frame >= written)] = 0.0
    assert np.array_equal(samples, expected)
    assert there == np.count_nonzero(expected)


def race(samples: int, block: int, size: int, readers: int = 3) -> int:
    """Readers at the edge of being overwritten; how many samples they were given."""
    capture = Capture(size=size, max_block=block)
    source = values(0, 1_000_003)
    seen = [0] * readers
    wrong: list[int] = []

    def write() -> None:
        at = 0
        while at < samples:
            first = at % 1_000_003
            part = source[first : first + block]
            capture.record(part)
            at += len(part)

    def read(number: int) -> None:
        while writing.is_alive():
            first = max(0, capture.captured.written + block - size - 16)
            got, there = capture.captured.read(first, 64)
            expected = values(first, 64)
            known = np.flatnonzero(got)
            if len(known) != there or not np.array_equal(got[known], expected[known]):
                wrong.append(first)
            seen[number] += there

    writing = threading.Thread(target=write)
    threads = [writing, *(threading.Thread(target=read, args=(number,)) for number in range(readers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    return sum(seen)


@pytest.mark.parametrize("block", [480, 4096])
def test_no_reader_gets_a_torn_sample(block: int) -> None:
    """Without the guard in `lv_read` this fails with both; tests/native tries that."""
    assert race(100_000_000 if block > 1000 else 20_000_000, block, size=1 << 15) > 1000


@pytest.fixture
def _fresh_load() -> Any:
    native.load.cache_clear()
    yield
    native.load.cache_clear()


@pytest.mark.usefixtures("_fresh_load")
def test_without_a_library_devices_run_on_rtmixer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native, "library_path", lambda: tmp_path / "_callback.so")
    assert device_path.path_name() == "rtmixer"
    assert native.reason() == "no C compiler was found at installation"


@pytest.mark.usefixtures("_fresh_load")
def test_a_file_that_is_no_library_is_told_and_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "_callback.so"
    path.write_bytes(b"nothing")
    monkeypatch.setattr(native, "library_path", lambda: path)
    assert device_path.path_name() == "rtmixer"
    assert "_callback.so cannot be loaded" in native.reason()


def test_with_the_library_devices_run_on_it() -> None:
    library()
    assert device_path.path_name() == "native"
    assert not native.reason()


class Looking(Capture):
    """A ring at 16 kHz, and who waits for a sound in it."""

    def __init__(self) -> None:
        super().__init__(size=1 << 14)
        self.look = RingLook(self.library, self.state, "ring", SPEECH_RATE_HZ)

    @property
    def state_ring(self) -> Any:
        return self.library.ffi.addressof(self.state, "ring")


def hiss(frames: int, level: float = 0.01) -> Samples:
    return (level * np.random.default_rng(4).standard_normal(frames)).astype(np.float32)


@pytest.mark.parametrize("written", [100, 2000, 9000, 40_000])
@pytest.mark.parametrize("step", [1, 3])
def test_a_look_tells_the_loudest_of_the_last_stretches(written: int, step: int) -> None:
    """As loud as it is at a part of the rate, without a sample being read."""
    capture, sound = Looking(), hiss(written)
    sound[-900:-600] *= 5
    for at in range(0, written, MAX_BLOCK):
        capture.record(sound[at : at + MAX_BLOCK])
    told = capture.library.lib.lv_loudest(capture.state_ring, 3, 300, step)
    if written < 900:
        assert told == 0.0
        return
    means = sound[-900:].reshape(3, 300 // step, step).mean(axis=2)
    assert told == pytest.approx(float(np.square(means).mean(axis=1).max()), rel=1e-4)


def test_what_is_far_above_the_band_counts_for_little_in_a_look() -> None:
    capture, at = Looking(), np.arange(1500)
    told = []
    for frequency in (0.02, 0.33):
        capture.record(np.sin(2 * np.pi * frequency * at))
        told.append(capture.library.lib.lv_loudest(capture.state_ring, 3, 300, 3))
    assert told[1] < 0.01 * told[0]


def test_who_waits_looks_on_while_nothing_stands_out() -> None:
    capture = Looking()
    capture.record(hiss(4000))
    assert capture.look.wait(0.0, 3) == 3


def test_a_sound_ends_the_wait_with_the_look_that_sees_it() -> None:
    capture = Looking()
    capture.record(hiss(4000))
    capture.look.wait(0.0, 1)
    capture.record(hiss(600, 0.02))
    assert capture.look.wait(0.0, 100) == 1


def test_a_room_that_grows_louder_by_and_by_ends_no_wait() -> None:
    capture, level = Looking(), 0.01
    capture.record(hiss(4000))
    for _ in range(40):
        level *= 10 ** (0.2 / 20)
        capture.record(hiss(2000, level))
        assert capture.look.wait(0.0, 2) == 2


def test_a_call_ends_the_wait_until_it_is_heeded() -> None:
    capture = Looking()
    capture.record(hiss(4000))
    capture.look.call()
    assert [capture.look.wait(0.0, 3) for _ in range(2)] == [1, 1]
    capture.look.heed()
    assert capture.look.wait(0.0, 2) == 2


def test_a_call_from_another_thread_ends_a_wait_that_is_under_way() -> None:
    capture = Looking()
    capture.record(hiss(4000))
    caller = threading.Timer(0.05, capture.look.call)
    caller.start()
    assert capture.look.wait(0.0, 1000) < 1000
    caller.join()
