"""Recogniser and voice against the bare libraries: `python -m benchmarks.engines.speech [--models FOLDER]`.

Whisper base and a Piper voice of quality medium, both of random weights (`make_models.py`): the same input to us and to
the library in turn; partials of a turn fed in real time; first sound by the length of a clause. Figures:
docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.engines.clocks import Pairs, Taken, Watch, Way, in_pairs, medians
from benchmarks.engines.make_models import make_voice, make_whisper
from benchmarks.engines.same_copy import made_of
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.streams import Worker
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from localvoice.tts.piper import PiperSynthesizer

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


async def compared(ours: Callable[[], Awaitable[Any]], bare: Callable[[], Any], repeats: int) -> dict[str, Any]:
    """The same work, the library's in a worker's thread as well: those stand back."""
    pairs, worker = Pairs(), Worker("the library alone")
    await in_pairs(Way(lambda _: ours()), Way(lambda _: worker.call(lambda _: bare())), repeats, pairs)
    worker.close()
    return pairs.figures()


async def recogniser(folder: Path, repeats: int) -> dict[str, Any]:
    """One turn, and the partials of a longer one."""
    before = memory()
    with made_of("faster_whisper", "WhisperModel") as made:
        ours = FasterWhisperRecognizer(folder)
    taken_mb = round((memory() - before) / 1e6)
    bare = made[0]
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
    from piper import SynthesisConfig

    before = memory()
    with made_of("piper", "PiperVoice") as made:
        ours = PiperSynthesizer(path)
    taken_mb = round((memory() - before) / 1e6)
    bare = made[0]
    config = SynthesisConfig(normalize_audio=False)
    clause = CLAUSES[2]
    found = await compared(lambda: spoken(ours, clause), lambda: list(bare.synthesize(clause, config)), repeats)
    first = {}
    for text in CLAUSES:
        first[f"{len(text.split())} words"] = medians([await timed(ours, text) for _ in range(min(5, repeats))])
    ours.close()
    return {**found, "memory_mb": taken_mb, "first_sound": first}


async def timed(ours: PiperSynthesizer, clause: str) -> Taken:
    """What `spoken` takes."""
    watch = Watch()
    await spoken(ours, clause)
    return watch.read()


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
