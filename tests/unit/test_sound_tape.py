"""Sound that is recorded: all tracks on one clock, and nobody waits for the disk."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import Samples
from localvoice.errors import FileError
from localvoice.sound_tape import SoundTape

RATES = {"mic": 16_000, "reference": 16_000, "clean": 16_000, "output": 48_000}
LEVEL = 2.0**-10


def block(number: int, frames: int = 160) -> Samples:
    """10 ms that can be told from all others."""
    return np.full(frames, number * LEVEL, np.float32)


def hear(tape: SoundTape, first: int, last: int, *, far: bool = True) -> None:
    for number in range(first, last):
        if far:
            tape.play(block(number, 480), 48_000)
        tape.hear(block(number), block(number) if far else None, block(number))


def read(folder: Path, track: str) -> tuple[Samples, int]:
    return soundfile.read(folder / f"{track}.flac", dtype="float32")


def silent(code: str, message: str) -> None:
    raise AssertionError((code, message))


def test_all_tracks_begin_at_sample_0_and_have_one_length(tmp_path):
    tape = SoundTape(silent)
    hear(tape, 0, 130)  # a microphone listens before the session begins
    tape.start(tmp_path, RATES)
    hear(tape, 130, 333)
    tape.close()
    for track, rate_hz in RATES.items():
        samples, written_hz = read(tmp_path, track)
        assert (written_hz, len(samples)) == (rate_hz, 333 * rate_hz // 100)
        assert np.array_equal(samples.reshape(333, -1), np.arange(333)[:, None] * LEVEL * np.ones(rate_hz // 100))


def test_nothing_is_created_before_the_start(tmp_path):
    tape = SoundTape(silent)
    hear(tape, 0, 100)
    tape.close()
    assert list(tmp_path.iterdir()) == []


def test_only_the_tracks_that_there_are_have_files(tmp_path):
    tape = SoundTape(silent)
    tape.start(tmp_path, {"output": 48_000})
    hear(tape, 0, 50)
    tape.close()
    tape.close()
    assert [path.name for path in tmp_path.iterdir()] == ["output.flac"]


def test_what_cannot_be_held_is_silence_and_the_rest_stays_in_its_place(tmp_path):
    tape = SoundTape(silent)
    hear(tape, 0, 7000, far=False)  # 70 s before the session begins: a minute is held
    tape.start(tmp_path, RATES)
    hear(tape, 7000, 7010, far=False)
    tape.close()
    samples, _ = read(tmp_path, "mic")
    assert len(samples) == 7010 * 160
    held = samples.reshape(7010, 160)
    assert not held[:990].any()
    assert held[-1, 0] == pytest.approx(min(1.0, 7009 * LEVEL), abs=1e-3)
    assert held[1030:].all()


def test_another_loudspeaker_keeps_the_rate_of_the_file(tmp_path):
    tape = SoundTape(silent)
    tape.start(tmp_path, RATES)
    hear(tape, 0, 50)
    for number in range(50, 100):
        tape.play(block(100, 441), 44_100)
        tape.hear(block(number), block(number), block(number))
    tape.close()
    samples, rate_hz = read(tmp_path, "output")
    assert rate_hz == 48_000
    assert len(samples) == pytest.approx(48_000, abs=50)


class FullDisk:
    """A sound file that takes so many writes and no more."""

    takes = 2

    def __init__(self, *_args, **_kwargs) -> None:
        self._left = self.takes
        self.is_open = True

    def write(self, samples) -> None:
        if not self.is_open:
            raise soundfile.SoundFileRuntimeError("I/O operation on closed file.")
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self.is_open = False


@pytest.mark.parametrize("takes", [0, 2])
def test_a_full_disk_is_told_once_and_nothing_else_happens(tmp_path, monkeypatch, takes):
    told, opened = [], []

    def open_file(*_args, **_kwargs) -> FullDisk:
        opened.append(FullDisk())
        return opened[-1]

    monkeypatch.setattr(FullDisk, "takes", takes)
    monkeypatch.setattr(soundfile, "SoundFile", open_file)
    tape = SoundTape(lambda code, message: told.append((code, message)))
    tape.start(tmp_path, RATES)
    for first in range(0, 1000, 100):
        hear(tape, first, first + 100)
    tape.close()
    ((code, message),) = told
    assert code == "recording_stopped"
    assert "mic.flac: no space left on device" in message
    assert "\n" not in message
    assert not any(file.is_open for file in opened)


def test_a_session_that_ends_at_once_leaves_files_that_can_be_opened(tmp_path):
    tape = SoundTape(silent)
    tape.start(tmp_path, RATES)
    tape.close()
    assert all(soundfile.info(tmp_path / f"{track}.flac").duration == pytest.approx(0.01) for track in RATES)


def test_a_folder_that_takes_no_file_is_one_line(tmp_path):
    (tmp_path / "mic.flac").mkdir()
    with pytest.raises(FileError, match=r"cannot write .*mic\.flac"):
        SoundTape(silent).start(tmp_path, RATES)
