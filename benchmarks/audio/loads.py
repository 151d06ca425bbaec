"""What else runs while something is timed: native code, pure Python, engines and a screen."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.audio.voices import spoken
from localvoice.streams import stand_back

LOADS = ("idle", "c", "gil1", "gil2", "engines")
"""Nothing; two threads of matrix products; one and two threads of pure Python; voice, recogniser and a live screen."""

_PIPER = Path(__file__).parents[2] / "tests/models/tts/en_US-tiny-test.onnx"
_TEXT = "Once upon a time there was a little fox. It lived in a green forest near a river."


@contextmanager
def loads(name: str) -> Iterator[None]:
    """Runs until the context ends."""
    ending = threading.Event()
    threads = [threading.Thread(target=_until, args=(ending, work), daemon=True) for work in _works(name)]
    for thread in threads:
        thread.start()
    yield
    ending.set()
    for thread in threads:
        thread.join(5.0)


def _works(name: str) -> tuple[Callable[[], object], ...]:
    if name == "engines":
        return _synthesize(), _recognize(), _draw()
    return {"idle": (), "c": (_model(), _model()), "gil1": (_spin,), "gil2": (_spin, _spin)}[name]


def _until(ending: threading.Event, work: Callable[[], object]) -> None:
    while not ending.is_set():
        work()


def _model() -> Callable[[], object]:
    square = np.ones((512, 512), dtype=np.float32)
    has_stood_back = False

    def step() -> None:
        nonlocal has_stood_back
        if not has_stood_back:
            stand_back()  # as the thread of a model does
            has_stood_back = True
        np.matmul(square, square)

    return step


def _spin() -> object:
    words: dict[str, int] = {}
    for count in range(2000):
        words[f"word {count % 50}"] = len(json.dumps({"count": count}))
    return words


def _synthesize() -> Callable[[], object]:
    from localvoice.tts.piper import PiperSynthesizer

    voice = PiperSynthesizer(_PIPER)

    async def once() -> None:
        async def text() -> AsyncIterator[str]:
            yield _TEXT

        async for _ in voice.synthesize(text()):
            pass

    return lambda: asyncio.run(once())


def _recognize() -> Callable[[], object]:
    from localvoice.skills.catalog import Skills
    from localvoice.stt.pocketsphinx import PocketsphinxRecognizer

    recognizer = PocketsphinxRecognizer(Skills().jsgf())
    sound = spoken("what is seven plus eight", "awb")  # noise would not be decoded
    return lambda: asyncio.run(recognizer.transcribe(sound))


def _draw() -> Callable[[], object]:
    from rich.console import Console
    from rich.table import Table

    console = Console(file=io.StringIO(), force_terminal=True, width=120)

    def frame() -> None:
        table = Table("stage", "ms")
        for stage in range(8):
            table.add_row(f"stage {stage}", "123")
        console.print(table)
        time.sleep(0.1)

    return frame
