"""The TOML files: where they are, what they say, and what is wrong with them.

Rule of this file: whatever is wrong ends in a `ConfigError` of one line that names file, key and cure.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from localvoice.config_schema import Setting, Unfit, dotted, nearest, persona_settings, settings, shown
from localvoice.errors import ConfigError
from localvoice.small_files import at_home, read_small_file

FILE_VARIABLE = "LOCALVOICE_CONFIG"
STANDALONE_VARIABLES = (FILE_VARIABLE, "LOCALVOICE_MODELS")
"""Variables of ours that are no settings."""
LOCAL_FILE = "localvoice.toml"
_KEY_WORDS = ("api_key", "apikey", "key", "token", "secret", "password")


class Entry(NamedTuple):
    """A checked value and where it came from."""

    value: Any
    source: str


Layer = dict[str, Entry]


def config_files(environ: Mapping[str, str], cwd: Path, user_file: Path | None = None) -> list[Path]:
    """The files that are read where they exist, weakest first."""
    if named := environ.get(FILE_VARIABLE):
        return [cwd / at_home(named)]
    return [user_file or default_user_file(), cwd / LOCAL_FILE]


def default_user_file() -> Path:
    """`config.toml` in the user's config directory, whether or not it exists."""
    import platformdirs

    return platformdirs.user_config_path("localvoice", appauthor=False) / "config.toml"


def is_there(path: Path) -> bool:
    """Whether something stands at `path`, as far as we may see."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def display(path: Path, cwd: Path) -> str:
    """`path` for messages: short where it lies in the working directory."""
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The table that `text` holds; `name` is the file's, for the message.

    Raises:
        ConfigError: not TOML; names the line.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{name} is nested too deeply; remove what is no setting", source=f"file {name}") from error
    except ValueError as error:  # TOMLDecodeError, and the plain one of a number with thousands of digits
        what, _, where = str(error).partition(" (at ")
        line = re.match(r"line (\d+)", where)
        number = line[1] if line else str(max(1, len(text.splitlines())))
        raise ConfigError(
            f"{name}, line {number} is not TOML: {what}; correct that line", source=f"file {name}"
        ) from error


def read_table(path: Path, name: str) -> dict[str, Any] | None:
    """The table in the file at `path`, None where there is no file; `name` is the file's, for messages.

    Raises:
        ConfigError: it cannot be read, or is not TOML in UTF-8.
    """
    try:
        text = read_small_file(path).decode("utf-8-sig")  # editors on Windows write a byte order mark
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        message = f"cannot read {name}: {error.strerror}; correct that, or move it away"
        raise ConfigError(message, source=f"file {name}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"{name}, line {line} is not UTF-8 text; save the file as UTF-8"
        raise ConfigError(message, source=f"file {name}") from error
    return parse_toml(text, name)


class FileTables:
    """What the files say, checked, one over the other."""

    def __init__(self) -> None:
        self.values: Layer = {}
        self.profiles: dict[str, Layer] = {}
        self.personas: dict[str, Layer] = {}

    def add(self, table: Mapping[str, Any], name: str) -> None:
        """Overlay one file."""
        plain = {key: value for key, value in table.items() if key not in {"profiles", "personas"}}
        self.values |= check_table(plain, settings(), (), name)
        for kind, known, into in (
            ("profiles", settings(), self.profiles),
            ("personas", persona_settings(), self.personas),
        ):
            for title, content in _sections(table.get(kind, {}), (kind,), name):
                into.setdefault(title, {}).update(check_table(content, known, (kind, title), name))


def _sections(table: object, path: tuple[str, ...], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(table, Mapping):
        raise _wrong(path, name, f"hold sections [{dotted(path)}.NAME]", table)
    for title, content in table.items():
        if not isinstance(content, Mapping):
            raise _wrong((*path, title), name, f"be a section [{dotted((*path, title))}]", content)
        yield title, content


def check_table(
    table: Mapping[str, Any], known: Mapping[str, Setting], prefix: tuple[str, ...], name: str
) -> dict[str, Entry]:
    """The values of a file's `table` by dotted key; `prefix` is where the table stands in file `name`.

    Raises:
        ConfigError: unknown key or unfit value.
    """
    layer: Layer = {}
    for path, value in _leaves(table, (), known):
        key, full = dotted(path), (*prefix, *path)
        setting = known.get(key)
        if setting is None:
            if not _is_section(key, known):
                raise unknown_key(dotted(full), [dotted(prefix) + "." * bool(prefix) + one for one in known], name)
            if not isinstance(value, Mapping):
                raise _wrong(full, name, f"be a section [{dotted(full)}]", value)
            continue
        layer[key] = Entry(parsed(setting, value, f"{dotted(full)} in {name}", f"file {name}"), f"file {name}")
    return layer


def _leaves(
    table: Mapping[str, Any], path: tuple[str, ...], known: Mapping[str, Setting]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for part, value in table.items():
        here = (*path, part)
        if isinstance(value, Mapping) and value and dotted(here) not in known:
            yield from _leaves(value, here, known)
        else:
            yield here, value


def _is_section(key: str, known: Mapping[str, Setting]) -> bool:
    return any(one.startswith(key + ".") for one in known)


def unknown_key(key: str, names: list[str], name: str = "") -> ConfigError:
    """The error for a key that does not exist, with the one of `names` that was likely meant; `name` is the file's."""
    place = f" in {name}" if name else ""
    hint = ""
    if key.rpartition(".")[2].lower().endswith(_KEY_WORDS):
        hint = "; API keys are not kept in the config file, see `localvoice keys list`"
    message = f"unknown key {key}{place}; the nearest valid one is {nearest(key, names)}{hint}"
    return ConfigError(message, key=key, source=f"file {name}" if name else "")


def _wrong(path: tuple[str, ...], name: str, what: str, value: object) -> ConfigError:
    return ConfigError(
        f"{dotted(path)} in {name} must {what}, not {shown(value)}", key=dotted(path), source=f"file {name}"
    )


def parsed(setting: Setting, value: object, where: str, source: str, *, from_text: bool = False) -> Any:
    """`value` in the setting's type; `where` names it in the message.

    Raises:
        ConfigError: it does not fit.
    """
    try:
        return setting.parse(value, from_text=from_text)
    except Unfit as error:
        raise ConfigError(f"{where} must be {error}, not {shown(value)}", key=setting.key, source=source) from error


def check_setting(key: str, text: str) -> Any:
    """`text`, as typed for `config set`, in the type of dotted `key`; profiles and personas have keys as well.

    Raises:
        ConfigError: unknown key or unfit value.
    """
    head, _, rest = key.partition(".")
    title, _, inner = rest.partition(".")
    known, prefix, name = settings(), "", key
    if head in {"profiles", "personas"} and title:
        known, prefix, name = (settings() if head == "profiles" else persona_settings()), f"{head}.{title}.", inner
    if name not in known:
        raise unknown_key(key, [prefix + one for one in known])
    return parsed(known[name], text, key, "", from_text=True)
