"""Who makes the other threads stand still: `python -m benchmarks.engines.gil [--engine NAME ...] [--calls 7]`.

An engine works in its thread as in a conversation, while another thread and an event loop want to wake every
millisecond. Late is what they wait beyond that, at the worst of each call. A call that holds the GIL makes them late
every time, other programs on the machine only sometimes: the least over all calls is what the engine does, the median
what the machine makes of it. Figures: docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.errors import LocalVoiceError
from localvoice.streams import Worker

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "tests/models"
EVERY_S = 0.001
SWITCH_S = 0.001
"""As `localvoice talk` sets it."""
TEXT = "Once upon a time there was a little fox, who lived in a green forest near a river with its friends."

Work = Callable[[], object]


@dataclass(slots=True)
class Late:
    """How late one of the two woke at the worst, in s; begun again for each call."""

    worst_s: float = 0.0
    calls: list[float] = field(default_factory=list)

    def see(self, late_s: float) -> None:
        """It has woken."""
        self.worst_s = max(self.worst_s, late_s)

    def turn_page(self) -> None:
        """A call is over."""
        self.calls.append(self.worst_s)
        self.worst_s = 0.0


def question() -> Samples:
    """2.5 s of speech."""
    sound, _ = soundfile.read(ROOT / "tests/data/flite_set_a_timer.flac", dtype="float32")
    return np.asarray(sound, dtype=np.float32)


def nothing() -> Work:
    """For comparison."""
    return partial(time.sleep, 0.3)


def sphinx(*, bound: bool, loads: bool = False) -> Work:
    """pocketsphinx: through the C functions or the binding; judging 2.5 s, or loading."""
    from pocketsphinx import get_model_path

    from localvoice.audio.samples import to_int16
    from localvoice.skills.catalog import Skills
    from localvoice.stt.sphinx_binding import BindingDecoder
    from localvoice.stt.sphinx_decoder import LibraryDecoder
    from localvoice.stt.sphinx_library import open_library
    from localvoice.stt.word_graph import word_graph

    graph, library = word_graph(Skills().jsgf()), open_library()

    def load() -> Any:
        if bound:
            return BindingDecoder(graph, {})
        return LibraryDecoder(library, Path(get_model_path("en-us")), graph, {})

    if loads:
        return lambda: load().close()
    decoder, sound = load(), to_int16(question()).tobytes()
    return lambda: decoder.judge(sound, lambda: None)


def grammar() -> Work:
    """The graph of the skills' grammar, which is pure Python."""
    from localvoice.skills.catalog import Skills
    from localvoice.stt.word_graph import word_graph

    jsgf = Skills().jsgf()
    return lambda: word_graph(jsgf)


def voice(make: Callable[[], Any]) -> Work:
    """One clause of 20 words."""
    speaker = make()

    async def once() -> None:
        async def text() -> AsyncIterator[str]:
            yield TEXT

        async for _ in speaker.synthesize(text()):
            pass

    return lambda: asyncio.run(once())


def espeak() -> Any:
    """espeak-ng."""
    from localvoice.tts.espeak import EspeakSynthesizer

    return EspeakSynthesizer()


def piper() -> Any:
    """The tiny test voice: its phonemes are as dear as those of a large one."""
    from localvoice.tts.piper import PiperSynthesizer

    return PiperSynthesizer(MODELS / "tts/en_US-tiny-test.onnx")


def phonemes() -> Work:
    """Piper's phonemizer alone."""
    from piper.phonemize_espeak import EspeakPhonemizer

    phonemizer = EspeakPhonemizer()
    return lambda: phonemizer.phonemize("en-us", TEXT)


def whisper() -> Work:
    """The tiny test model: as ever 30 s of features."""
    from localvoice.stt.faster_whisper import FasterWhisperRecognizer

    recognizer, sound = FasterWhisperRecognizer(MODELS / "stt"), question()
    return lambda: asyncio.run(recognizer.transcribe(sound))


def whisper_features() -> Work:
    """faster-whisper's features of 30 s."""
    from faster_whisper.feature_extractor import FeatureExtractor

    extract, sound = FeatureExtractor(), np.zeros(30 * SPEECH_RATE_HZ, dtype=np.float32)
    return lambda: extract(sound)


def turn_features() -> Work:
    """smart-turn's features of 8 s."""
    from localvoice.audio.smart_turn import Features

    features, sound = Features(), question()
    return lambda: features.of(sound)


def silero() -> Work:
    """One second by the voice detector."""
    from localvoice.audio.vad import WINDOW, load_vad

    vad, sound = load_vad("silero"), question()
    return lambda: [vad.probability(sound[at : at + WINDOW]) for at in range(0, SPEECH_RATE_HZ, WINDOW)]


