"""`localvoice config` and `localvoice keys`: what is set, where it came from, and changing it.

Rule of this file: only typer and the standard library at module level; errors are left to the caller to print.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from localvoice.commands import completing

config_app = typer.Typer(help="Show and change the settings.", invoke_without_command=True)
keys_app = typer.Typer(help="API keys of cloud engines, in the system's keyring.", invoke_without_command=True)

Profile = Annotated[
    str | None,
    typer.Option(help="A section [profiles.NAME] of the file.", metavar="NAME", autocompletion=completing.profiles),
]
EveryEngine = Annotated[bool, typer.Option("--all", metavar="", help="Every key of every engine as well.")]
Provider = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The provider, such as groq.", autocompletion=completing.providers),
]


@config_app.callback()
def config(context: typer.Context) -> None:
    """Show and change the settings; without a command: show."""
    if context.invoked_subcommand is None:
        show()


@config_app.command()
def show(profile: Profile = None, every_engine: EveryEngine = False) -> None:
    """Every value and where it came from."""
    from localvoice.config_sources import load
    from localvoice.config_text import show_lines

    loaded = load({}, environ=os.environ, cwd=Path.cwd(), profile=profile)
    typer.echo("\n".join(show_lines(loaded, every_engine=every_engine)))


@config_app.command()
def path() -> None:
    """The file in use, the strongest first; where there is none, the place for one."""
    from localvoice.config_file import config_files, is_there

    files = config_files(os.environ, Path.cwd())
    in_use = [file for file in files if is_there(file)]
    for file in reversed(in_use or files[:1]):
        typer.echo(file)
    if not in_use:
        typer.echo("no such file yet; `localvoice config init` writes it", err=True)


@config_app.command()
def init(
    force: Annotated[bool, typer.Option("--force", metavar="", help="Replace the file that is there.")] = False,
) -> None:
    """Write a file with every setting, explained and commented out."""
    from localvoice.config_file import config_files, is_there
    from localvoice.config_text import init_text, write_in_one_step
    from localvoice.errors import FileError

    file = config_files(os.environ, Path.cwd())[0]
    if is_there(file) and not force:
        raise FileError(f"{file} is there already; edit it, or replace it with `localvoice config init --force`")
    write_in_one_step(file, init_text())
    typer.echo(f"wrote {file}")


@config_app.command(name="set", context_settings={"ignore_unknown_options": True})  # a value may begin with "-"
def set_(
    key: Annotated[
        str,
        typer.Argument(metavar="K", help="A key, such as turn.patience.", autocompletion=completing.setting_keys),
    ],
    value: Annotated[
        str,
        typer.Argument(metavar="V", help="Its value; lists by comma.", autocompletion=completing.setting_values),
    ],
) -> None:
    """Set one key in the file in use; comments and order of the file stay."""
    from localvoice.config_file import check_setting, config_files, is_there
    from localvoice.config_schema import settings
    from localvoice.config_text import set_in_file, toml_value, without_secrets

    checked = check_setting(key, value)
    _check_names(key.split("."), checked)
    user_file, *others = config_files(os.environ, Path.cwd())
    file = next((other for other in others if is_there(other)), user_file)
    set_in_file(file, key, checked)
    typer.echo(f"{key} = {without_secrets(toml_value(checked))} in {file}")
    setting = settings().get(key)
    if setting and os.environ.get(setting.variable):
        typer.echo(f"{setting.variable} is set and wins over the file; unset it", err=True)


def _check_names(path: Sequence[str], value: Any) -> None:
    """A name or an address that would be refused at the next start is refused now."""
    from localvoice.addresses import checked_url
    from localvoice.engine_check import check_name
    from localvoice.skills.catalog import check_disabled

    match path:
        case [*_, "engines", "stt" | "llm" | "tts" as stage]:
            for text in value:
                check_name(stage, text.partition(":")[0])
        case [*_, "engines", name, "base_url"] if value:
            checked_url(value, name)
        case [*_, "skills", "disabled"]:
            check_disabled(value)


@keys_app.callback()
def keys(context: typer.Context) -> None:
    """API keys of cloud engines, in the system's keyring; without a command: list."""
    if context.invoked_subcommand is None:
        list_keys()


@keys_app.command(name="set")
def set_key(name: Provider) -> None:
    """Keep a key in the system's keyring: asked for without echo, or the first line of standard input."""
    from localvoice import secrets_store

    provider = _provider(name, secrets_store.KEY_VARIABLES)
    secrets_store.require_keyring(provider)
    if sys.stdin.isatty():
        text = typer.prompt(f"Key for {provider} (not shown)", hide_input=True, err=True)
    else:
        text = sys.stdin.readline()
    secrets_store.store_key(provider, secrets_store.checked_key(text, f"what was given for {provider}"))
    typer.echo(f"kept the key for {provider} in the keyring")
    variable = secrets_store.KEY_VARIABLES[provider]
    if os.environ.get(variable):
        typer.echo(f"{variable} is set and wins over the keyring; unset it", err=True)


@keys_app.command(name="list")
def list_keys() -> None:
    """Providers, their variables, and where a key is set; never the key."""
    from localvoice.commands.flags import warn_of_keys_file
    from localvoice.errors import ConfigError
    from localvoice.secrets_store import KEY_VARIABLES, locate_key

    warn_of_keys_file(Path.cwd())
    for provider, variable in KEY_VARIABLES.items():
        try:
            found = locate_key(provider, os.environ, Path.cwd())
            told = found.source if found else "-"
        except ConfigError as error:  # the others are told all the same
            told = str(error)
        typer.echo(f"{provider:<12}{variable:<22}{told}")


@keys_app.command()
def remove(name: Provider) -> None:
    """Delete a key from the system's keyring."""
    from localvoice import secrets_store

    provider = _provider(name, secrets_store.KEY_VARIABLES)
    secrets_store.remove_key(provider)
    typer.echo(f"removed the key for {provider} from the keyring")


def _provider(name: str, variables: Mapping[str, str]) -> str:
    from localvoice.config_schema import nearest, shown
    from localvoice.errors import ConfigError

    for provider, variable in variables.items():
        if name.lower() == provider or name.upper() == variable:
            return provider
    raise ConfigError(f"no provider {shown(name)} with a key; the nearest one is {nearest(name, variables)}")
