"""What the shell may complete behind a flag: names of engines, presets, personas, voices and models.

Rule of this file: a completion that cannot be had is no completion; nothing is printed, nothing raised.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING

from localvoice.errors import LocalVoiceError

if TYPE_CHECKING:
    from localvoice.model_store.catalogue import Model


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


def personas(incomplete: str) -> list[str]:
    """Personas that have a file."""
    from localvoice.persona_files import persona_files

    return _beginning(incomplete, persona_files())


def models(incomplete: str) -> list[str]:
    """Models that can be had."""
    return _beginning(incomplete, [model.name for model in _catalogue()])


def voices(incomplete: str) -> list[str]:
    """Voices that can be had for the local synthesiser."""
    return _beginning(incomplete, [model.name for model in _catalogue() if model.kind == "tts"])


def _catalogue() -> Iterable[Model]:
    from localvoice.model_store.store import ModelStore, models_root

    try:
        return ModelStore(models_root(os.environ)).catalogue
    except (LocalVoiceError, OSError):
        return ()


def _beginning(incomplete: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]
