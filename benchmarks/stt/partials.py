"""What words while one speaks cost, and how steady they are: `python -m benchmarks.stt.partials [--json FILE]`.

Costs, in simulated time: turns of 2 to 10 s given to a recogniser that takes as long for each reading as is said, in
three ways: read again while speech goes on, read at the pause only, read at the end of the turn only. What a reading
takes is measured for Whisper base (random weights, made on the spot) as the time of its processor, so that a machine
that does other work tells the same. Steadiness: the words of the tiny test model, in simulated time as well. Figures:
docs/partials.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.stt.spoken import TINY, spoken, turn_of
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.machine import this_machine
from localvoice.messages import Transcript
from localvoice.stt.rereading import Pace, Rereader
from localvoice.tiers import random_whisper
from tests.models.build.domain import stt_sentences
from tests.virtual_time import run as in_simulated_time

BLOCK = 512
KNOWN_S = 0.096
"""Silence after which the session asks for the words of a pause."""
WAIT_S = 0.6
"""From the end of speech to the end of the turn: `patience` normal, when nothing but silence speaks."""
TOKENS_PER_S = 4.0
"""Word pieces of usual speech."""
WAYS = ("along", "pauses", "end")
PASSES_S = (0.05, 0.1, 0.2, 0.28, 0.4)

Read = Callable[[Samples], Awaitable[Transcript]]


class Never(Pace):
    """Of a machine that cannot afford it."""

    @property
    def interval_s(self) -> float | None:
        """Not while speech goes on."""
        return None


@dataclass(frozen=True, slots=True)
class Cost:
    """One turn."""

    way: str
    pass_s: float
    speech_s: float
    wait_s: float
    """From the end of speech until its words were known."""
    readings: int
    busy: float
    """Share of the time of speech in which the recogniser worked."""

    @property
    def behind_end_s(self) -> float:
        """What of the wait lies behind the end of the turn."""
        return max(0.0, self.wait_s - WAIT_S)


def cost_of(way: str, sound: Samples, pass_s: float) -> Cost:
    """Play one turn."""
    return in_simulated_time(_cost_of(way, sound, pass_s))


async def _cost_of(way: str, sound: Samples, pass_s: float) -> Cost:
    speech_s, count = len(sound) / SPEECH_RATE_HZ, 0

    async def read(samples: Samples) -> Transcript:
        nonlocal count
        count += 1
        await asyncio.sleep(pass_s)
        return Transcript(" ".join(f"w{n}" for n in range(len(samples) * 5 // (2 * SPEECH_RATE_HZ))), "en", "")

    known_s = 0.0
    pace = Pace(pass_s) if way == "along" else Never(pass_s)
    partials = Rereader(read, pace).partials(played(sound, asks=way != "end"))
    async for partial in partials:
        if partial.is_final or (partial.settled_s or 0.0) >= speech_s:
            known_s = known_s or asyncio.get_running_loop().time()
    return Cost(way, pass_s, speech_s, known_s - speech_s, count, count * pass_s / known_s)


async def played(sound: Samples, *, asks: bool) -> AsyncIterator[Samples]:
    """The blocks when they are captured, a pause, and the end of the turn."""
    whole = np.concatenate((sound, silence(round(WAIT_S * SPEECH_RATE_HZ))))
    asked_at = len(sound) + round(KNOWN_S * SPEECH_RATE_HZ)
    for at in range(0, len(whole), BLOCK):
        await asyncio.sleep(BLOCK / SPEECH_RATE_HZ)
        yield whole[at : at + BLOCK]
        if asks and at < asked_at <= at + BLOCK:
            yield silence(0)


def costs(passes_s: Sequence[float], turns: int) -> list[Cost]:
    """Turns of all lengths, for each time of a reading and each way."""
    chance = random.Random(1)
    sounds = [turn_of(chance.uniform(2.0, 10.0)) for _ in range(turns)]
    return [cost_of(way, sound, pass_s) for pass_s in passes_s for way in WAYS for sound in sounds]


def base_pass_s(seconds: float) -> float:
    """Processor time per thread of one reading by Whisper base, int8, with as many word pieces as speech has."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import ctranslate2

    threads = this_machine().recogniser_threads
    with TemporaryDirectory() as folder:
        made = random_whisper.make(Path(folder) / "base", random_whisper.BASE)
        model = ctranslate2.models.Whisper(str(made), compute_type="int8", intra_threads=threads)
    mel = ctranslate2.StorageView.from_array(np.zeros((1, 80, 3000), np.float32))
    length = 4 + round(TOKENS_PER_S * seconds)
    found = []
    for _ in range(5):
        began_s = time.process_time()
        encoded = model.encode(mel)
        model.generate(
            encoded, [[1, 2, 4, 8]], beam_size=1, max_length=2 * length, suppress_tokens=[0], suppress_blank=False
        )
        found.append((time.process_time() - began_s) / threads)
    return min(found)


