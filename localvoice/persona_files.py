"""Personas as small TOML files: those that come with the program, and the user's own.

A file holds what a section `[personas.NAME]` of the settings may hold. The user's file wins over an included one of the
same name, and a section of the settings over both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from localvoice.config_file import Layer, check_table, read_table
from localvoice.config_schema import persona_settings, shown
from localvoice.errors import ConfigError

_INCLUDED = Path(__file__).parent / "personas"
_NAME = re.compile(r"[\w-]{1,40}")


def own_folder() -> Path:
    """Where the user's personas are kept, beside the user's settings; whether or not it exists."""
    import platformdirs

    return platformdirs.user_config_path("localvoice", appauthor=False) / "personas"


def persona_files(own: Path | None = None) -> Mapping[str, Path]:
    """The file of every persona that has one, by name, in order."""
    folders = (_INCLUDED, own or own_folder())
    found = {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}
    return dict(sorted(found.items()))


def is_included(path: Path) -> bool:
    """Whether the file came with the program."""
    return path.parent == _INCLUDED


def read_persona(path: Path) -> Layer:
    """What the file says, checked.

    Raises:
        ConfigError: it is missing, cannot be read, or says something that is no setting.
    """
    table = read_table(path, str(path))
    if table is None:
        raise ConfigError(f"there is no persona file {path}: `localvoice persona list` names what there is")
    return check_table(table, persona_settings(), (), str(path))


def checked_name(name: str) -> str:
    """`name`, if a file can be called that. Raises `ConfigError`."""
    if _NAME.fullmatch(name) is None:
        raise ConfigError(f"{shown(name)} is no name for a persona: use letters, digits, - and _")
    return name
