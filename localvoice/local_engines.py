"""The engines of this process, made from the settings and a model's path.

Rule of this file: packages are imported where an engine is made, never above.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from localvoice.config import Config
from localvoice.memory_room import MemoryRoom
from localvoice.model_store.store import ModelStore
from localvoice.skills.catalog import Skills
from localvoice.text.pronunciation import pronunciation_of


class LocalEngines:
    """Loads them. Each call blocks, from whichever thread, and raises `ModelError` or `ProviderError`."""

    def __init__(self, config: Config, store: ModelStore, skills: Skills) -> None:
        self._config = config
        self._store = store
        self._skills = skills
        self._room = MemoryRoom()
        self.hears = False
        """Whether a recogniser that takes several cores will work beside the language model."""

    def load(self, stage: str, name: str, path: Path) -> Any:
        """The engine `name` with the model at `path`, where that fits into memory."""
        self._room.take(stage, path, self._store, self._config.engines.of(name).context_tokens)
        if stage == "stt":
            return self._recogniser(name, path)
        if stage == "llm":
            from localvoice.llm.llama_cpp import load_llama

            config = self._config
            return load_llama(path, config.engines.of(name), config.reply, hears=self.hears)
        return self._synthesiser(name, path)

    def _recogniser(self, name: str, path: Path) -> Any:
        config, options = self._config, self._config.engines.of(name)
        language = options.language or config.session.language
        if name == "parakeet":
            from localvoice.stt.parakeet import ParakeetRecognizer

            return ParakeetRecognizer(path, language=language, threads=options.threads)
        from localvoice.stt.faster_whisper import FasterWhisperRecognizer

        hotwords = config.stt.hotwords
        return FasterWhisperRecognizer(path, language=language, threads=options.threads, hotwords=hotwords)

    def _synthesiser(self, name: str, path: Path) -> Any:
        speech, options = self._config.speech, self._config.engines.of(name)
        pronunciation = pronunciation_of(speech)
        if name == "kokoro":
            from localvoice.tts.kokoro import KokoroSynthesizer

            voice = options.voice or (speech.voice if is_kokoro_voice(speech.voice) else "")
            return KokoroSynthesizer(
                path, voice, rate=speech.rate, pronunciation=pronunciation, threads=options.threads
            )
        from localvoice.tts.piper import PiperSynthesizer

        return PiperSynthesizer(path, rate=speech.rate, pronunciation=pronunciation)

    def pocketsphinx(self) -> Any:
        """The starter that hears."""
        from localvoice.stt.pocketsphinx import PocketsphinxRecognizer

        return PocketsphinxRecognizer(self._skills.jsgf())

    def skills(self) -> Any:
        """The starter that answers."""
        from localvoice.llm.skills import SkillsModel

        return SkillsModel(self._skills)

    def espeak(self, voice: str) -> Any:
        """The starter that speaks."""
        from localvoice.tts.espeak import EspeakSynthesizer

        speech = self._config.speech
        return EspeakSynthesizer(voice=voice, rate=speech.rate, pronunciation=pronunciation_of(speech))


def is_kokoro_voice(voice: str) -> bool:
    """Whether `voice` is a name as Kokoro has them: language and sex, then a name."""
    return re.fullmatch(r"[abefhijpz][fm]_[a-z]+", voice) is not None
