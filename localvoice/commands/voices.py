"""`localvoice voices`: the voices of all synthesisers: list, search, hear one.

Rule of this file: only typer and the standard library at module level; errors are left to the caller to print.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from localvoice.commands import completing, flags

if TYPE_CHECKING:
    from localvoice.app.voice_lists import VoiceLists
    from localvoice.voice_entry import VoiceEntry

voices_app = typer.Typer(help="The voices of all synthesisers: list, search, hear one.", invoke_without_command=True)

_SENTENCE = "Hello! This is how I sound when I answer you."

Engine = Annotated[
    str | None,
    typer.Option("--tts", metavar="NAME", help="Only this synthesiser.", autocompletion=completing.one_engine("tts")),
]
AsJson = Annotated[bool, typer.Option("--json", metavar="", help="One JSON list.")]
Offline = Annotated[bool, typer.Option("--offline", metavar="", help="Only the voices of this machine.")]


@voices_app.callback()
def voices(context: typer.Context) -> None:
    """The voices of all synthesisers; without a command: list."""
    if context.invoked_subcommand is None:
        list_voices()


@voices_app.command("list")
def list_voices(
    *, tts: Engine = None, as_json: AsJson = False, offline: Offline = False, profile: flags.Profile = None
) -> None:
    """Every voice of this machine, and of the services whose key is set."""
    _show("", tts, as_json=as_json, offline=offline, profile=profile)


@voices_app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="In its name, title, language or engine.")],
    *,
    tts: Engine = None,
    as_json: AsJson = False,
    offline: Offline = False,
    profile: flags.Profile = None,
) -> None:
    """The voices that fit all words; ElevenLabs searches descriptions too."""
    _show(" ".join(words), tts, as_json=as_json, offline=offline, profile=profile)


@voices_app.command()
def preview(
    voice: Annotated[str, typer.Argument(metavar="VOICE", help="As it is listed.", autocompletion=completing.voices)],
    words: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="What to say.")] = None,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="WHAT", help="FILE.wav, - (raw PCM, 16 kHz) or a device.")
    ] = None,
    tts: Engine = None,
    offline: flags.Offline = False,
    profile: flags.Profile = None,
) -> None:
    """Hear a voice; a service's costs what its characters cost."""
    engine = tts or _engine_of(voice, profile)
    given = {
        "engines.tts": (engine, "--tts"),
        "engines.fallback": (False, "voices preview"),
        f"engines.{engine}.voice": (voice, "VOICE"),
        "audio.output": (output, "--output"),
    }
    loaded = flags.settings(given, profile)
    loaded, _ = flags.offline_mode(offline, loaded)

    from localvoice.app.saying import SayOptions, say

    text = " ".join(words) if words else _SENTENCE
    options = SayOptions(text=text, stream=None, progress=flags.note_to_watchers, warn=flags.warn)
    raise typer.Exit(int(asyncio.run(say(loaded.config, flags.model_store(), options))))


def _engine_of(voice: str, profile: str | None) -> str:
    """Whose voice it is; nothing is dialled for that."""
    from localvoice.app.voice_lists import VoiceLists

    return VoiceLists(flags.settings({}, profile).config, flags.model_store()).engine_of(voice)


def _show(wanted: str, engine: str | None, *, as_json: bool, offline: bool, profile: str | None) -> None:
    from localvoice.commands.model_table import columns

    lists = _lists(offline=offline, profile=profile)
    _check_engine(engine)
    entries = asyncio.run(lists.found(wanted, engine or "", flags.warn))
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in entries], ensure_ascii=False))
    elif entries:
        typer.echo(columns([("engine", "voice", "language", "title", "state"), *_rows(entries)]))
        typer.echo("Hear one: `localvoice voices preview VOICE`; talk with it: `localvoice --voice VOICE`.", err=True)
    else:
        typer.echo("no voice fits; `localvoice voices` lists all", err=True)


def _rows(entries: Sequence[VoiceEntry]) -> list[tuple[str, str, str, str, str]]:
    return [(entry.engine, entry.voice, entry.language or "-", entry.title or "-", _state(entry)) for entry in entries]


def _state(entry: VoiceEntry) -> str:
    if entry.is_cloud:
        return "cloud"
    return "ready" if entry.is_ready else f"localvoice models download {entry.voice}"


def _lists(*, offline: bool, profile: str | None) -> VoiceLists:
    """Loaded as `say` would load them; offline the shield is up from here on."""
    from localvoice.app.voice_lists import VoiceLists

    loaded = flags.settings({}, profile)
    loaded, _ = flags.offline_mode(offline, loaded)
    return VoiceLists(loaded.config, flags.model_store(), is_offline=offline)


def _check_engine(engine: str | None) -> None:
    from localvoice.config_schema import nearest, shown
    from localvoice.engine_names import STAGE_ENGINES
    from localvoice.errors import ConfigError

    if engine and engine not in STAGE_ENGINES["tts"]:
        near = nearest(engine, STAGE_ENGINES["tts"])
        raise ConfigError(f"there is no synthesiser {shown(engine)}; the nearest one is {near}")