def canceller() -> Work:
    """One second by the echo canceller."""
    from localvoice.audio.echo import EchoCanceller, LiveKitProcessing

    echo, sound = EchoCanceller(LiveKitProcessing(suppress_noise=False)), question()
    return lambda: [echo.process(sound[at : at + 160], sound[at : at + 160]) for at in range(0, SPEECH_RATE_HZ, 160)]


def llama(runtime: str, *, loads: bool = False) -> Work:
    """The tiny test model; 20 tokens of a reply, or loading."""
    from localvoice.config import EngineOptions, ReplyConfig
    from localvoice.llm.llama_cpp import load_llama
    from localvoice.messages import Message, Role

    options = EngineOptions(runtime=runtime)  # type: ignore[arg-type] # one of its names

    def load() -> Any:
        return load_llama(MODELS / "llm/localvoice-tiny-test.gguf", options, ReplyConfig())

    if loads:
        return lambda: load().close()
    model = load()

    async def once() -> None:
        async for _ in model.reply([Message(Role.USER, "Tell me a story.")]):
            pass

    return lambda: asyncio.run(once())


ENGINES: dict[str, Callable[[], Work]] = {
    "nothing": nothing,
    "pocketsphinx, its C functions": partial(sphinx, bound=False),
    "pocketsphinx, its binding": partial(sphinx, bound=True),
    "loading pocketsphinx, its C functions": partial(sphinx, bound=False, loads=True),
    "loading pocketsphinx, its binding": partial(sphinx, bound=True, loads=True),
    "the grammar's graph": grammar,
    "espeak-ng": partial(voice, espeak),
    "piper": partial(voice, piper),
    "piper's phonemes": phonemes,
    "faster-whisper": whisper,
    "faster-whisper's features": whisper_features,
    "smart-turn's features": turn_features,
    "silero": silero,
    "echo canceller": canceller,
    "xllamacpp": partial(llama, "xllamacpp"),
    "llama-cpp-python": partial(llama, "llama-cpp-python"),
    "loading xllamacpp": partial(llama, "xllamacpp", loads=True),
    "loading llama-cpp-python": partial(llama, "llama-cpp-python", loads=True),
}


def keep_waking(late: Late, ending: threading.Event) -> None:
    """The other thread."""
    while not ending.is_set():
        due_s = time.perf_counter() + EVERY_S
        time.sleep(EVERY_S)
        late.see(time.perf_counter() - due_s)


async def keep_turning(late: Late) -> None:
    """The event loop."""
    while True:
        due_s = time.perf_counter() + EVERY_S
        await asyncio.sleep(EVERY_S)
        late.see(time.perf_counter() - due_s)


async def measure(work: Work, calls: int) -> dict[str, Any]:
    """`work` some times in a thread like a model's, the first time unseen."""
    worker = Worker("engine")
    thread, loop, ending = Late(), Late(), threading.Event()
    waking = threading.Thread(target=keep_waking, args=(thread, ending), daemon=True)
    turning = asyncio.create_task(keep_turning(loop))
    waking.start()
    took_s = []
    for _ in range(calls + 1):
        began_s = time.perf_counter()
        await worker.call(lambda _: work())
        took_s.append(time.perf_counter() - began_s)
        await asyncio.sleep(0.02)  # whoever is late still tells
        thread.turn_page()
        loop.turn_page()
    ending.set()
    turning.cancel()
    worker.close()
    row: dict[str, Any] = {"call_ms": in_ms(statistics.median(took_s[1:]))}
    for name, late in (("thread", thread), ("loop", loop)):
        row |= {f"{name}_least_ms": in_ms(min(late.calls[1:]))}
        row |= {f"{name}_median_ms": in_ms(statistics.median(late.calls[1:]))}
    return row


def in_ms(seconds: float) -> float:
    """Rounded."""
    return round(1000 * seconds, 1)


def main() -> None:
    """Print a row for each engine that is here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, nargs="+", default=list(ENGINES))
    parser.add_argument("--calls", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_S)
    rows: dict[str, Any] = {}
    for name in options.engine:
        try:
            work = ENGINES[name]()
        except (ImportError, LocalVoiceError) as error:
            print(f"{name}: {error}", flush=True)
            continue
        rows[name] = asyncio.run(measure(work, options.calls))
        print(f"{name:38}", "  ".join(f"{key} {value}" for key, value in rows[name].items()), flush=True)
    print(f"{platform.machine()}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
