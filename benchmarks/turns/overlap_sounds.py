"""What may sound over a reply, by situation, and where it lies in a stream."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.starters.speech import FLITE_VOICES, noise, voice_saying
from benchmarks.turns.corpus import Half, Phrase, audible, frames, in_a_room, sentences
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_mono
from localvoice.turn.words import words_of

VOICES: dict[Half, tuple[str, ...]] = {
    "choosing": ("en-us+m1", "en-gb+f1", "en-029+m2", "en-us+f3", "slt", "rms"),
    "reporting": ("en-us+m3", "en-gb+f4", "en-029+m7", "en-us+f2", "awb", "kal16"),
}
"""The judge of sound was made with the first half of the voices (scripts/backchannel), and never heard the second."""

HUMMED = {"mm-hm": "[[m'mh'm]]", "uh-huh": "[[Vh'V]]", "hmm": "[[h'm:]]"}
"""What espeak-ng would spell is given to it in its phonemes. flite's voices leave it out."""

BACKCHANNELS = ("mm-hm", "uh-huh", "yeah", "okay", "right", "yes", "I see", "wow", "really", "hmm")
STOP_WORDS = ("stop", "wait", "be quiet", "hold on", "quiet", "enough")
INTERRUPTIONS = (
    "Wait, I meant something else.",
    "No, tell me about Germany instead.",
    "Please set a timer for ten minutes.",
    "What is the weather like tomorrow?",
    "That is enough, thank you.",
    "Can you say that again?",
    "Actually, how much does it cost?",
    "But that was last year.",
    "And what about the other one?",
    "Next song, please.",
    "Sorry, which street was that?",
    "I already know that part.",
)
TO_OTHERS = (
    "Could you close the door, please?",
    "No, not you, I am on the phone.",
    "Tom, dinner is ready!",
    "I will be right there, darling.",
    "Leave the dog alone.",
    "Have you seen my keys?",
)
_SPEECH_LEVEL = 0.1
"""RMS of a user, -20 dBFS."""

_BLOCK = SPEECH_RATE_HZ // 100
_LONGEST = 12 * SPEECH_RATE_HZ

GAP_S = 4.0
"""Quiet behind each sound: longer than any wait."""


@dataclass(frozen=True, eq=False)
class OverSound:
    """One sound, from its first sample to its last one."""

    samples: Samples
    words: str = ""


@dataclass(frozen=True, eq=False)
class Stream:
    """Sounds in a row, with quiet between them."""

    sound: Samples
    sounds: list[tuple[float, float, str]]
    """(onset, end, words) of each, in seconds."""

    def words_at(self, start_s: float, end_s: float) -> str:
        """What a recogniser could read between two times."""
        said = (
            Phrase(words, first_s, last_s).said(end_s)
            for first_s, last_s, words in self.sounds
            if words and last_s > start_s and first_s < end_s
        )
        return " ".join(filter(None, said))


def stream(sounds: list[OverSound], half: Half) -> Stream:
    """The sounds with their gaps, in a quiet room, behind what the user asked: how loud they are is known then."""
    asked = _spoken("Tell me a long story, please.", VOICES[half][0])
    parts: list[Samples] = [silence(frames(1.0)), asked, silence(frames(GAP_S))]
    placed: list[tuple[float, float, str]] = []
    for one in sounds:
        start_s = sum(map(len, parts)) / SPEECH_RATE_HZ
        placed.append((start_s, start_s + len(one.samples) / SPEECH_RATE_HZ, one.words))
        parts += [one.samples, silence(frames(GAP_S))]
    return Stream(in_a_room(np.concatenate(parts), seed=len(sounds)), placed)


def _spoken(text: str, voice: str, gain_db: float = 0.0) -> Samples:
    return _as_loud(audible(voice_saying(text, voice)), gain_db)


def _as_loud(sound: Samples, gain_db: float) -> Samples:
    """Every voice as loud as the others, and not only as high in its peaks."""
    level = float(np.sqrt(np.mean(np.square(sound))))
    return sound * np.float32(_SPEECH_LEVEL * 10 ** (gain_db / 20) / level)


def _said(texts: tuple[str, ...], half: Half, clips: Path | None, *, gain_db: float = 0.0) -> Iterator[OverSound]:
    del clips
    for text in texts:
        for voice in VOICES[half]:
            if voice not in FLITE_VOICES or text not in HUMMED:
                yield OverSound(_spoken(HUMMED.get(text, text), voice, gain_db), text)


def _noises(kind: str, level_db: float, seconds: float, half: Half, clips: Path | None) -> Iterator[OverSound]:
    del clips
    for number in range(20):
        yield OverSound(audible(noise(kind, seconds, 10 ** (level_db / 20), seed=2 * number + (half == "reporting"))))


def _background(gain_db: float, half: Half, clips: Path | None) -> Iterator[OverSound]:
    """A voice in the background, against a user close by, sentence by sentence; recordings as they are."""
    told = [one for one in sentences(half) if one.kind == "story"]
    for voice in VOICES[half]:
        for one in told[zlib.crc32(voice.encode()) % 4 :: 4]:
            yield OverSound(_spoken(" ".join(one.phrases) + ".", voice, gain_db), " ".join(one.phrases))
    for path in sorted(clips.glob("*.wav")) if clips is not None else ():
        heard, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        if len(heard) > 5 * rate_hz:
            sound = resample(to_mono(heard), rate_hz, SPEECH_RATE_HZ)
            yield OverSound(_as_loud(sound, gain_db))


def recorded(folder: Path, half: Half, clips: Path | None) -> Iterator[OverSound]:
    """Recordings of people, from where they are heard to where they are not, equally loud; words in .txt files."""
    del half, clips
    for path in sorted(folder.glob("*.wav")):
        shape, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        sound = resample(to_mono(shape), rate_hz, SPEECH_RATE_HZ)
        levels = np.sqrt(np.mean(np.square(sound[: len(sound) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)), axis=1))
        if not levels.any():
            raise SystemExit(f"{path} is silent")
        heard = np.flatnonzero(levels > levels.max() * 10 ** (-30 / 20))
        loud = levels[levels > levels.max() * 10 ** (-20 / 20)]
        level = float(np.sqrt(np.mean(np.square(loud))))
        samples = sound[heard[0] * _BLOCK : (heard[-1] + 1) * _BLOCK][:_LONGEST] * np.float32(_SPEECH_LEVEL / level)
        words = path.with_suffix(".txt")
        yield OverSound(samples, " ".join(words_of(words.read_text(encoding="utf-8"))) if words.exists() else "")


SITUATIONS: dict[str, Callable[[Half, Path | None], Iterator[OverSound]]] = {
    "interruption": partial(_said, INTERRUPTIONS),
    "stop word": partial(_said, STOP_WORDS),
    "backchannel": partial(_said, BACKCHANNELS),
    "to somebody else, as loud": partial(_said, TO_OTHERS),
    "to somebody else, -12 dB": partial(_said, TO_OTHERS, gain_db=-12.0),
    "voice in the background, -15 dB": partial(_background, -15.0),
    "voice in the background, -25 dB": partial(_background, -25.0),
    "coughs": partial(_noises, "coughs", -12.0, 0.8),
    "clicks": partial(_noises, "clicks", -12.0, 0.8),
    "white noise, -30 dBFS": partial(_noises, "white", -30.0, 3.0),
    "hum, -30 dBFS": partial(_noises, "hum", -30.0, 3.0),
}
