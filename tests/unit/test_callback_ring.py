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
from localvoice.audio.native import RingReader
from localvoice.audio.samples import Samples, silence
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


@pytest.mark.parametrize("written", [100, 2000, 9000])
def test_a_look_tells_the_loudest_of_the_last_stretches(written: int) -> None:
    """As loud as it is at a third of the rate, without a sample being read."""
    capture = Capture()
    random = np.random.default_rng(4)
    sound = (0.1 * random.standard_normal(written)).astype(np.float32)
    sound[-450:-300] *= 5
    capture.record(sound)
    if written < 3 * 300:
        assert capture.captured.loudest(3, 300, 3) == 0.0
        return
    thirds = sound[-900:].reshape(3, 100, 3).mean(axis=2)
    assert capture.captured.loudest(3, 300, 3) == pytest.approx(float(np.square(thirds).mean(axis=1).max()), rel=1e-4)


def test_what_is_far_above_the_band_counts_for_little_in_a_look() -> None:
    capture = Capture()
    at = np.arange(1500)
    capture.record(np.sin(2 * np.pi * 0.02 * at))
    low = capture.captured.loudest(3, 300, 3)
    capture.record(np.sin(2 * np.pi * 0.33 * at))
    assert capture.captured.loudest(3, 300, 3) < 0.01 * low
