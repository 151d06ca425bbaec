"""What a real Whisper model reads in a stretch of sound, right or wrong, and how sure it is of it.

The tests' tiny one knows a few hundred sentences and hears them in whatever people say: a recogniser that is wrong.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from pathlib import Path

import numpy as np

from benchmarks.turns.corpus import CACHE
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.stt.faster_whisper import FasterWhisperRecognizer

_EDGE = silence(SPEECH_RATE_HZ // 10)
"""Behind the sound, as the program has it (`localvoice.stt.rereading`)."""


class Whispered:
    """Asked once for each stretch of sound; what it reads is kept under build/turns. Some 0.3 s for each."""

    def __init__(self, model: Path) -> None:
        self._recognizer = FasterWhisperRecognizer(model)
        self._file = CACHE / f"whispered-{zlib.crc32((model / 'model.bin').read_bytes()):08x}.json"
        self._known: dict[str, tuple[str, float | None]] = {}
        if self._file.exists():
            self._known = json.loads(self._file.read_text(encoding="utf-8"))

    def read(self, sound: Samples) -> tuple[str, float | None]:
        """Its words, and `Transcript.confidence`."""
        key = f"{zlib.crc32(sound.tobytes()):08x}"
        if key not in self._known:
            heard = asyncio.run(self._recognizer.transcribe(np.concatenate((sound, _EDGE))))
            self._known[key] = (heard.text, heard.confidence)
        text, confidence = self._known[key]
        return text, confidence

    def keep(self) -> None:
        """Write down what was read so far."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._known), encoding="utf-8")
