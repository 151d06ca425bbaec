"""What smart-turn takes: `python -m benchmarks.engines.smart_turn MODEL.onnx [--runs N]`.

Memory of the process beside Python and onnxruntime, and the time of a run over 8 s of noise, by both clocks. numpy
works in one thread, as in the program. Figures: docs/performance.md.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported, as the program does it

import argparse
import asyncio
from pathlib import Path

import numpy as np
import onnxruntime  # noqa: F401 - its own memory is not the model's
import psutil

from benchmarks.engines.clocks import Watch, medians
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.audio.smart_turn import HEARD_S, SmartTurn


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


async def measure(path: Path, runs: int) -> None:
    """Print it."""
    sound = np.random.default_rng(0).standard_normal(HEARD_S * SPEECH_RATE_HZ, np.float32) * 0.1
    before_mb = _memory_mb()
    model = SmartTurn(path)
    print(f"loaded and run once: {_memory_mb() - before_mb:.0f} MB")
    taken = []
    for _ in range(runs):
        watch = Watch()
        await model.probability(sound)
        taken.append(watch.read())
    print(f"after {runs} runs: {_memory_mb() - before_mb:.0f} MB; a run: {medians(taken)}")
    model.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--runs", type=int, default=40)
    asked = parser.parse_args()
    asyncio.run(measure(asked.model, asked.runs))
