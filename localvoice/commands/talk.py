"""`localvoice talk`: the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TextIO

import typer

from localvoice.commands import completing, flags
from localvoice.commands.flags import offline_mode, settings
from localvoice.errors import ConfigError
from localvoice.small_files import at_home, path_at_home

_SOUND = "Sound"
_SESSION = "Conversation"
_OUTPUT = "What is printed"


def talk(  # noqa: PLR0913 - a command line has as many parameters as it has flags
    *,
    offline: flags.Offline = False,
    cloud: flags.CloudFlag = None,
    stt: flags.Stt = None,
    llm: flags.Llm = None,
    tts: flags.Tts = None,
    no_fallback: flags.NoFallback = False,
    vad: flags.Vad = None,
    input: flags.Input = None,  # noqa: A002 - the flag's name
    output: flags.Output = None,
    room: Annotated[
        str | None,
        typer.Option(
            metavar="DELAY_MS,GAIN_DB[,RT60_MS]", help="A simulated room between two files.", rich_help_panel=_SOUND
        ),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", metavar="", help="Type instead of speaking.", rich_help_panel=_SESSION)
    ] = False,
    no_skills: Annotated[
        bool,
        typer.Option(
            "--no-skills", metavar="", help="The language model answers everything.", rich_help_panel=_SESSION
        ),
    ] = False,
    events: Annotated[str, typer.Option(metavar="FILE|-", help="Events as JSON lines.", rich_help_panel=_OUTPUT)] = "",
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep this session for replay.", rich_help_panel=_OUTPUT)
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", metavar="", help="End after the first reply.", rich_help_panel=_SESSION)
    ] = False,
    patience: Annotated[
        str | None,
        typer.Option(
            metavar="PRESET",
            help="fast, normal or patient: how long a pause may be.",
            autocompletion=completing.words("fast", "normal", "patient"),
            rich_help_panel=_SESSION,
        ),
    ] = None,
    idle_timeout: Annotated[
        float | None, typer.Option(metavar="S", help="End after S seconds of silence.", rich_help_panel=_SESSION)
    ] = None,
    language: flags.Language = None,
    voice: flags.Voice = None,
    system_prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the model is told to be.", rich_help_panel=_SESSION)
    ] = None,
    persona: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A character: `localvoice persona list`.",
            autocompletion=completing.personas,
            rich_help_panel=_SESSION,
        ),
    ] = None,
    profile: flags.Profile = None,
    budget: Annotated[
        float | None, typer.Option(metavar="USD", help="Most that cloud engines may cost.", rich_help_panel=_SESSION)
    ] = None,
    save: Annotated[
        str | None, typer.Option(metavar="FILE", help="Keep the transcript.", rich_help_panel=_SESSION)
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", metavar="", help="Words only.", rich_help_panel=_OUTPUT)
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", metavar="", help="Every event.", rich_help_panel=_OUTPUT)
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", metavar="", help="Lines, no live screen.", rich_help_panel=_OUTPUT)
    ] = False,
) -> None:
    """Talk: you speak, it answers, and you may talk over it."""
    given: dict[str, tuple[object, str]] = {
        **flags.engine_flags(stt, llm, tts, vad),
        "engines.cloud": (cloud, "--cloud"),
        "engines.fallback": (False if no_fallback else None, "--no-fallback"),
        "audio.input": (input, "--input"),
        "audio.output": (output, "--output"),
        "audio.room": (room, "--room"),
        "skills.fast_path": (False if no_skills else None, "--no-skills"),
        "turn.patience": (patience, "--patience"),
        "session.idle_timeout_s": (idle_timeout, "--idle-timeout"),
        "session.language": (language, "--language"),
        "speech.voice": (voice, "--voice"),
        "reply.system_prompt": (system_prompt, "--system-prompt"),
        "session.persona": (persona, "--persona"),
        "session.budget_usd": (budget, "--budget"),
        "session.save": (save, "--save"),
    }
    hold(
        given,
        profile=profile,
        offline=offline,
        typed=text,
        once=once,
        events=events,
        record=record,
        verbosity=_verbosity(quiet=quiet, verbose=verbose),
        plain=plain,
    )


def hold(  # noqa: PLR0913 - see talk
    given: Mapping[str, tuple[object, str]],
    *,
    profile: str | None = None,
    offline: bool = False,
    typed: bool = False,
    once: bool = False,
    events: str = "",
    record: Path | None = None,
    verbosity: int = 0,
    plain: bool = False,
    lines: TextIO | None = None,
) -> None:
    """Hold a conversation and leave with its exit code."""
    loaded, shield = offline_mode(offline, settings(given, profile))
    _warn_of_cloud(loaded.config.engines.cloud)
    store = flags.model_store()
    hint = ""
    if lines is None and verbosity >= 0:
        from localvoice.commands.first_run import offer_better

        hint = offer_better(loaded.config, store, offline=offline)

    from localvoice.app.plan import TalkOptions
    from localvoice.app.talk import talk as hold_talk
    from localvoice.commands.start_time import STARTED_S

    options = TalkOptions(
        typed=typed,
        lines=lines,
        once=once,
        events=at_home(events),
        record=None if record is None else path_at_home(record),
        offline=shield.mode,
        offline_reason=shield.reason,
        verbosity=verbosity,
        plain=plain,
        hint=hint,
        started_s=STARTED_S,
    )
    raise typer.Exit(int(asyncio.run(hold_talk(loaded, store, options))))


def _verbosity(*, quiet: bool, verbose: bool) -> int:
    if quiet and verbose:
        raise ConfigError("--quiet and --verbose contradict each other: leave one of them out")
    return -1 if quiet else int(verbose)


def _warn_of_cloud(cloud: str) -> None:
    from localvoice.providers import PREFERRED
    from localvoice.secrets_store import KEY_VARIABLES, own_key

    names = dict.fromkeys(name for names in PREFERRED.values() for name in names)
    if cloud != "off" and not any(own_key(name) for name in names):
        variables = ", ".join(KEY_VARIABLES[name] for name in names)
        flags.warn(f"--cloud finds no key ({variables}): the local engines do the work")
