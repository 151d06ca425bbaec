"""A language model that writes while a recogniser reads: `python -m benchmarks.engines.beside [--threads N ...]`.

Tokens a second and the time of a reading, each alone and both at once, for every number of threads the model is given.
Models of real size whose weights are random; the wall's clock. Figures: docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.engines.language_model import CONTEXT_TOKENS, QUESTION, SYSTEM, VOCABULARY
from benchmarks.engines.make_models import make_whisper
from benchmarks.engines.speech import noise
from localvoice.config import EngineOptions, ReplyConfig
from localvoice.engines import ChatModel
from localvoice.llm.llama_cpp import load_llama
from localvoice.machine import this_machine
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from localvoice.tiers.random_llama import SIZES, make

READINGS = 3
TURN_S = 3.0
TOKENS = 60


async def tokens_a_second(model: ChatModel, count: int) -> float:
    """Over so many replies, their prompts left out."""
    found = []
    for _ in range(count):
        times = [time.perf_counter() async for part in model.reply([SYSTEM, QUESTION]) if isinstance(part, str)]
        found.append((len(times) - 1) / (times[-1] - times[0]))
    return round(statistics.median(found), 1)


async def reading_ms(recogniser: FasterWhisperRecognizer, count: int) -> float:
    """The median of so many readings."""
    found, sound = [], noise(TURN_S)
    for _ in range(count):
        began_s = time.perf_counter()
        await recogniser.transcribe(sound)
        found.append(time.perf_counter() - began_s)
    return round(1000 * statistics.median(found))


async def both(model: ChatModel, recogniser: FasterWhisperRecognizer) -> tuple[float, float]:
    """Tokens a second while it reads, and what a reading takes while the model writes all the time."""
    writing = asyncio.create_task(_without_end(model))
    read_ms = await reading_ms(recogniser, READINGS)
    writing.cancel()
    await asyncio.wait([writing])
    reading = asyncio.create_task(_reads_on(recogniser))
    written = await tokens_a_second(model, READINGS)
    reading.cancel()
    await asyncio.wait([reading])
    await reading_ms(recogniser, 1)  # behind the one that nothing can stop
    return written, read_ms


async def _without_end(model: ChatModel) -> None:
    while True:
        await tokens_a_second(model, 1)


async def _reads_on(recogniser: FasterWhisperRecognizer) -> None:
    while True:
        await reading_ms(recogniser, 1)


async def measure(gguf: Path, whisper: Path, runtime: str, threads: list[int]) -> None:
    """Print a line for each number of threads."""
    recogniser = FasterWhisperRecognizer(whisper)
    alone_ms = await reading_ms(recogniser, READINGS)
    print(f"load {psutil.getloadavg()[0]:.0f}; threads of the recogniser: {this_machine().recogniser_threads}")
    for count in threads:
        options = EngineOptions(runtime=runtime, context_tokens=CONTEXT_TOKENS, threads=count)  # type: ignore[arg-type]
        model = load_llama(gguf, options, ReplyConfig(temperature=0.0, max_tokens=TOKENS))
        alone = await tokens_a_second(model, READINGS)
        beside, beside_ms = await both(model, recogniser)
        told = {
            "threads": count,
            "alone": alone,
            "beside": beside,
            "reading_ms": alone_ms,
            "reading_beside_ms": beside_ms,
        }
        print(runtime, json.dumps(told), flush=True)
        model.close()
    recogniser.close()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runtime", default="xllamacpp")
    parser.add_argument("--size", choices=SIZES, default="0.1b")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        gguf = make(Path(folder) / "model.gguf", SIZES[asked.size], VOCABULARY)
        whisper = make_whisper(Path(folder) / "random-base")
        asyncio.run(measure(gguf, whisper, asked.runtime, asked.threads))


if __name__ == "__main__":
    main()
