"""What the shell may complete: engines, presets, personas, profiles, voices, models, settings and their values.

Rule of this file: a completion that cannot be had is no completion; nothing is printed, nothing raised.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, get_origin

import typer

from localvoice.errors import LocalVoiceError

if TYPE_CHECKING:
    from localvoice.config_schema import Setting
    from localvoice.model_store.catalogue import Model
    from localvoice.model_store.store import ModelStore


_FIRST_WORD = re.compile(r"\s*\S+\s+(?=(\S+))")
_LINES = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
"""Variables in which shells hand over the line: bash, and the others."""


def name_talk(environ: MutableMapping[str, str], *, is_talk: Callable[[str], bool]) -> None:
    """Put `talk` where it may be left out, so that its flags are completed without it as well."""
    for variable in _LINES:
        line = environ.get(variable, "")
        program = _FIRST_WORD.match(line)
        if program is not None and is_talk(program.group(1)):
            environ[variable] = f"{program.group()}talk {line[program.end() :]}"
            environ["COMP_CWORD"] = str(int(environ.get("COMP_CWORD", "1")) + 1)


def words(*known: str) -> Callable[[str], list[str]]:
    """Those of `known` that begin as typed."""
    return lambda incomplete: _beginning(incomplete, known)


def engines(stage: str) -> Callable[[str], list[str]]:
    """Engines of a stage, the last of a list by comma."""

    def complete(incomplete: str) -> list[str]:
        from localvoice.engine_names import STAGE_ENGINES

        earlier, comma, last = incomplete.rpartition(",")
        return [f"{earlier}{comma}{name}" for name in _beginning(last, ("auto", *STAGE_ENGINES[stage]))]

    return complete


def one_engine(stage: str) -> Callable[[str], list[str]]:
    """An engine of a stage, by name."""

    def complete(incomplete: str) -> list[str]:
        from localvoice.engine_names import STAGE_ENGINES

        return _beginning(incomplete, STAGE_ENGINES[stage])

    return complete


def personas(incomplete: str) -> list[str]:
    """Personas that have a file."""
    from localvoice.persona_files import persona_files

    return _beginning(incomplete, persona_files())


def models(incomplete: str) -> list[str]:
    """Models that can be had."""
    return _beginning(incomplete, [model.name for model in _catalogue()])


def own_models(incomplete: str) -> list[str]:
    """Models that are here, whole or in part."""
    store = _store()
    if store is None:
        return []
    broken = [fault.path.name for fault in store.damaged()]
    begun = [model.name for model in store.catalogue if store.partial_bytes(model)]
    return _beginning(incomplete, dict.fromkeys([one.name for one in store.installed()] + broken + begun))


def voices(incomplete: str) -> list[str]:
    """Voices of this machine: models that can be had, and the starter's once a letter says which."""
    models_ = _beginning(incomplete, [model.name for model in _catalogue() if model.kind == "tts"])
    return models_ + (_beginning(incomplete, _starter_voices()) if incomplete else [])


def profiles(incomplete: str) -> list[str]:
    """Sections `profiles.NAME` of the files in use."""
    from localvoice.config_sources import load

    try:
        loaded = load({}, environ=os.environ, cwd=Path.cwd())
    except (LocalVoiceError, OSError):
        return []
    return _beginning(incomplete, loaded.config.profiles)


def providers(incomplete: str) -> list[str]:
    """Services that have a key."""
    from localvoice.secrets_store import KEY_VARIABLES

    return _beginning(incomplete, KEY_VARIABLES)


def setting_keys(incomplete: str) -> list[str]:
    """Keys of the settings; those of one engine once its name is begun."""
    from localvoice.config_schema import settings

    known = settings()
    short = [key for key in known if key.count(".") == 1]
    sections = sorted({f"engines.{setting.path[1]}." for setting in known.values() if len(setting.path) > 2})
    whole = [key for key in known if key.count(".") > 1 and incomplete.count(".") > 1]
    return _beginning(incomplete, [*short, *whole]) or _beginning(incomplete, sections)


def setting_values(context: typer.Context, incomplete: str) -> list[str]:
    """What the key before may be set to, where that is one of a few words."""
    from localvoice.config_schema import settings

    key = str(context.params.get("key", ""))
    setting = settings().get(key)
    if setting is None:
        return []
    _, _, stage = key.partition("engines.")
    if stage in {"stt", "llm", "tts"}:
        return engines(stage)(incomplete)
    by_key = {"speech.voice": voices, "session.persona": personas}
    return by_key[key](incomplete) if key in by_key else _beginning(incomplete, _choices(setting))


def _choices(setting: Setting) -> Iterable[str]:
    if setting.kind is bool:
        return ("true", "false")
    return map(str, get_args(setting.kind)) if get_origin(setting.kind) is Literal else ()


def _starter_voices() -> Iterable[str]:
    from localvoice.tts.espeak_library import espeak_library

    try:
        return sorted(espeak_library().voices)
    except (LocalVoiceError, OSError):
        return ()


def _store() -> ModelStore | None:
    from localvoice.model_store.store import ModelStore, models_root

    try:
        return ModelStore(models_root(os.environ))
    except (LocalVoiceError, OSError):
        return None


def _catalogue() -> Iterable[Model]:
    store = _store()
    return () if store is None else store.catalogue


def _beginning(incomplete: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]
