"""Write docs/reference.md from the code: commands, flags, settings, exit codes. `--check` writes nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from localvoice.cli import app
from localvoice.config import Config
from localvoice.config_schema import Setting, settings
from localvoice.config_text import field_docs, toml_value
from localvoice.errors import ExitCode

FILE = Path(__file__).parents[1] / "docs" / "reference.md"

_HEAD = """\
# Reference

Written from the code by `python -m scripts.make_reference`; do not edit. Events are explained in [events](events.md).
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_commands(), *_settings(), *_exit_codes()])


def _commands() -> Iterator[str]:
    group: Any = typer.main.get_command(app)
    yield "## Commands\n"
    yield "`localvoice` alone is `localvoice talk`, and takes its flags.\n"
    for name, command in group.commands.items():
        subcommands = getattr(command, "commands", None)
        if subcommands is None:
            yield from _command(f"localvoice {name}", command)
            continue
        yield f"### `localvoice {name}`\n\n{_line(command.help)}\n"
        for sub, its in subcommands.items():
            yield from _command(f"localvoice {name} {sub}", its, level=4)


def _command(name: str, command: Any, level: int = 3) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    words = " ".join([name, *(_argument(one) for one in arguments)])
    yield f"{'#' * level} `{words}`\n\n{_line(command.help)}\n"
    rows = [(f"`{_cell(_argument(one))}`", _cell(getattr(one, "help", ""))) for one in arguments]
    rows += [(f"`{_cell(_option(one))}`", _cell(one.help)) for one in options]
    if rows:
        yield "| flag | meaning |\n|---|---|"
        yield from (f"| {flag} | {meaning} |" for flag, meaning in rows)
        yield ""


def _argument(parameter: Any) -> str:
    word = parameter.metavar or parameter.name.upper()
    word = word.replace("...", "") + ("…" if parameter.nargs != 1 else "")
    return word if parameter.required else f"[{word}]"


def _option(parameter: Any) -> str:
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag else f"{names} {parameter.metavar or 'TEXT'}".rstrip()


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield "In TOML; in the environment `LOCALVOICE_` and the path in capitals, levels joined by two underscores.\n"
    for field in fields(Config):
        default = getattr(Config(), field.name)
        if is_dataclass(default):
            yield from _section((field.name,), _line(type(default).__doc__))
        if field.name == "engines":
            yield from _section(("engines", "openai"), "Settings of one engine; the same for each, by its name.")


def _section(path: tuple[str, ...], about: str) -> Iterator[str]:
    name = ".".join("NAME" if at and path[0] == "engines" else part for at, part in enumerate(path))
    yield f"### `[{name}]`\n\n{about}\n\n| key | default | meaning |\n|---|---|---|"
    for setting in settings().values():
        if setting.path[:-1] == path:
            yield f"| `{setting.path[-1]}` | `{toml_value(setting.default)}` | {_meaning(setting)} |"
    yield ""


def _meaning(setting: Setting) -> str:
    text = field_docs().get((setting.owner.__name__, setting.path[-1]), "")
    if get_origin(setting.kind) is Literal:
        text += f" One of {', '.join(f'`{one}`' for one in get_args(setting.kind))}."
    return _cell(text)


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n\n| code | name |\n|---|---|"
    yield from (f"| {code.value} | {code.name.lower().replace('_', ' ')} |" for code in ExitCode)
    yield ""


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str | None) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", _line(text)).strip()


def main() -> int:
    """Write the page, or say whether it is what would be written."""
    text = reference()
    if "--check" in sys.argv[1:]:
        return int(not FILE.exists() or FILE.read_text(encoding="utf-8") != text)
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
