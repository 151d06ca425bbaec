"""Whether an engine that is named exists, asked where the settings are read and where one is chosen while talking."""

from __future__ import annotations

from localvoice.config_schema import nearest
from localvoice.engine_names import STAGE_ENGINES
from localvoice.errors import ConfigError

_STAGE_WORDS = {"stt": "recogniser", "llm": "language model", "tts": "synthesiser"}


def check_name(stage: str, name: str, source: str = "") -> None:
    """Refuse an engine that nobody knows for `stage`; `source` is where the settings have it from.

    Raises:
        ConfigError: there is none, or it is one of another stage.
    """
    if name not in {"auto", *STAGE_ENGINES[stage]}:
        kind, _, place = source.partition(" ")
        asked = f", which {place if kind == 'flag' else source} asks for" if source else ""
        what = f"there is no {_STAGE_WORDS[stage]} '{name}'{asked}; {_what_instead(stage, name, kind)}"
        raise ConfigError(what, key=f"engines.{stage}", source=source)


def _what_instead(stage: str, name: str, kind: str) -> str:
    for other, names in STAGE_ENGINES.items():
        if name in names:
            where = f"--{other}" if kind in {"", "flag"} else f"engines.{other}"
            return f"it is a {_STAGE_WORDS[other]}: give it to {where}"
    return f"the nearest one is {nearest(name, STAGE_ENGINES[stage])}"
