"""Recogniser and voice against the bare libraries: `python -m benchmarks.engines.speech [--models FOLDER]`.

Whisper base and a Piper voice of quality medium, both of random weights (`make_models.py`): the same input to us and to
the library in turn; partials of a turn fed in real time; first sound by the length of a clause. Figures:
docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.engines.make_models import make_voice, make_whisper
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.machine import this_machine
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from localvoice.tts.piper import THREADS, PiperSynthesizer

TURN_S = 3.0
FED_S = 8.0
BLOCK = SPEECH_RATE_HZ // 10
CLAUSES = (
    "Yes.",
    "It is sunny today.",
    "The capital of France is Paris, and it is large.",
    "Once upon a time there was a little fox who lived in a green forest near a river with its friends.",
)
BARE_OPTIONS = {
    "language": "en",
    "beam_size": 1,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "without_timestamps": True,
    "max_new_tokens": 96,
}


@dataclass(slots=True)
class Compared:
    """The same work by us and by the library alone."""

    ours: list[tuple[float, float]] = field(default_factory=list)
    """CPU seconds and seconds."""
    bare: list[tuple[float, float]] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Medians, and what we add."""
        (ours_cpu, ours_s), (bare_cpu, bare_s) = (
            [statistics.median(column) for column in zip(*times, strict=True)] for times in (self.ours, self.bare)
        )
        return {
            "bare_cpu_ms": ms(bare_cpu),
            "ours_cpu_ms": ms(ours_cpu),
            "bare_ms": ms(bare_s),
            "ours_ms": ms(ours_s),
            "overhead_cpu_percent": round(100 * (ours_cpu / bare_cpu - 1), 1),
        }


async def compared(ours: Callable[[], Any], bare: Callable[[], Any], repeats: int) -> dict[str, float]:
    """In turn; the first of each is not counted."""
    found = Compared()
    for number in range(repeats + 1):
        one = await timed(ours)
        other = await timed(lambda: asyncio.to_thread(bare))
        if number:
            found.ours.append(one)
            found.bare.append(other)
    return found.figures()


async def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """CPU seconds of this process, and seconds."""
    cpu_s, began_s = time.process_time(), time.perf_counter()
    await work()
    return time.process_time() - cpu_s, time.perf_counter() - began_s


async def recogniser(folder: Path, repeats: int) -> dict[str, Any]:
    """One turn, and the partials of a longer one."""
    from faster_whisper import WhisperModel

    before = memory()
    ours = FasterWhisperRecognizer(folder)
    taken_mb = round((memory() - before) / 1e6)
    bare = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=this_machine().recogniser_threads)
    sound = noise(TURN_S)

    def read() -> None:
        segments, _ = bare.transcribe(sound, **BARE_OPTIONS)
        list(segments)

    found = await compared(lambda: ours.transcribe(sound), read, repeats)
    told, cpu_s = await partials(ours)
    ours.close()
    return {
        **found,
        "memory_mb": taken_mb,
        "partials_in_8_s": len(told),
        "first_partial_s": round(told[0], 2) if told else None,
        "partials_cpu_s": round(cpu_s, 2),
    }


async def partials(ours: FasterWhisperRecognizer) -> tuple[list[float], float]:
    """When each partial of `FED_S` of sound came, fed as a microphone would, and what they cost."""
    sound, began_s, cpu_s = noise(FED_S), time.perf_counter(), time.process_time()

    async def blocks() -> AsyncIterator[Samples]:
        for number in range(len(sound) // BLOCK):
            wait_s = began_s + (number + 1) * BLOCK / SPEECH_RATE_HZ - time.perf_counter()
            await asyncio.sleep(max(0.0, wait_s))
            yield sound[number * BLOCK : (number + 1) * BLOCK]

    told = ours.stream(blocks())
    came = [time.perf_counter() - began_s async for partial in told if not partial.is_final]
    return came, time.process_time() - cpu_s


async def voice(path: Path, repeats: int) -> dict[str, Any]:
    """One clause, and the first sound of clauses of several lengths."""
    from piper import PiperVoice, SynthesisConfig

    before = memory()
    ours = PiperSynthesizer(path)
    taken_mb = round((memory() - before) / 1e6)
    bare = PiperVoice.load(path)
    bare.session = bare_session(path)
    config = SynthesisConfig(normalize_audio=False)
    clause = CLAUSES[2]
    found = await compared(lambda: spoken(ours, clause), lambda: list(bare.synthesize(clause, config)), repeats)
    first = {}
    for text in CLAUSES:
        times = [await timed(lambda text=text: spoken(ours, text)) for _ in range(repeats)]
        cpu_s, seconds = (statistics.median(column) for column in zip(*times, strict=True))
        first[f"{len(text.split())} words"] = {"ms": ms(seconds), "cpu_ms": ms(cpu_s)}
    ours.close()
    return {**found, "memory_mb": taken_mb, "first_sound": first}


def bare_session(path: Path) -> Any:
    """With the threads that we take: the library's own would take all."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])


async def spoken(ours: PiperSynthesizer, clause: str) -> None:
    """To the end of its clause: Piper gives all of it at once."""

    async def text() -> AsyncIterator[str]:
        yield clause

    async for _ in ours.synthesize(text()):
        pass


def noise(seconds: float) -> Samples:
    """As loud as speech."""
    samples: Samples = np.random.default_rng(0).standard_normal(int(seconds * SPEECH_RATE_HZ), np.float32) * 0.05
    return samples


def memory() -> int:
    """Of this process, in bytes."""
    return int(psutil.Process().memory_info().rss)


def ms(seconds: float) -> float:
    """Rounded milliseconds."""
    return round(1000 * seconds, 1)


async def measure(folder: Path, repeats: int) -> dict[str, Any]:
    """Both."""
    return {
        "recogniser": await recogniser(make_whisper(folder / "stt/random-base"), repeats),
        "voice": await voice(make_voice(folder / "tts/random-medium/random.onnx"), repeats),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="where the models are, or are left for the next time")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(arguments.models or Path(folder), arguments.repeats))
    print(json.dumps(found, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
