"""What listening costs while we speak: processor time of a block of 10 ms, in C and in Python, in one run.

`python -m benchmarks.audio.block_cost [--seconds 60]`, JSON. Our voice in a simulated room, nobody else speaks. Both do
every block one after the other, so that what else runs on the machine is the same for both. Figures:
docs/decisions/032-the-reflex-in-c.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from benchmarks.audio.voices import OWN_WORDS, spoken
from localvoice.audio import native_reflex
from localvoice.audio.duplex import Block
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.hearing import Hearing
from localvoice.audio.low_delay import LowDelayResampler
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.audio.silero_network import load_network
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW, SileroVad, bundled_silero
from localvoice.config import Config

BLOCK = SPEECH_RATE_HZ // 100
WARM_BLOCKS = 800
"""Left out: until delay and drift are known, the linear model has nothing to do."""

ROOM = RoomSpec(60.0, -10.0, 200.0, noise_dbfs=-65.0)
DEVICE_RATE_HZ = 48_000


@contextmanager
def as_without_a_compiler(*, is_so: bool) -> Iterator[None]:
    """Whoever asks for the library meanwhile gets none."""
    load = native_reflex.load
    if is_so:
        native_reflex.load = lambda: None  # type: ignore[assignment]
    yield
    native_reflex.load = load


def hearing() -> Hearing:
    """What listens in a conversation."""
    vad = SileroVad(bundled_silero())
    return Hearing(vad, UtteranceBuffer(5.0), open_echo_path(Config().vad.duck_threshold, vad=vad.another()))


def blocks(seconds: float) -> Iterator[Block]:
    """Both ends of the room while we speak."""
    room, at = Room(ROOM), 0
    said = np.concatenate([spoken(words, "en-us") for words in OWN_WORDS])
    for _ in range(round(seconds * 100)):
        far = said[at : at + BLOCK]
        at = at + BLOCK if at + 2 * BLOCK <= len(said) else 0
        yield Block(room.hear(silence(BLOCK), far), far)


def cpu_ms(work: Callable[[], object]) -> float:
    """Processor time of this thread."""
    began_s = time.thread_time()
    work()
    return 1000 * (time.thread_time() - began_s)


def figures(costs: list[float]) -> dict[str, float]:
    """Of one kind of work, in ms."""
    return {"mean": round(float(np.mean(costs)), 4)} | {
        name: round(float(np.quantile(costs, share)), 4) for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def measure(seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """Figures by work and by who does it."""
    ways, works = {"native": False, "python": True}, ("listening", "silero_window", "resampling")
    costs: dict[str, dict[str, list[float]]] = {work: {way: [] for way in ways} for work in works}
    ears, networks = {}, {}
    for way, is_so in ways.items():
        with as_without_a_compiler(is_so=is_so):
            ears[way], networks[way] = hearing(), load_network(bundled_silero())
    resamplers = {way: LowDelayResampler(DEVICE_RATE_HZ, SPEECH_RATE_HZ) for way in ways}
    noise = 0.1 * np.random.default_rng(0).standard_normal(WINDOW).astype(np.float32)
    for number, block in enumerate(blocks(seconds)):
        for way, is_so in ways.items():
            with as_without_a_compiler(is_so=is_so):
                heard = cpu_ms(lambda: ears[way].feed(block))  # noqa: B023 - called at once
                resampled = cpu_ms(lambda: resamplers[way].feed(noise[: DEVICE_RATE_HZ // 100]))  # noqa: B023 - as above
                window = cpu_ms(lambda: networks[way].hear(noise))  # noqa: B023 - as above
            if number >= WARM_BLOCKS:
                for work, cost in zip(works, (heard, window, resampled), strict=True):
                    costs[work][way].append(cost)
    return {work: {way: figures(by_way) for way, by_way in found.items()} for work, found in costs.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    if native_reflex.load() is None:
        print(f"{native_reflex.reason()}: `python hatch_build.py` enables this benchmark")
        return
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    found = {"cpu_ms": measure(options.seconds), "load_average": round(os.getloadavg()[0], 1)}
    print(json.dumps(found | {"machine": machine, "date": time.strftime("%Y-%m-%d")}))


if __name__ == "__main__":
    main()
