"""Which recogniser of those that are here `auto` takes: the better one, where it is faster and knows the language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample
from localvoice.errors import LocalVoiceError
from localvoice.languages import language_code
from localvoice.model_store.catalogue import Kind, Tier
from localvoice.model_store.store import Installed, ModelStore

if TYPE_CHECKING:
    from localvoice.engines import Recognizer

_WHISPER, _PARAKEET = "faster-whisper", "parakeet"
_TEXT = "Remind me to call my sister at seven o'clock."
"""3 s of speech: a usual turn."""
_TIMES = 2


def chosen_recogniser(store: ModelStore, tier: Tier, language: str, measured: Mapping[str, float]) -> Installed | None:
    """The installed model to use; `measured`: seconds for a turn, by model, from `measured_recognisers`.

    Parakeet makes fewer errors than Whisper small (vendors' word error rates: 6.3 and 8.6 %), so only its speed and its
    languages speak against it; where nothing was measured Whisper is taken.
    """
    whisper = store.preferred(Kind.STT, tier, (_PARAKEET,), language)
    parakeet = store.preferred(Kind.STT, tier, (_WHISPER,), language) if _knows(language) else None
    if whisper is None or parakeet is None or parakeet.model is None:
        return whisper or parakeet
    slowest_s = measured.get(whisper.name, 0.0)
    return parakeet if measured.get(parakeet.name, slowest_s) < slowest_s else whisper


def measured_recognisers(store: ModelStore, tier: Tier) -> Mapping[str, float]:
    """Seconds for a turn, by model, where there is a choice; nothing is loaded where there is none. Blocks."""
    found = [store.preferred(Kind.STT, tier, others=(other,)) for other in (_PARAKEET, _WHISPER)]
    here = [one for one in found if one is not None and one.model is not None]
    if len(here) < len(found):
        return {}
    sound = asyncio.run(_spoken())
    speeds = {one.name: _seconds(one, sound) for one in here}
    return {name: seconds for name, seconds in speeds.items() if seconds is not None}


def _knows(language: str) -> bool:
    from localvoice.stt.parakeet import LANGUAGES

    return (language_code(language) or "en") in LANGUAGES


def _seconds(model: Installed, sound: Samples) -> float | None:
    """Of the better of two readings; None where the model cannot be loaded."""
    try:
        recognizer = _LOAD[model.model.engine if model.model else _WHISPER](model.path)
        try:
            return min(_reading(recognizer, sound) for _ in range(_TIMES))
        finally:
            recognizer.close()
    except LocalVoiceError:
        return None


def _reading(recognizer: Recognizer, sound: Samples) -> float:
    began_s = perf_counter()
    asyncio.run(_read(recognizer, sound))
    return perf_counter() - began_s


async def _read(recognizer: Recognizer, sound: Samples) -> None:
    await recognizer.transcribe(sound)


def _whisper(path: Path) -> Recognizer:
    from localvoice.stt.faster_whisper import FasterWhisperRecognizer

    return FasterWhisperRecognizer(path)


def _parakeet(path: Path) -> Recognizer:
    from localvoice.stt.parakeet import ParakeetRecognizer

    return ParakeetRecognizer(path)


_LOAD: Mapping[str, Callable[[Path], Recognizer]] = {_WHISPER: _whisper, _PARAKEET: _parakeet}


async def _spoken() -> Samples:
    from localvoice.tts.espeak import EspeakSynthesizer

    async def text() -> AsyncIterator[str]:
        yield _TEXT

    chunks = [chunk async for chunk in EspeakSynthesizer().synthesize(text())]
    return np.concatenate([resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ) for chunk in chunks])
