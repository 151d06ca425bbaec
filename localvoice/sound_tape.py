"""The sound of a conversation on its way to disk: taken in the thread that listens, written in one of its own.

Rule of this file: whoever hears or plays never waits. What the disk cannot take in time is silence in the files: all of
them stay on the one clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_int16
from localvoice.errors import FileError, unwritable
from localvoice.streams import Worker

TRACKS = ("mic", "reference", "clean", "output")
"""`TRACK.flac`: what the microphone heard, what was played as the canceller knows it, what it left, and what was played
at the player's rate. The first three are 16 kHz."""

_BLOCKS_PER_S = 100

_BLOCKS_PER_PART = 25
"""A quarter of a second: four wake-ups of the writing thread a second."""

_PARTS_HELD = 240
"""A minute, 25 MB at most: engines that load while a microphone listens, or a disk that is busy."""

_CLOSED_WITHIN_S = 0.8
"""Time for what is left to be written: Ctrl-C is to end a session within a second."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Sound of the tracks from block `first` on."""

    first: int
    sound: Mapping[str, list[Samples]]


class SoundTape:
    """Tracks that begin at sample 0 and stay in step. `play` and `hear` belong to one thread, the rest to the loop."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        """`tell` is told code and message where sound is lost, from any thread."""
        self._tell = tell
        self._parts: deque[_Part] = deque(maxlen=_PARTS_HELD)
        """Waiting to be written; the oldest ones give way."""
        self._sound: dict[str, list[Samples]] = {}
        self._blocks = 0
        self._taken = 0
        """Blocks that stand in parts."""
        self._files: _Files | None = None
        self._worker: Worker | None = None

    def play(self, played: Samples, rate_hz: int) -> None:
        """What is played during the time that is heard next; never waits."""
        files = self._files
        rate = rate_hz if files is None else files.rates.get("output", rate_hz)
        self._sound.setdefault("output", []).append(resample(played, rate_hz, rate))  # another loudspeaker: one rate

    def hear(self, near: Samples, far: Samples | None, clean: Samples) -> None:
        """Microphone, echo's origin and what is left of the microphone without it, at 16 kHz; never waits.

        10 ms, or several times that.
        """
        for track, samples in (("mic", near), ("reference", far), ("clean", clean)):
            if samples is not None:
                self._sound.setdefault(track, []).append(samples)
        self._blocks += len(near) * _BLOCKS_PER_S // SPEECH_RATE_HZ
        if self._blocks - self._taken >= _BLOCKS_PER_PART:
            self._pack()

    def _pack(self) -> None:
        self._parts.append(_Part(self._taken, self._sound))
        self._taken, self._sound = self._blocks, {}
        if self._worker is not None:
            self._worker.afterwards(self._write)

    def start(self, folder: Path, rates: Mapping[str, int]) -> None:
        """Create `TRACK.flac` for each track of `rates` (Hz): what has been heard so far is written, and what follows.

        Raises:
            FileError: a file cannot be created.
        """
        self._files = _Files(folder, rates)
        self._worker = Worker("recording")
        self._worker.afterwards(self._write)

    def _write(self) -> None:
        """In the writing thread: everything that waits."""
        files = self._files
        while files is not None and self._parts:
            part = self._parts.popleft()
            if files.is_closed:
                continue
            try:
                files.write(part)
            except FileError as error:
                files.close()
                self._tell("recording_stopped", f"{error}; the conversation goes on, its sound is lost")

    def close(self) -> None:
        """Write the rest and finish the files, in less than a second; may be called twice."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if self._sound:
            self._parts.append(_Part(self._taken, self._sound))
        done: Future[None] = Future()
        worker.afterwards(self._finish)
        worker.afterwards(lambda: done.set_result(None))
        worker.close()
        with suppress(TimeoutError):
            done.result(_CLOSED_WITHIN_S)

    def _finish(self) -> None:
        self._write()
        if self._files is not None:
            self._files.close()


class _Files:
    """The tracks on disk. Belongs to the writing thread, but for its creation."""

    def __init__(self, folder: Path, rates: Mapping[str, int]) -> None:
        import soundfile

        self.rates = rates
        self.is_closed = False
        self._folder = folder
        self._errors: tuple[type[Exception], ...] = (OSError, soundfile.LibsndfileError)
        self._files: dict[str, Any] = {}
        self._frames = dict.fromkeys(rates, 0)
        for track, rate_hz in rates.items():
            try:
                path = folder / f"{track}.flac"
                self._files[track] = soundfile.SoundFile(path, "w", rate_hz, 1, format="FLAC", subtype="PCM_16")
            except self._errors as error:
                self.close()
                raise unwritable(path, error) from error

    def write(self, part: _Part) -> None:
        """Append a part; what is missing before it becomes silence. Raises `FileError`."""
        for track, file in self._files.items():
            due = round(part.first * self.rates[track] / _BLOCKS_PER_S)
            missing = silence(max(0, due - self._frames[track]))
            samples = np.concatenate((missing, *part.sound.get(track, ())))
            try:
                file.write(to_int16(samples))
            except self._errors as error:
                raise unwritable(f"{self._folder / track}.flac", error) from error
            self._frames[track] += len(samples)

    def close(self) -> None:
        """Finish the files as far as they were written; may be called twice."""
        if self.is_closed:
            return
        self.is_closed = True
        for track, file in self._files.items():
            with suppress(*self._errors):  # what failed was told when it was written
                if self._frames[track] == 0:  # libsndfile leaves an empty file, which nobody can open
                    file.write(to_int16(silence(self.rates[track] // _BLOCKS_PER_S)))
            with suppress(*self._errors):
                file.close()
