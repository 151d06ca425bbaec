"""`localvoice persona`: characters to talk to: list, show, write a new one.

Rule of this file: only typer and the standard library at module level; errors are left to the caller to print.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from localvoice.commands import completing

persona_app = typer.Typer(help="Characters to talk to, as small files.", invoke_without_command=True)

_T = TypeVar("_T")
_Answer = Annotated[str, typer.Option(metavar="TEXT", help="Asked for where it is left out.")]


@persona_app.callback()
def persona(context: typer.Context) -> None:
    """Characters to talk to, as small files; without a command: list."""
    if context.invoked_subcommand is None:
        list_personas()


@persona_app.command("list")
def list_personas() -> None:
    """Every persona and where it is from."""
    from localvoice.commands.model_table import columns
    from localvoice.config_sources import load
    from localvoice.errors import ConfigError
    from localvoice.persona_files import is_included, persona_files, read_persona

    rows = []
    for name, path in persona_files().items():
        try:
            layer = read_persona(path)
        except ConfigError as error:
            typer.echo(f"{name} cannot be used: {error}", err=True)
            continue
        called = layer["name"].value if "name" in layer else name
        rows.append((name, called, "included" if is_included(path) else str(path)))
    loaded = load({}, environ=os.environ, cwd=Path.cwd())
    rows += [(name, one.name, f"section [personas.{name}]") for name, one in loaded.config.personas.items()]
    typer.echo(columns([("persona", "name", "from"), *rows]))
    typer.echo("Talk to one with `localvoice --persona NAME`; `localvoice persona new` writes another.", err=True)


@persona_app.command()
def show(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A persona that has a file.", autocompletion=completing.personas),
    ],
) -> None:
    """The file of a persona: a beginning for one's own."""
    from localvoice.config_schema import nearest, shown
    from localvoice.errors import ConfigError
    from localvoice.persona_files import persona_files, read_persona

    files = persona_files()
    if name not in files:
        raise ConfigError(f"no file for a persona {shown(name)}; the nearest one is {nearest(name, files)}")
    read_persona(files[name])
    typer.echo(f"# {files[name]}")
    typer.echo(files[name].read_text(encoding="utf-8"), nl=False)


@persona_app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the file and the flag are called.")] = "",
    *,
    purpose: _Answer = "",
    manner: _Answer = "",
    latency_ms: Annotated[int, typer.Option(metavar="MS", help="How soon it has to answer.", min=0)] = 0,
    force: Annotated[bool, typer.Option("--force", metavar="", help="Replace the one that is there.")] = False,
) -> None:
    """Write a persona: asks for purpose, manner and latency budget."""
    from localvoice.config_text import write_in_one_step
    from localvoice.errors import FileError
    from localvoice.persona_files import checked_name, own_folder
    from localvoice.persona_writing import Answers, persona_text

    name = checked_name(name) if name else _asked_until("Its name", "NAME", "", checked_name)
    file = own_folder() / f"{name}.toml"
    if file.exists() and not force:
        raise FileError(f"{file} is there already; edit it, or replace it with --force")
    answers = Answers(
        name=name.replace("_", " ").replace("-", " ").title(),
        purpose=purpose or _asked("What is it for?", "--purpose"),
        manner=manner or _asked("How does it talk?", "--manner", "friendly and to the point"),
        latency_ms=latency_ms or _asked_until("How soon must it answer, in ms?", "--latency-ms", "800", _milliseconds),
    )
    write_in_one_step(file, persona_text(answers))
    typer.echo(f"wrote {file}")
    typer.echo(f"Talk to it with `localvoice --persona {name}`; every line of the file can be changed.", err=True)


def _asked(question: str, flag: str, default: str = "") -> str:
    """One line from whoever sits at the terminal."""
    from localvoice.commands.first_run import can_ask
    from localvoice.errors import ConfigError

    if not can_ask():
        raise ConfigError(f"{flag} is missing, and nobody can be asked: give it on the command line")
    return str(typer.prompt(question, default=default or None, err=True))


def _asked_until(question: str, flag: str, default: str, checked: Callable[[str], _T]) -> _T:
    """The first answer that `checked` takes; what it says of the others is shown."""
    from localvoice.errors import ConfigError

    while True:
        text = _asked(question, flag, default)
        try:
            return checked(text)
        except ConfigError as error:
            typer.echo(f"{error}", err=True)


def _milliseconds(text: str) -> int:
    from localvoice.errors import ConfigError

    if not text.strip().isdecimal() or not int(text):
        raise ConfigError(f"{text!r} is no number of milliseconds: try 800")
    return int(text)
