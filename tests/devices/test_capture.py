"""What the microphone hears: level, pitch and length of a tone, and nothing lost while nobody listens."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from virtual_card import SoundServer, feed_microphone

from localvoice.audio.device import find_device, list_devices, open_capture
from localvoice.audio.device_capture import DeviceCapture
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError

pytestmark = pytest.mark.devices

TONE_HZ = 440
AMPLITUDE = 0.25


@pytest.fixture
def capture(card: SoundServer, path: str) -> Iterator[DeviceCapture]:
    capture = open_capture("default", AudioConfig())
    assert capture.path == path
    yield capture
    capture.close()


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    wave = AMPLITUDE * np.sin(2 * np.pi * TONE_HZ * np.arange(24_000) / 48_000)
    soundfile.write(path, wave.astype(np.float32), 48_000, subtype="PCM_16")
    return path


def read(capture: DeviceCapture, seconds: float) -> Samples:
    return np.concatenate([capture.read() for _ in range(round(seconds * 100))])


def assert_holds_the_tone(samples: Samples) -> None:
    loud = np.flatnonzero(np.abs(samples) > AMPLITUDE / 4)
    assert (loud[-1] - loud[0]) / SPEECH_RATE_HZ == pytest.approx(0.5, abs=0.02)
    middle = samples[loud[0] + 1600 : loud[0] + 6400]
    assert np.std(middle) * np.sqrt(2) == pytest.approx(AMPLITUDE, rel=0.05)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * SPEECH_RATE_HZ / len(middle) == pytest.approx(TONE_HZ, abs=5)


def test_a_sound_is_heard_as_it_was_fed(capture: DeviceCapture, card: SoundServer, tone: Path) -> None:
    feeding = threading.Thread(target=feed_microphone, args=(tone, card.environ))
    feeding.start()
    samples = read(capture, 1.5)
    feeding.join()
    assert_holds_the_tone(samples)


@pytest.fixture
def slept_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited: a busy machine is no wait of ours."""
    slept: list[float] = []
    pause = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: (slept.append(seconds), pause(seconds)))
    return slept


def test_what_is_said_while_nobody_reads_is_kept(
    capture: DeviceCapture, card: SoundServer, tone: Path, slept_s: list[float]
) -> None:
    start_s = time.monotonic()
    feed_microphone(tone, card.environ)
    late_s = time.monotonic() - start_s
    slept_s.clear()
    blocks = []
    while sum(slept_s) < 0.1:  # what has been kept is not waited for, and the card may be a little behind
        blocks.append(capture.read())
    assert len(blocks) >= late_s * 100
    assert_holds_the_tone(np.concatenate(blocks))


def test_blocks_come_at_the_pace_of_real_time(capture: DeviceCapture) -> None:
    read(capture, 0.2)
    start_s, start_cpu_s = time.monotonic(), time.thread_time()
    blocks = [capture.read() for _ in range(100)]
    assert time.monotonic() - start_s == pytest.approx(1.0, abs=0.15)
    assert time.thread_time() - start_cpu_s < 0.2
    assert {len(block) for block in blocks} == {160}
    assert not capture.ended


def test_more_than_the_ring_holds_becomes_silence_of_that_length(
    card: SoundServer, path: str, monkeypatch: pytest.MonkeyPatch, slept_s: list[float]
) -> None:
    module = {"native": "native_rings", "rtmixer": "device_streams"}[path]
    monkeypatch.setattr(f"localvoice.audio.{module}.CAPTURE_RING_S", 0.1)
    capture = open_capture("default", AudioConfig())
    start_s = time.monotonic()
    time.sleep(1.0)
    late_s = time.monotonic() - start_s
    slept_s.clear()
    read(capture, late_s - 0.15)
    assert sum(slept_s) < 0.05
    capture.close()


def test_closing_ends_a_read_in_another_thread(capture: DeviceCapture) -> None:
    errors: list[Exception] = []

    def listen() -> None:
        try:
            while True:
                capture.read()
        except DeviceError as error:
            errors.append(error)

    thread = threading.Thread(target=listen)
    thread.start()
    capture.close()
    thread.join(1.0)
    assert not thread.is_alive()
    assert "closed" in str(errors[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has to be told")
@pytest.mark.usefixtures("card", "path")
def test_the_threads_of_a_stream_run_before_all_others_where_the_system_lets_us() -> None:
    tasks = Path("/proc/self/task")
    before = set(tasks.iterdir())
    capture = open_capture("default", AudioConfig())
    classes = {os.sched_getscheduler(int(thread.name)) for thread in set(tasks.iterdir()) - before}
    capture.close()
    assert classes == {os.SCHED_RR if may_run_in_real_time() else os.SCHED_OTHER}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER, "the thread that opened it"


def may_run_in_real_time() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


def test_the_virtual_card_is_the_default_device(card: SoundServer) -> None:
    devices = list_devices()
    default = find_device("", "output", devices)
    assert default.is_default_output
    assert find_device(str(default.index), "output", devices) == default
    assert find_device(default.name.upper(), "input", devices) == default
