"""Synthetic speech and noises to try a recogniser on; needs the programs espeak-ng and flite."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence

ESPEAK_VOICES = ("en-us", "en-us+m3", "en-us+f2", "en-gb", "en-gb+m1", "en-gb+f4")
FLITE_VOICES = ("slt", "rms", "awb", "kal16")
PEAK = 0.3
"""About -10 dBFS: a voice close to a microphone."""
ROOM_NOISE = 10 ** (-60 / 20)
EDGE_S = 0.3
"""Silence on both sides, as pre-roll and endpointing leave it."""


def say(text: str, voice: str) -> Samples:
    """`text` by an espeak-ng or flite voice, 16 kHz, with a quiet room around it."""
    edge = silence(round(EDGE_S * SPEECH_RATE_HZ))
    whole = np.concatenate((edge, voice_saying(text, voice), edge))
    return whole + noise("white", len(whole) / SPEECH_RATE_HZ, ROOM_NOISE, seed=len(text))


def voice_saying(text: str, voice: str) -> Samples:
    """`text` by an espeak-ng or flite voice, 16 kHz, as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        if voice in FLITE_VOICES:
            command = ["flite", "-voice", voice, "-t", text, "-o", str(path)]
        else:
            command = ["espeak-ng", "-v", voice, "-s", "160", "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True)
        frames, rate_hz = soundfile.read(path, dtype="float32")
    return resample(frames * (PEAK / np.abs(frames).max()), rate_hz, SPEECH_RATE_HZ)


def noise(kind: str, seconds: float, level: float, seed: int) -> Samples:
    """One of `NOISES`; `level` is the standard deviation of steady ones and the peak of bursts."""
    random = np.random.default_rng(seed)
    frames = round(seconds * SPEECH_RATE_HZ)
    white = random.standard_normal(frames)
    if kind == "white":
        sound = white
    elif kind == "pink":
        spectrum = np.fft.rfft(white)
        sound = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), frames)
        sound /= sound.std()
    elif kind == "hum":
        time = np.arange(frames) / SPEECH_RATE_HZ
        sound = sum(np.sin(2 * np.pi * 50 * n * time) / n for n in (1, 2, 3, 5)) + 0.05 * white
    elif kind == "clicks":
        sound = np.zeros(frames)
        for at in random.integers(0, frames - 80, size=max(2, round(3 * seconds))):
            sound[at : at + 80] = random.standard_normal(80) * np.exp(-np.arange(80) / 16)
    else:
        sound = _coughs(random, white)
    return (level * sound).astype(np.float32)


def _coughs(random: np.random.Generator, white: np.ndarray) -> np.ndarray:
    """Bursts of low-passed noise with a sharp attack, 150 to 300 ms each."""
    smooth = np.convolve(white, np.hanning(12) / 3, mode="same")
    envelope = np.zeros(len(white))
    for at in random.integers(0, max(1, len(white) - 4800), size=2):
        length = int(random.integers(2400, 4800))
        rise = np.minimum(np.arange(length) / 160, 1) * np.exp(-np.arange(length) / (length / 3))
        envelope[at : at + length] = np.maximum(envelope[at : at + length], rise[: len(white) - at])
    return smooth * envelope


NOISES = ("white", "pink", "hum", "clicks", "coughs")


def sentences(name: str) -> list[str]:
    """The lines of a text file beside this one."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()


def spoken(name: str, voices_each: int) -> Iterator[tuple[str, str, Samples]]:
    """(text, voice, samples) for each line of a file, by `voices_each` voices in rotation."""
    voices = [*ESPEAK_VOICES, *FLITE_VOICES]
    for number, text in enumerate(sentences(name)):
        for turn in range(voices_each):
            voice = voices[(number + turn * len(voices) // voices_each) % len(voices)]
            yield text, voice, say(text, voice)
