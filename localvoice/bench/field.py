"""A text read aloud by the user: how much of it the recogniser gets wrong on this machine, with this microphone."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from localvoice.app.transcribing import Done, transcribe
from localvoice.audio.files import WavSink
from localvoice.audio.opening import End, EndKind, open_capture, parse_end
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.config import Config
from localvoice.errors import ExitCode
from localvoice.model_store.store import ModelStore
from localvoice.streams import CancelToken, Worker

TEXT = (
    "The North Wind and the Sun were disputing which was the stronger, when a traveler came along wrapped in a warm "
    "cloak. They agreed that the one who first succeeded in making the traveler take his cloak off should be "
    "considered stronger than the other. Then the North Wind blew as hard as he could, but the more he blew the more "
    "closely did the traveler fold his cloak around him; and at last the North Wind gave up the attempt. Then the Sun "
    "shone out warmly, and immediately the traveler took off his cloak. And so the North Wind was obliged to confess "
    "that the Sun was the stronger of the two."
)
"""Aesop's fable, as phoneticians have had it read since 1912: 113 words that every recogniser should know."""

_LONGEST_S = 180
"""Of a reading; it takes 40 s."""


def words_of(text: str) -> list[str]:
    """As they are compared: lower case, without punctuation; British spelling counts as American."""
    return re.findall(r"[a-z0-9']+", text.lower().replace("traveller", "traveler"))


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to replace, put in or leave out that makes one of the other."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        before, row[0] = row[0], at
        for column, other in enumerate(heard, 1):
            changed = before + (word != other)
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, changed)
    return row[-1]


async def measure_reading(
    config: Config, store: ModelStore, finished: Callable[[], object], say: Callable[[str], None]
) -> tuple[ExitCode, dict[str, Any] | None]:
    """The figures of a reading: `audio.input` names the file that holds it, or the microphone. None: a signal came.

    `finished` blocks until the user has read the text; it is called in a thread where there is a microphone.

    Raises:
        LocalVoiceError: no microphone, no recogniser, or a file that holds no sound.
    """
    end = parse_end(config.audio.input)
    if end.kind is EndKind.FILE:
        return await _measured(config, store, end.spec, say)
    with tempfile.TemporaryDirectory(prefix="localvoice-bench-") as folder:
        path = Path(folder) / "reading.wav"
        sink = WavSink(path, SPEECH_RATE_HZ)
        sink.write(await _record(config, end, finished))
        sink.close()
        return await _measured(config, store, str(path), say)


async def _record(config: Config, end: End, finished: Callable[[], object]) -> Samples:
    capture = open_capture(end, config.audio)
    listening, waiting = Worker("microphone"), Worker("keyboard")
    is_over = False

    def listen(token: CancelToken) -> Samples:
        blocks = [silence(0)]
        while not is_over and not token.is_cancelled and len(blocks) < 100 * _LONGEST_S:
            blocks.append(capture.read())
        return np.concatenate(blocks)

    try:
        heard = asyncio.ensure_future(listening.call(listen))
        await waiting.call(lambda _: finished())
        is_over = True
        return await heard
    finally:
        is_over = True
        listening.close()
        waiting.close()
        capture.close()


async def _measured(
    config: Config, store: ModelStore, name: str, say: Callable[[str], None]
) -> tuple[ExitCode, dict[str, Any] | None]:
    found: list[Done] = []
    watch = _Watch(say)
    code = await transcribe(config, store, [name], found.append, watch)
    if code is not ExitCode.OK or not found:
        return code, None
    said, heard = words_of(TEXT), words_of(found[0].transcript.text)
    errors = word_errors(said, heard)
    return code, {
        "engine": found[0].transcript.engine,
        "words": len(said),
        "errors": errors,
        "word_error": round(errors / len(said), 4),
        "audio_s": round(watch.audio_s, 2),
        **watch.figures(),
        "heard": found[0].transcript.text,
    }


class _Watch:
    """A `transcribing.Watcher` that looks at clock and processor."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.audio_s = 0.0
        self._say = say
        self._process = psutil.Process()
        self._began = self._now()

    def loading(self, what: str) -> None:
        self._say(what)

    def began(self, name: str, seconds: float) -> None:  # noqa: ARG002 - there is one
        self.audio_s = seconds
        self._began = self._now()

    def heard(self, until_s: float) -> None: ...

    def warn(self, text: str) -> None:
        self._say(text)

    def figures(self) -> dict[str, float]:
        """From the beginning of the transcription to now."""
        wall_s, cpu_s = (now - then for now, then in zip(self._now(), self._began, strict=True))
        return {
            "took_s": round(wall_s, 2),
            "real_time_factor": round(wall_s / max(self.audio_s, 0.01), 3),
            "cores": round(cpu_s / max(wall_s, 0.001), 2),
            "memory_mb": round(self._process.memory_info().rss / 2**20, 1),
        }

    def _now(self) -> tuple[float, float]:
        times = self._process.cpu_times()
        return time.perf_counter(), times.user + times.system
