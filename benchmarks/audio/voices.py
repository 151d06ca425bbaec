"""Our own voices and those of users, synthetic, at the level of speech; needs the programs espeak-ng and flite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.starters.speech import FLITE_VOICES, say
from localvoice.audio.duplex import BLOCK
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample

PIPER = Path(__file__).parents[2] / "tests/models/tts/en_US-tiny-test.onnx"
OWN_VOICES = ("en-us", "en-gb", "slt", "rms", "piper")
USER_VOICES = ("awb", "kal16", "en-us+m3", "en-us+f2", "en-gb+m1", "en-gb+f4")
OWN_WORDS = (
    "Once upon a time there was a little fox.",
    "The fox lived in a green forest near a river.",
    "One day the fox found a golden key under a tree.",
    "The key opened a small door in the old stone wall.",
    "Behind the door was a garden full of singing birds.",
    "The capital of Germany is Berlin.",
    "Seven plus eight is fifteen.",
    "Your timer is set for five minutes.",
)
USER_WORDS = (
    "Wait, I meant something else.",
    "No, tell me about Germany instead.",
    "Please set a timer for ten minutes.",
    "What is the weather like tomorrow?",
    "That is enough, thank you.",
    "Can you say that again?",
)
_LINES = (*OWN_WORDS, *USER_WORDS)
_LEVEL = 10 ** (-23 / 20)
"""RMS of our speech where it sounds: what the players give out."""


@cache
def spoken(text: str, voice: str) -> Samples:
    """`text` without edges, at the level of speech."""
    if voice in FLITE_VOICES:
        return at_speech_level(say(text, voice)[4800:-4800])
    return at_speech_level(_lines(voice)[text] if text in _LINES else _synthesized(text, voice))


@cache
def _lines(voice: str) -> dict[str, Samples]:
    """All lines by `voice`, said in a process of its own: how espeak-ng says one depends on all that it said before."""
    with ProcessPoolExecutor(1, get_context("spawn")) as afresh:
        return afresh.submit(_said, voice).result()


def _said(voice: str) -> dict[str, Samples]:
    return {line: _synthesized(line, voice) for line in _LINES}


def _synthesized(text: str, voice: str) -> Samples:
    from localvoice.tts.espeak import EspeakSynthesizer
    from localvoice.tts.piper import PiperSynthesizer

    synthesizer = PiperSynthesizer(PIPER) if voice == "piper" else EspeakSynthesizer(voice=voice)

    async def said() -> Samples:
        async def once() -> AsyncIterator[str]:
            yield text

        chunks = [chunk async for chunk in synthesizer.synthesize(once())]
        return np.concatenate([resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ) for chunk in chunks])

    try:
        return asyncio.run(said())
    finally:
        synthesizer.close()


def at_speech_level(sound: Samples) -> Samples:
    """As loud as we speak."""
    return sound * np.float32(_LEVEL / active_level(sound))


def active_level(sound: Samples) -> float:
    """RMS of the blocks of 10 ms within 25 dB of the loudest."""
    powers = np.mean(np.square(sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)), axis=1)
    return float(np.sqrt(np.mean(powers[powers > powers.max() * 10**-2.5])))
