"""How far the word times of the local voices are from where the words sound.

Words with a pause in front of them, so that the sound itself tells where they begin: the first sample above -50 dBFS
behind at least 40 ms of less. `python -m benchmarks.engines.word_times`; `--piper FILE.onnx` for a real voice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from localvoice.audio.samples import AUDIBLE
from localvoice.engines import Synthesizer
from localvoice.messages import SpeechChunk
from localvoice.tts.espeak import EspeakSynthesizer
from localvoice.tts.piper import PiperSynthesizer

_TINY = Path(__file__).parents[2] / "tests" / "models" / "tts" / "en_US-tiny-test.onnx"
_QUIET_S = 0.04
_NEAR_S = 0.15
"""Farther than this is another word's beginning: there was no pause in front of this one."""
_WORDS = (
    *(
        "today",
        "paper",
        "copper",
        "tiger",
        "pocket",
        "table",
        "doctor",
        "garden",
        "coffee",
        "bottle",
        "kitchen",
        "ticket",
    ),
    *("butter", "dinner", "picture", "candle", "basket", "people", "cover", "button", "game", "table", "dog", "tea"),
)


def sentences() -> list[str]:
    """Four words each, with a comma between them."""
    return [", ".join(_WORDS[at : at + 4]).capitalize() + "." for at in range(0, len(_WORDS), 4)]


def onsets_s(chunk: SpeechChunk) -> list[float]:
    """Where sound begins behind a pause, the beginning included."""
    loud = np.flatnonzero(np.abs(chunk.samples) > AUDIBLE)
    gaps = np.flatnonzero(np.diff(loud) > _QUIET_S * chunk.rate_hz)
    return [float(loud[at]) / chunk.rate_hz for at in (0, *(gaps + 1))]


async def errors_ms(voice: Synthesizer) -> list[float]:
    """Of every word that has an onset near: a pause inside a word (before its plosive) is nobody's."""
    found = []
    for sentence in sentences():

        async def text(sentence: str = sentence) -> AsyncIterator[str]:
            yield sentence

        async for chunk in voice.synthesize(text()):
            onsets = onsets_s(chunk)
            for word in chunk.words:
                nearest = min(onsets, key=lambda onset: abs(onset - word.start_s))
                if abs(word.start_s - nearest) < _NEAR_S:
                    found.append(1000 * (word.start_s - nearest))
    return found


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--piper", type=Path, default=_TINY)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    voices: dict[str, Synthesizer] = {"espeak": EspeakSynthesizer(), "piper": PiperSynthesizer(arguments.piper)}
    report = {}
    for name, voice in voices.items():
        errors = asyncio.run(errors_ms(voice))
        size = np.abs(errors)
        report[name] = {
            "words": len(_WORDS),
            "measured": len(errors),
            "median_ms": round(float(np.median(size)), 1),
            "p95_ms": round(float(np.percentile(size, 95)), 1),
            "mean_signed_ms": round(float(np.mean(errors)), 1),
        }
        voice.close()
    print(json.dumps(report, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
