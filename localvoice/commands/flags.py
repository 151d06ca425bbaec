"""Flags that several commands share, and how they become settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localvoice.commands import completing
from localvoice.errors import ConfigError
from localvoice.printable import printable
from localvoice.small_files import path_at_home

if TYPE_CHECKING:
    from localvoice.config_sources import LoadedConfig
    from localvoice.model_store.store import ModelStore
    from localvoice.offline import Shield

_ENGINES = "Engines and models"
_SOUND = "Sound"
_SESSION = "Conversation"

Offline = Annotated[
    bool, typer.Option("--offline", metavar="", help="No byte leaves this machine.", rich_help_panel=_ENGINES)
]
CloudFlag = Annotated[
    str | None,
    typer.Option(
        metavar="[prefer|fallback]",
        help="Cloud engines whose key is set: first, or behind the local ones.",
        autocompletion=completing.words("prefer", "fallback"),
        rich_help_panel=_ENGINES,
    ),
]
Stt = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME]",
        help="Speech recognisers, best first: NAME, NAME:MODEL or NAME:PATH.",
        autocompletion=completing.engines("stt"),
        rich_help_panel=_ENGINES,
    ),
]
Llm = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME]",
        help="Language models, best first.",
        autocompletion=completing.engines("llm"),
        rich_help_panel=_ENGINES,
    ),
]
Tts = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME]",
        help="Voices, best first.",
        autocompletion=completing.engines("tts"),
        rich_help_panel=_ENGINES,
    ),
]
NoFallback = Annotated[
    bool,
    typer.Option("--no-fallback", metavar="", help="No local engine behind a cloud engine.", rich_help_panel=_ENGINES),
]
Vad = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="silero, energy or webrtc.",
        autocompletion=completing.words("silero", "energy", "webrtc"),
        rich_help_panel=_ENGINES,
    ),
]
Input = Annotated[
    str | None,
    typer.Option(metavar="WHAT", help="Microphone: device, FILE.wav, - (raw PCM) or none.", rich_help_panel=_SOUND),
]
Output = Annotated[
    str | None,
    typer.Option(metavar="WHAT", help="Loudspeaker: device, FILE.wav, - (raw PCM) or none.", rich_help_panel=_SOUND),
]
Language = Annotated[
    str | None, typer.Option(metavar="CODE", help="Language spoken, such as en.", rich_help_panel=_SESSION)
]
Voice = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Voice that answers.", autocompletion=completing.voices, rich_help_panel=_SESSION
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Settings of the section profiles.NAME.",
        autocompletion=completing.profiles,
        rich_help_panel=_SESSION,
    ),
]


def settings(flags: Mapping[str, tuple[object, str]], profile: str | None = None) -> LoadedConfig:
    """The settings of this run; `flags` maps dotted keys to a value (None = not given) and the flag's name."""
    from localvoice.config_sources import Flag, load

    warn_of_keys_file(Path.cwd())
    given = {key: Flag(value, name) for key, (value, name) in flags.items()}
    return load(given, environ=os.environ, cwd=Path.cwd(), profile=profile)


def place(path: Path | None) -> Path | None:
    """What a flag or an argument names, with the user's home in place of a "~" that the shell has left."""
    return None if path is None else path_at_home(path)


@cache
def warn_of_keys_file(cwd: Path) -> None:
    """Say once where keys in `cwd` are passed over because nobody writes so long a file of them."""
    from localvoice.secrets_store import ENV_FILE
    from localvoice.small_files import is_too_large

    if is_too_large(cwd / ENV_FILE):
        warn(f"{ENV_FILE} is larger than 1 MB, and no key is read from it: keep keys in a file of their own")


def model_store() -> ModelStore:
    """The store of this run."""
    from localvoice.model_store.store import ModelStore, models_root

    return ModelStore(models_root(os.environ))


def engine_flags(
    stt: str | None = None, llm: str | None = None, tts: str | None = None, vad: str | None = None
) -> dict[str, tuple[object, str]]:
    """The settings behind the engine flags."""
    return {
        "engines.stt": (stt, "--stt"),
        "engines.llm": (llm, "--llm"),
        "engines.tts": (tts, "--tts"),
        "engines.vad": (vad, "--vad"),
    }


def offline_mode(wanted: bool, loaded: LoadedConfig) -> tuple[LoadedConfig, Shield]:
    """The settings without what a file says of the cloud, and the shield that is up from now on, if it was asked for.

    Raises:
        ConfigError: the cloud was asked for as well, by flag or variable.
    """
    from localvoice.cloud_choice import host_services, without_cloud
    from localvoice.offline import NO_SHIELD, go_offline

    if not wanted:
        return loaded, NO_SHIELD
    _refuse_both(loaded)
    engines, left_out = without_cloud(loaded.config.engines)
    if left_out:
        warn(f"--offline leaves out what the settings file says of the cloud: {', '.join(left_out)}")
    here = host_services(engines)
    shield = go_offline(f"this machine's own {here} would be lost" if here else "")
    return replace(loaded, config=replace(loaded.config, engines=engines)), shield


def _refuse_both(loaded: LoadedConfig) -> None:
    from localvoice.cloud_choice import STAGES, leaves_machine

    engines = loaded.config.engines
    asked = {"cloud": [engines.cloud] if engines.cloud != "off" else []}
    asked |= {stage: [text for text in getattr(engines, stage) if leaves_machine(text, engines)] for stage in STAGES}
    for key, values in asked.items():
        kind, _, name = loaded.source_of(f"engines.{key}").partition(" ")
        if values and kind in {"flag", "variable"}:
            what = name if key == "cloud" else f"{name} {values[0]}"
            raise ConfigError(f"--offline and {what} contradict each other: leave one of them out")


def note_to_watchers(text: str) -> None:
    """Say what is being done, where somebody sits at a terminal."""
    if sys.stderr is not None and sys.stderr.isatty():
        typer.echo(text, err=True)


def warn(text: str) -> None:
    """One line on standard error."""
    typer.echo(f"warning: {printable(text)}", err=True)
