"""Another engine or voice while one talks: loaded beside the one in use, which then stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

from localvoice.app.prepared_phrases import speak_beforehand
from localvoice.cloud_choice import STAGES, host_services, is_cloud_name, leaves_machine
from localvoice.config import Config
from localvoice.engine_choice import EngineChoice
from localvoice.errors import ConfigError, LocalVoiceError
from localvoice.loading import Loaded, load_stage, paid_of
from localvoice.messages import SpeechChunk
from localvoice.session.hand import Equipment
from localvoice.session.phrases import phrases_for

_CHOSEN = "you chose it"

Choose = Callable[[Config], EngineChoice]
"""The engines for other settings."""


@dataclass(frozen=True, slots=True)
class _Ready:
    engine: Any
    phrases: Mapping[str, SpeechChunk]
    """What is said when an engine fails, in its voice."""


class Switching:
    """Loads what is asked for and puts it first. Called one after the other."""

    def __init__(
        self,
        config: Config,
        choose: Choose,
        equipment: Equipment,
        engines: Mapping[str, Loaded],
        offline: str,
        stack: ExitStack,
    ) -> None:
        """`engines` are those at the start, `offline` as in `session_started`; the stack frees what is loaded."""
        self._config = config
        self._choose = choose
        self._offline = offline
        self._stack = stack
        self._equipment = equipment
        self._loaded = {
            (stage, one.name, ""): _Ready(one, dict(equipment.phrases) if stage == "tts" else {})
            for stage, loaded in engines.items()
            for one in loaded.engines
        }
        """By stage, engine as written and voice: choosing one again costs nothing."""

    @property
    def _by_stage(self) -> Mapping[str, Any]:
        equipment = self._equipment
        used = {"stt": equipment.recognizer, "llm": equipment.chat, "tts": equipment.synthesizer}
        return {stage: engines for stage, engines in used.items() if engines is not None}

    async def use(self, stage: str, text: str) -> str:
        """The engine `text` (`NAME` or `NAME:MODEL`) for `stage` from the next call on; returns its name.

        Raises:
            ConfigError, ModelError, ProviderError: it cannot be used; nothing has changed then.
        """
        if stage not in STAGES:
            raise ConfigError(f"there is no stage '{stage}': it is one of {', '.join(STAGES)}")
        return await self._use(stage, text, "")

    async def speak_with(self, voice: str) -> str:
        """The voice, of the present service or of this machine; returns the engine's name. Raises as `use` does."""
        if "tts" not in self._by_stage:
            raise ConfigError("nothing is spoken in this conversation: there is no voice to change")
        present = str(self._by_stage["tts"].name)
        return await self._use("tts", present if is_cloud_name(present) else "auto", voice)

    async def _use(self, stage: str, text: str, voice: str) -> str:
        if stage not in self._by_stage:
            raise ConfigError(f"this conversation has no {stage} engine to change")
        ready = self._loaded.get((stage, text, voice))
        if ready is None:
            ready = self._loaded[stage, text, voice] = await self._load(stage, text, voice)
        self._by_stage[stage].prefer(ready.engine, _CHOSEN)
        self._equipment.phrases.update(ready.phrases)
        return str(ready.engine.name)

    async def _load(self, stage: str, text: str, voice: str) -> _Ready:
        config = self._settings(stage, text, voice)
        if self._offline != "no" and leaves_machine(text, config.engines):
            raise ConfigError(f"{text} would leave this machine, and the session is offline")
        if self._offline == "sealed" and (here := host_services(config.engines)):
            raise ConfigError(f"a sealed session cannot reach this machine's own {here}: begin with --{stage} {text}")
        choice = self._choose(config)
        if "stt" in self._by_stage:
            with suppress(LocalVoiceError):  # a model is told of the recogniser that works beside it
                choice.candidates("stt")
        loaded = await load_stage(stage, choice.candidates(stage)[:1], lambda _: None)
        self._stack.callback(loaded.first.close)
        for name in paid_of({stage: loaded}):
            self._equipment.paid.add(name)
        if stage != "tts":
            return _Ready(loaded.first, {})
        phrases = await speak_beforehand(phrases_for(config.reply), loaded.local, self._equipment.paid)
        return _Ready(loaded.first, phrases)

    def _settings(self, stage: str, text: str, voice: str) -> Config:
        wanted: dict[str, Any] = {stage: (text,)}
        config = replace(self._config, engines=replace(self._config.engines, fallback=False, **wanted))
        return replace(config, speech=replace(config.speech, voice=voice)) if voice else config
