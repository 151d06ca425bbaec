"""What recognisers make of a user over our voice, with noise suppression and without.

Run it as `python -m benchmarks.audio.words`. Needs the tiny test models, and the programs espeak-ng and flite.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.audio.scene import draw_scenes
from benchmarks.audio.voices import OWN_VOICES, OWN_WORDS, spoken
from localvoice.audio.duplex import BLOCK
from localvoice.audio.echo import EchoCanceller, load_processing
from localvoice.audio.room import Room
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.engines import Recognizer
from localvoice.skills.catalog import Skills
from localvoice.stt.faster_whisper import FasterWhisperRecognizer
from localvoice.stt.pocketsphinx import PocketsphinxRecognizer

WHISPER = Path(__file__).parents[2] / "tests/models/stt"
PHRASES = {
    "tiny whisper": (
        (
            "My name is Emma. What is my name? What is the capital of France? What about Germany? "
            "Set a timer for five minutes. What is seven plus eight? Who wrote Hamlet? Tell me a story. "
            "Please continue. Thank you."
        ),
        ("en-us",),
    ),
    "pocketsphinx": (
        (
            "What time is it? Set a timer for five minutes. What is seven plus eight? What is the date today? "
            "How many feet are in a mile? Stop the timer. Help. Add milk to the shopping list. "
            "Repeat that. Speak louder."
        ),
        ("en-us", "en-gb+m1"),
    ),
}
"""What each was made for: sentences, and voices."""

_ONSET = 6 * SPEECH_RATE_HZ
_PREROLL = round(0.3 * SPEECH_RATE_HZ)
_PAUSED_AFTER = round(0.13 * SPEECH_RATE_HZ)
"""Where our voice stops: the median of docs/echo.md."""


def signals(text: str, voice: str, number: int, ser_db: float) -> dict[str, Samples]:
    """The utterance as the recogniser may get it."""
    room_spec = draw_scenes(1, first=100 + number)[0].room
    own = np.concatenate([spoken(words, OWN_VOICES[number % len(OWN_VOICES)]) for words in OWN_WORDS])
    said = spoken(text, voice) * np.float32(10 ** ((room_spec.gain_db + ser_db) / 20))
    user = np.concatenate((silence(_ONSET), said, silence(SPEECH_RATE_HZ // 2)))
    own = np.concatenate((own[: _ONSET + _PAUSED_AFTER], silence(len(user) - _ONSET - _PAUSED_AFTER)))
    room = Room(room_spec, seed=number)
    suppressing, cancelling = (EchoCanceller(load_processing(suppress_noise=noise)) for noise in (True, False))
    heard: dict[str, list[Samples]] = {"microphone": [], "suppressed": [], "cancelled only": []}
    for block in _blocks(len(user)):
        near = room.hear(user[block], own[block])
        heard["microphone"].append(near)
        heard["suppressed"].append(suppressing.process(near, own[block]))
        heard["cancelled only"].append(cancelling.process(near, own[block]))
    return {name: np.concatenate(blocks)[_ONSET - _PREROLL :] for name, blocks in heard.items()}


def _blocks(frames: int) -> Iterator[slice]:
    for at in range(0, frames - BLOCK + 1, BLOCK):
        yield slice(at, at + BLOCK)


def plain(text: str) -> list[str]:
    """The words alone."""
    return re.sub(r"[^a-z' ]", "", text.lower().replace("-", " ")).split()


def main() -> None:
    """Print how many sentences come out right."""
    recognizers: dict[str, Recognizer] = {
        "tiny whisper": FasterWhisperRecognizer(WHISPER),
        "pocketsphinx": PocketsphinxRecognizer(Skills().jsgf()),
    }
    for ser_db in (10.0, 0.0, -10.0):
        for name, recognizer in recognizers.items():
            phrases, voices = PHRASES[name]
            texts = re.split(r"(?<=[.?]) ", phrases)
            right: dict[str, int] = {}
            for voice in voices:
                for number, text in enumerate(texts):
                    for signal, samples in signals(text, voice, number, ser_db).items():
                        heard = asyncio.run(recognizer.transcribe(samples)).text
                        right[signal] = right.get(signal, 0) + (plain(heard) == plain(text))
            print(f"{ser_db:+.0f} dB  {name}: {right} of {len(texts) * len(voices)}")


if __name__ == "__main__":
    main()
