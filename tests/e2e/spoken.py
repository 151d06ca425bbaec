"""A user for end-to-end tests: speaks through a pipe when it is their turn, and listens to the file that was played."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_int16
from localvoice.tts.espeak import EspeakSynthesizer
from tests.waiting import wait_until

MODELS = Path(__file__).parent.parent / "models"
TINY_ENGINES = (
    *("--stt", f"faster-whisper:{MODELS / 'stt'}"),
    *("--llm", f"llama-cpp:{MODELS / 'llm' / 'localvoice-tiny-test.gguf'}"),
    *("--tts", f"piper:{MODELS / 'tts' / 'en_US-tiny-test.onnx'}"),
)

Event = dict[str, Any]


def speech(text: str, voice: str = "en-us") -> Samples:
    """`text` by espeak-ng at 16 kHz, the same in every run."""
    return np.frombuffer(_said_first(text, voice), dtype=np.float32).copy()


@cache
def _said_first(text: str, voice: str) -> bytes:
    """By a new process: what espeak says depends on all it has said before."""
    program = "import sys; from tests.e2e.spoken import rendered; sys.stdout.buffer.write(rendered(*sys.argv[1:]))"
    command = [sys.executable, "-c", program, text, voice]
    return subprocess.run(command, cwd=MODELS.parent.parent, stdout=subprocess.PIPE, check=True).stdout


def rendered(text: str, voice: str) -> bytes:
    """The samples of the first thing that this process says."""

    async def said() -> Samples:
        async def once() -> AsyncIterator[str]:
            yield text

        chunks = [chunk async for chunk in EspeakSynthesizer(voice=voice).synthesize(once())]
        return np.concatenate([resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ) for chunk in chunks])

    return asyncio.run(said()).tobytes()


def write_question(path: Path, *parts: str | float, rate_hz: int = SPEECH_RATE_HZ, subtype: str = "PCM_16") -> Path:
    """A WAV of sentences and pauses (seconds)."""
    sound = [silence(int(part * SPEECH_RATE_HZ)) if isinstance(part, float) else speech(part) for part in parts]
    soundfile.write(path, resample(np.concatenate(sound), SPEECH_RATE_HZ, rate_hz), rate_hz, subtype=subtype)
    return path


def read_events(path: Path) -> list[Event]:
    """The lines written so far; a line being written is left for the next time."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


class SpokenSession:
    """`localvoice talk` with a pipe as microphone: silence flows in real time, and speech when `say` is called."""

    def __init__(self, folder: Path, *arguments: str, environ: dict[str, str] | None = None) -> None:
        self.events_file = folder / "events.jsonl"
        self.output_file = folder / "reply.wav"
        command = [sys.executable, "-m", "localvoice", "talk", "--input", "-", "--output", str(self.output_file)]
        self._process = subprocess.Popen(
            [*command, "--events", str(self.events_file), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environ,
            text=False,
        )
        self._to_say: list[Samples] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()

    def _feed(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        block = SPEECH_RATE_HZ // 100
        try:
            while not self._done.is_set():
                with self._lock:
                    said = self._to_say.pop(0) if self._to_say else silence(block)
                pipe.write(to_int16(said).tobytes())  # the reader takes it in real time: the pipe is the clock
                pipe.flush()
            pipe.close()
        except (BrokenPipeError, OSError):
            pass

    def say(self, text: str) -> None:
        """Speak now."""
        sound = speech(text)
        block = SPEECH_RATE_HZ // 100
        with self._lock:
            self._to_say += [sound[at : at + block] for at in range(0, len(sound), block)]

    def wait_for(self, wanted: Callable[[list[Event]], bool], what: str) -> list[Event]:
        """All events, as soon as `wanted` holds for them."""
        wait_until(lambda: wanted(self.events) or self.exit_code is not None, lambda: self._missed(what))
        events = self.events
        assert wanted(events), self._missed(what)
        return events

    @property
    def events(self) -> list[Event]:
        """Those so far."""
        return read_events(self.events_file)

    def _missed(self, what: str) -> str:
        return f"no {what}; events: {[event['type'] for event in self.events]}; output: {self.finish()}"

    def finish(self) -> str:
        """End the input and wait for the program; returns what it printed."""
        self._done.set()
        self._feeder.join(5)
        try:
            output, _ = self._process.communicate(timeout=20) if self._feeder.is_alive() else (self._rest(), None)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output = self._process.stdout.read() if self._process.stdout else b""
        return output.decode(errors="replace")

    def _rest(self) -> bytes:
        assert self._process.stdout is not None
        output = self._process.stdout.read()
        self._process.wait(20)
        return output

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()
