"""Synthetic speakers, in two halves: one to train on, the other held out. Needs the programs espeak-ng and flite."""

from __future__ import annotations

import asyncio
import random
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample
from scripts.backchannel.texts import MM_HM

PIPER = Path(__file__).parents[2] / "tests/models/tts/en_US-tiny-test.onnx"
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-us-nyc", "en-gb-x-gbcwmd", "en-gb-x-gbclan")
VARIANTS = (
    (  # to train on
        *("m1", "m2", "m5", "m6", "m8", "f1", "f3", "f5", "Alex", "Annie", "Andy", "Denis", "Gene", "Jacky", "Marco"),
        *(
            "Michael",
            "adam",
            "anika",
            "benjamin",
            "belinda",
            "caleb",
            "ed",
            "edward",
            "grandma",
            "iven",
            "john",
            "klatt",
        ),
        *("klatt3", "max", "paul", "rob", "steph", "quincy", "travis", "croak"),
    ),
    (  # held out
        *("m3", "m4", "m7", "f2", "f4", "Alicia", "Andrea", "Diogo", "Gene2", "Lee", "Mario", "Mike", "antonio"),
        *("aunty", "boris", "david", "edward2", "grandpa", "iven2", "klatt2", "klatt4", "linda", "michel", "norbert"),
        *("robert", "shelby", "steph2", "victor", "zac"),
    ),
)
FLITE = (("slt", "rms"), ("awb", "kal16", "kal"))

_ESPEAK_SOUNDS = {
    "mm-hm": ("[[m'mh'm]]", "[[m'mhm]]", "[[mmh'm]]"),
    "mhm": ("[[m@h'm]]", "[[m'@hm]]", "[[@mh'm]]"),
    "mm": ("[[m'm]]", "[[m'm:]]", "[[m:]]"),
    "hmm": ("[[h'm:]]", "[[h@m:]]", "[[hm]]"),
    "uh-huh": ("[[Vh'V]]", "[[V~h'V~]]", "[['Vh'V]]", "[['@h@]]"),
}
_FLITE_SOUNDS = {
    "mm-hm": ("m hh m", "m hh m m", "m m hh m"),
    "mhm": ("ax m hh ax m", "m ax hh m"),
    "mm": ("m m", "m m m"),
    "hmm": ("hh m m", "hh ax m m"),
    "uh-huh": ("ah hh ah", "ax hh ah", "ah n hh ah n"),
}


@dataclass(frozen=True)
class Voice:
    """One speaker in one mood."""

    program: str
    name: str
    rate: int
    """Words a minute, espeak's scale; 160 is its calm pace."""
    pitch: int
    """0..99, espeak's scale."""


def draw(random_: random.Random, half: int) -> Voice:
    """A speaker of the half."""
    rate, pitch = random_.randint(130, 230), random_.randint(15, 85)
    share = random_.random()
    if share < 0.22:
        return Voice("flite", random_.choice(FLITE[half]), rate, pitch)
    if share < 0.27 and half == 0:
        return Voice("piper", "tiny", rate, pitch)
    return Voice("espeak", f"{random_.choice(ACCENTS)}+{random_.choice(VARIANTS[half])}", rate, pitch)


def say(text: str, voice: Voice, mood: int) -> Samples:
    """`text` from its first audible sample to its last, peak 1. `mood` picks among ways to say it."""
    spoken = _synthesize(text, voice, mood)
    loud = np.flatnonzero(np.abs(spoken) > 0.01 * np.abs(spoken).max())
    sound = spoken[loud[0] : loud[-1] + 1] if len(loud) else spoken
    return sound / np.float32(max(1e-6, float(np.abs(sound).max())))


def can_say(text: str, voice: Voice) -> bool:
    """Piper takes no phonemes."""
    return voice.program != "piper" or text not in MM_HM


def _synthesize(text: str, voice: Voice, mood: int) -> Samples:
    if voice.program == "piper":
        return _piper(text, voice.rate / 170)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(_command(text, voice, mood, path), check=True, capture_output=True)
        frames, rate_hz = soundfile.read(path, dtype="float32")
    return resample(frames, rate_hz, SPEECH_RATE_HZ)


def _command(text: str, voice: Voice, mood: int, path: Path) -> list[str]:
    if voice.program == "espeak":
        known = _ESPEAK_SOUNDS.get(text)
        line = text + ("", ".", "?", "!")[mood % 4] if known is None else known[mood % len(known)]
        return ["espeak-ng", "-v", voice.name, "-s", str(voice.rate), "-p", str(voice.pitch), "-w", str(path), line]
    known = _FLITE_SOUNDS.get(text)
    what = ["-t", text] if known is None else ["-p", f"pau {known[mood % len(known)]} pau"]
    tune = [
        "--setf",
        f"duration_stretch={170 / voice.rate:.2f}",
        "--setf",
        f"int_f0_target_mean={70 + 1.4 * voice.pitch:.0f}",
    ]
    return ["flite", "-voice", voice.name, *tune, *what, "-o", str(path)]


@cache
def _piper_voice():  # noqa: ANN202 - imported below
    from localvoice.tts.piper import PiperSynthesizer

    return PiperSynthesizer(PIPER)


def _piper(text: str, rate: float) -> Samples:
    voice = _piper_voice()
    voice.rate = rate

    async def said() -> Samples:
        async def once() -> AsyncIterator[str]:
            yield text

        chunks = [chunk async for chunk in voice.synthesize(once())]
        return np.concatenate([resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ) for chunk in chunks])

    return asyncio.run(said())
