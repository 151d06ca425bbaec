"""The names of all engines: those of this machine, and those of the services that are known."""

from __future__ import annotations

from collections.abc import Mapping

from localvoice.languages import language_code
from localvoice.providers import PROVIDERS

LOCAL: Mapping[str, tuple[str, ...]] = {
    "stt": ("faster-whisper", "parakeet"),
    "llm": ("llama-cpp",),
    "tts": ("piper", "kokoro"),
}
"""The local engines of each stage that need a model, the usual one first."""

STARTERS: Mapping[str, str] = {"stt": "pocketsphinx", "llm": "skills", "tts": "espeak"}
"""The engine of each stage that works without a download."""

STAGE_ENGINES: Mapping[str, tuple[str, ...]] = {
    stage: (*LOCAL[stage], STARTERS[stage], *(one.name for one in PROVIDERS.values() if stage in one.models))
    for stage in LOCAL
}
"""The engines of each stage: product contract, section 4."""

ENGINE_NAMES = tuple(sorted({name for names in STAGE_ENGINES.values() for name in names}))
"""Everything that may stand for NAME in a section `engines.NAME`."""

_ENGLISH_ONLY = "pocketsphinx"
"""Its package carries an English model, and it takes no other."""


def wrong_language(recogniser: str, language: str) -> str:
    """What to tell a user whose language the starter does not know; empty where it is another recogniser, or knows."""
    if recogniser != _ENGLISH_ONLY or language_code(language) in {"", "en"}:
        return ""
    known = f"{recogniser} is a starter and understands English only, not {language!r}"
    return f"{known}: `localvoice models download base` gets one of 99 languages"