# steadiness


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Of all sentences."""

    sentences: int
    shown: int
    """Words shown, counted again in each partial that showed them."""
    changed: int
    """Of these, words that the end of the turn had otherwise."""
    stable_at_end: float
    """Share of the words that were stable when speech ended."""
    shown_at_end: float
    """Share of them that had been shown."""
    stable_wrong: int
    """Stable words that a reading of the whole turn has otherwise."""
    stable_words: int


def steadiness(sentences: Sequence[str], pass_s: float) -> Steadiness:
    """The tiny model's words, each reading taking `pass_s` of simulated time."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(TINY / "stt"), device="cpu", compute_type="int8")
    options = {"language": "en", "beam_size": 1, "temperature": 0.0, "without_timestamps": True}

    def words(samples: Samples) -> str:
        return "".join(segment.text for segment in model.transcribe(samples, **options)[0]).strip()

    async def read(samples: Samples) -> Transcript:
        text = words(samples)
        await asyncio.sleep(pass_s)
        return Transcript(text, "en", "tiny")

    counts = np.zeros(6)
    for sentence in sentences:
        sound = spoken(sentence)
        counts += in_simulated_time(_steadiness(read, words(sound), sound, pass_s))
    shown, changed, stable, shown_end, wrong, whole = counts
    return Steadiness(
        len(sentences),
        int(shown),
        int(changed),
        round(stable / whole, 3),
        round(shown_end / whole, 3),
        int(wrong),
        int(stable),
    )


async def _steadiness(read: Read, whole: str, sound: Samples, pass_s: float) -> np.ndarray:
    speech_s = len(sound) / SPEECH_RATE_HZ

    async def blocks() -> AsyncIterator[Samples]:
        for at in range(0, len(sound), BLOCK):
            await asyncio.sleep(BLOCK / SPEECH_RATE_HZ)
            yield sound[at : at + BLOCK]

    loop = asyncio.get_running_loop()
    partials = Rereader(read, Pace(pass_s)).partials(blocks())
    seen = [(loop.time(), partial) async for partial in partials]
    final = plain(seen[-1][1].text)
    before = [partial for at_s, partial in seen[:-1] if at_s <= speech_s]
    shown = changed = 0
    for partial in before:
        words = plain(partial.text)
        shown += len(words)
        changed += sum(1 for at, word in enumerate(words) if final[at : at + 1] != [word])
    stable = plain(before[-1].stable) if before else []
    wrong = sum(1 for at, word in enumerate(stable) if plain(whole)[at : at + 1] != [word])
    last = plain(before[-1].text) if before else []
    return np.array([shown, changed, len(stable), len(last), wrong, len(final)], dtype=float)


def plain(text: str) -> list[str]:
    """Words without case and marks."""
    return [word.strip(".,?!").lower() for word in text.split()]


def show(found: Sequence[Cost]) -> None:
    """A table."""
    print("a reading  way     words known after end of speech  behind end of turn  readings  busy")
    for pass_s, way in dict.fromkeys((cost.pass_s, cost.way) for cost in found):
        ours = [cost for cost in found if (cost.pass_s, cost.way) == (pass_s, way)]
        waits = sorted(1000 * cost.wait_s for cost in ours)
        print(
            f"{1000 * pass_s:6.0f} ms  {way:7} "
            f"p50 {statistics.median(waits):5.0f}  p95 {waits[int(0.95 * len(waits))]:5.0f} ms"
            f"  {1000 * statistics.median(cost.behind_end_s for cost in ours):14.0f} ms"
            f"  {statistics.mean(cost.readings for cost in ours):12.1f}"
            f"  {statistics.mean(cost.busy for cost in ours):6.2f}"
        )


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--sentences", type=int, default=100)
    asked = parser.parse_args()
    base_s = {seconds: base_pass_s(seconds) for seconds in (2.0, 5.0, 10.0)}
    print("a reading by base:", ", ".join(f"{1000 * took:.0f} ms for {length:g} s" for length, took in base_s.items()))
    found = costs(PASSES_S, asked.turns)
    show(found)
    sentences = random.Random(1).sample(
        [one[0] if isinstance(one, tuple) else one for one in stt_sentences()], asked.sentences
    )
    steady = steadiness(sentences, pass_s=0.1)
    print(steady)
    if asked.json:
        about = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "base_s": base_s}
        record = {"about": about, "costs": [asdict(cost) for cost in found], "steadiness": asdict(steady)}
        asked.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
