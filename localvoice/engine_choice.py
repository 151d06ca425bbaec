"""Which engines a stage gets: names from flags and settings, `auto`, and what is ready on this machine.

Rule of this file: it chooses and explains; nothing is loaded before `Candidate.load` is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from localvoice.candidates import Candidate
from localvoice.cloud_choice import CloudChoice, Keys, has_local_behind
from localvoice.config import Config
from localvoice.engine_check import check_name
from localvoice.engine_names import LOCAL, STARTERS
from localvoice.errors import ModelError
from localvoice.local_engines import LocalEngines, is_kokoro_voice
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import Installed, ModelStore
from localvoice.providers import is_cloud_voice
from localvoice.secrets_store import own_key
from localvoice.skills.catalog import Skills
from localvoice.small_files import path_at_home
from localvoice.text.pronunciation import pronunciation_of

_LOCAL_DEFAULT = "local default"
"""Stands in a list for what `auto` takes of this machine."""

_MODEL_SUFFIXES = frozenset({".gguf", ".onnx", ".bin"})
"""What a file must end in to be missed as a file; names of models have dots too, such as base.en."""


class EngineChoice:
    """The candidates of each stage for one configuration."""

    def __init__(self, config: Config, store: ModelStore, skills: Skills, keys: Keys = own_key) -> None:
        self._config = config
        self._store = store
        self._cloud = CloudChoice(config, keys)
        self._local_engines = LocalEngines(config, store, skills)

    def candidates(self, stage: str) -> list[Candidate]:
        """In order of preference; one whose model is not here says so when it is loaded.

        Raises:
            ConfigError: an unknown engine, one of another stage, or a cloud engine without a key.
            ModelError: of the first named engine whose model is not here, where no other is.
        """
        if stage == "tts":
            pronunciation_of(self._config.speech)  # what is wrong with the file is said before anything is loaded
        engines = self._config.engines
        wanted = list(getattr(engines, stage))
        if engines.fallback and all(has_local_behind(text, engines) for text in wanted):
            wanted.append(_LOCAL_DEFAULT)
        found: list[Candidate] = []
        missing: list[ModelError] = []
        for text in wanted:
            try:
                found += self._named(stage, text)
            except ModelError as error:
                missing.append(error)
                found.append(_missing(stage, text, error))
        if missing and len(missing) == len(found):
            raise missing[0]
        return found

    def _named(self, stage: str, text: str) -> Iterator[Candidate]:
        name, _, model = text.partition(":")
        if name == "auto":
            return self._automatic(stage)
        if name == _LOCAL_DEFAULT:
            return self._local_default(stage)
        check_name(stage, name)
        if name == STARTERS[stage]:
            if model and stage != "tts":  # espeak's are voices
                raise ModelError(f"there is no {text}: {name} knows one model, its own; write {name} alone")
            return iter([self._starter(stage, model)])
        if name in LOCAL[stage]:
            return iter([self._local(stage, name, model or self._configured(stage, name) or self._model_voice(stage))])
        return iter([self._cloud.named(stage, name, model)])

    def _automatic(self, stage: str) -> Iterator[Candidate]:
        """The local engines, and the cloud's before them or between them and the starter."""
        cloud = self._config.engines.cloud
        service = None if cloud == "off" else self._cloud.preferred(stage)
        local = list(self._local_default(stage))
        if service is not None:
            local.insert(0 if cloud == "prefer" else len(local) - 1, service)
        return iter(local)

    def _local_default(self, stage: str) -> Iterator[Candidate]:
        usual = LOCAL[stage][0]
        voice = self._model_voice(stage)
        is_of_starter = bool(voice) and not self._is_model(stage, voice)
        model = self._configured(stage, usual) or ("" if is_of_starter else voice)
        best = None if model or is_of_starter else self._best(stage)
        if model:
            yield self._local(stage, self._engine_of(stage, model), model)
        elif best is not None:
            yield self._local_best(stage, best)
        yield self._starter(stage, "")

    def _engine_of(self, stage: str, model: str) -> str:
        """Who reads a model: as the catalogue has it, else the usual engine."""
        known = self._store.catalogue.get(model)
        if known is not None and known.engine in LOCAL[stage]:
            return known.engine
        path = path_at_home(model)
        folder = path if path.is_dir() else path.parent
        marks = {"tts": ("kokoro", "voices*.bin"), "stt": ("parakeet", "encoder-model*.onnx")}
        other, mark = marks.get(stage, ("", "?"))
        return other if other and any(folder.glob(mark)) else LOCAL[stage][0]

    def _configured(self, stage: str, name: str) -> str:
        """The model that the settings name for a local engine."""
        options = self._config.engines.of(name)
        is_file = stage == "tts" and name == LOCAL[stage][0]  # the other voices are parts of one model
        return getattr(options, f"{stage}_model") or (options.voice if is_file else "")

    def _model_voice(self, stage: str) -> str:
        """`--voice` where it is a model of its own."""
        voice = self._voice_for(stage)
        return "" if is_kokoro_voice(voice) else voice

    def _voice_for(self, stage: str) -> str:
        """`--voice`, which names a model of the local synthesiser or a voice of the starter."""
        voice = self._config.speech.voice if stage == "tts" else ""
        return "" if is_cloud_voice(voice) else voice

    def _is_model(self, stage: str, name: str) -> bool:
        known = self._store.catalogue.get(name)
        is_of_stage = known is not None and known.kind == stage
        return is_of_stage or self._store.find(stage, name) is not None or Path(name).suffix in _MODEL_SUFFIXES

    def _best(self, stage: str, engine: str = "") -> Installed | None:
        """The installed model that suits this machine best; of one engine only where it is named."""
        from localvoice.tiers.known_speeds import known_speeds, tier_here

        tier, language = tier_here()[0].tier, self._config.session.language
        if stage == "stt" and not engine:
            from localvoice.tiers.recogniser_choice import chosen_recogniser

            speeds = known_speeds().recall()
            return chosen_recogniser(self._store, tier, language, speeds.recognisers if speeds else {})
        others = [one for one in LOCAL[stage] if engine and one != engine]
        return self._store.preferred(Kind(stage), tier, others, language)

    def _model_path(self, stage: str, name: str, model: str) -> Path:
        if not model:
            best = self._best(stage, name)
            if best is None:
                raise ModelError(
                    f"{name} has no model here: run `localvoice models download`, or name one as {name}:PATH"
                )
            return best.path
        installed = self._store.find(stage, model)
        if installed is not None:
            return installed.path
        path = path_at_home(model)
        if path.exists():
            return path
        known = self._store.catalogue.get(model)
        if known is not None and known.kind == stage:
            raise ModelError(f"the model {model} of {name} is not here: run `localvoice models download {model}`")
        if path.suffix in _MODEL_SUFFIXES or len(path.parts) > 1:
            raise ModelError(f"there is no model {path}: check the path of {name}:PATH")
        raise ModelError(f"{name} has no model {model}: `localvoice models list` shows what there is")

    def _local(self, stage: str, name: str, model: str) -> Candidate:
        path = self._model_path(stage, name, model)
        self._local_engines.hears |= stage == "stt"
        return Candidate(name, lambda: self._local_engines.load(stage, name, path))

    def _local_best(self, stage: str, best: Installed) -> Candidate:
        """The installed model `best`; in its place, where it does not fit or is damaged, the next smaller one."""
        language = self._config.session.language
        first, *others = (
            replace(self._local(stage, self._reader_of(stage, one), str(one.path)), model=one.name)
            for one in (best, *self._store.smaller(best, language))
        )
        return replace(first, instead=tuple(others))

    def _reader_of(self, stage: str, one: Installed) -> str:
        return self._engine_of(stage, one.name if one.model else str(one.path))

    def _starter(self, stage: str, model: str) -> Candidate:
        config = self._config
        if stage == "stt":
            return Candidate("pocketsphinx", self._local_engines.pocketsphinx)
        if stage == "llm":
            return Candidate("skills", self._local_engines.skills)
        asked = self._voice_for(stage)
        voice = model or config.engines.of("espeak").voice or ("" if self._is_model(stage, asked) else asked)
        voice = voice or _espeak_voice(config)
        return Candidate("espeak", lambda: self._local_engines.espeak(voice))


def _missing(stage: str, text: str, error: ModelError) -> Candidate:
    """An engine that was asked for and has no model here: whoever takes its place can say from whom, and why."""
    name = text.partition(":")[0]

    def load() -> Any:
        raise error

    return Candidate(LOCAL[stage][0] if name in {"auto", _LOCAL_DEFAULT} else name, load)


def _espeak_voice(config: Config) -> str:
    language = config.engines.of("espeak").language or config.session.language
    return "en-us" if language in {"", "en"} else language.lower()
