"""Settings as text: what `config show`, `config init` and `config set` print and write.

Rule of this file: a file of the user's is replaced in one step or not touched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from localvoice import config
from localvoice.config import Config
from localvoice.config_file import FileTables, is_there, parse_toml
from localvoice.config_schema import Setting, settings
from localvoice.config_sources import LoadedConfig
from localvoice.engine_names import ENGINE_NAMES
from localvoice.errors import FileError, unwritable

_WIDTH = 100
_SOURCE_COLUMN = 60
_EXAMPLE_ENGINE = "openai"
_MARK = "\ufeff"
"""Editors on Windows write it at the beginning of a file."""
_LOGIN = re.compile(r"(?<=//)[^/@\s]+(?=@)")
_QUERY_SECRET = re.compile(r"([?&][^=&\s]*(?:key|token|secret|password|sig)[^=&\s]*=)[^&\s\"]+", re.IGNORECASE)

_INIT_HEAD = """\
Settings of localvoice. A line "#key = value" shows a default: remove its "#" and change the value.
A variable of the environment wins over this file, as in LOCALVOICE_TURN__PATIENCE=fast, and a flag over both; \
`localvoice config show` prints what is in force, and why. API keys do not belong here: see `localvoice keys`."""
_INIT_TAIL = """\
# A profile holds any of the keys above under a name, to be chosen by `--profile NAME`:
#
#   [profiles.kitchen]
#   turn.patience = "patient"
#   speech.volume = 0.6
#
# A persona likewise, chosen by `--persona NAME`; name, voice, prompt and rate may stand for themselves:
#
#   [personas.captain]
#   prompt = "You are the captain of an old sailing ship. Answer in one short sentence."
#   rate = 0.9
"""


def toml_value(value: object) -> str:
    """A setting's value as TOML, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one that JSON lets pass
    return repr(value)


def without_secrets(text: str) -> str:
    """`text` with logins and keys in addresses blanked out."""
    return _QUERY_SECRET.sub(r"\1***", _LOGIN.sub("***", text))


def show_lines(loaded: LoadedConfig, *, every_engine: bool = False) -> Iterator[str]:
    """`key = value  # source` for every setting, itself TOML; of the engines' sections only what is set."""
    for key, setting in settings().items():
        if len(setting.path) == 2 or every_engine or key in loaded.values:
            line = f"{key} = {without_secrets(toml_value(loaded.value_of(key)))}"
            yield f"{line.ljust(_SOURCE_COLUMN)}  # {loaded.source_of(key)}"


def init_text() -> str:
    """A file of all settings, each explained and commented out."""
    parts = [_comment(_INIT_HEAD)]
    for field in fields(Config):
        if is_dataclass(default := getattr(Config(), field.name)):
            parts.append(_section_text((field.name,), str(type(default).__doc__)))
        if field.name == "engines":
            note = f"One engine's own settings; a section for each, by name: {', '.join(ENGINE_NAMES)}."
            parts.append(_section_text(("engines", _EXAMPLE_ENGINE), note))
    return "\n".join([*parts, _INIT_TAIL])


def _section_text(path: tuple[str, ...], note: str) -> str:
    note = re.sub(r": section `[^`]*`\.", ".", _first_sentence(note))
    lines = [f"[{'.'.join(path)}]\n", _comment(note), "\n"]
    for setting in settings().values():
        if setting.path[:-1] == path:
            lines += [_comment(_explained(setting)), f"#{setting.path[-1]} = {toml_value(setting.default)}\n"]
    return "".join(lines)


def _explained(setting: Setting) -> str:
    text = field_docs().get((setting.owner.__name__, setting.path[-1]), "")
    if get_origin(setting.kind) is Literal:
        text += f" One of {', '.join(get_args(setting.kind))}."
    return text.strip()


def _comment(text: str) -> str:
    lines = (wrapped for line in text.splitlines() for wrapped in textwrap.wrap(line, _WIDTH - 2))
    return "".join(f"# {line}\n" for line in lines)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]


@cache
def field_docs() -> Mapping[tuple[str, str], str]:
    """First sentence of the docstring under each field of `config.py`, by class and field.

    Empty where the program is installed without its sources.
    """
    import ast
    import inspect

    try:
        tree = ast.parse(inspect.getsource(config))
    except OSError:
        return {}
    docs = {}
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for node, after in zip(owner.body, owner.body[1:], strict=False):
            match node, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    docs[owner.name, name] = _first_sentence(text)
    return docs


def set_in_file(path: Path, key: str, value: Any) -> None:
    """Write `key` (dotted, already checked) into the TOML file at `path`, which is made where absent.

    Comments and order stay. What the file says afterwards is checked as a whole before it replaces the old one.

    Raises:
        ConfigError: the file has another mistake.
        FileError: it cannot be read or written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    written = _text_of(path)
    text = _plain(written)
    expected = parse_toml(text, str(path))
    parts = key.split(".")
    try:
        _put(expected, parts, list(value) if isinstance(value, tuple) else value, lambda **_: {})
        changed = _uncommented(text, parts, toml_value(value))
        if parse_toml(changed, str(path)) != expected:
            document = tomlkit.parse(text)
            _put(document, parts, tomlkit.value(toml_value(value)), tomlkit.table)
            line = f"{parts[-1]} = {toml_value(value)}\n"
            changed = document.as_string().replace(f"{line}[", f"{line}\n[")  # a new section gets its blank line
    except (TOMLKitError, TypeError) as error:  # TypeError: a part of the key holds a value, not a section
        raise FileError(f"cannot place {key} in {path}: {error}; write it there by hand") from error
    actual = parse_toml(changed, str(path))
    FileTables().add(actual, str(path))
    if actual != expected:  # tomlkit has lost its way in sections that are out of order
        raise FileError(f"cannot place {key} in {path} without disturbing the rest; write it there by hand")
    write_in_one_step(path, _as_before(changed, written))


def _uncommented(text: str, parts: list[str], value: str) -> str:
    """`text` with the commented default of the key, as `config init` writes it, brought to life where there is one."""
    *section, name = parts
    header, default = re.escape(f"[{'.'.join(section)}]"), rf"#[ ]?{re.escape(name)}[ ]="
    pattern = rf"(?m)^({header}[ \t]*\r?\n(?:(?!\[).*\n)*?){default}[^\r\n]*"
    return re.sub(pattern, lambda found: f"{found[1]}{name} = {value}", text, count=1)


def _put(table: Any, parts: list[str], value: Any, make: Any) -> None:
    *sections, name = parts
    for depth, part in enumerate(sections):
        if part not in table:
            table[part] = make(is_super_table=depth + 1 < len(sections))
        table = table[part]
    table[name] = value


def _text_of(path: Path) -> str:
    if is_there(path) and not path.is_file():
        raise FileError(f"{path} is not a file; name another one in LOCALVOICE_CONFIG")
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}; correct its permissions") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8 text; save it as UTF-8") from error


def _plain(written: str) -> str:
    """A file's text without its byte order mark, and with plain ends of lines where all are those of Windows."""
    text = written.removeprefix(_MARK)
    return text.replace("\r\n", "\n") if _has_windows_ends(written) else text


def _as_before(text: str, written: str) -> str:
    """`text` with the mark and the ends of lines of what was `written`."""
    mark = _MARK if written.startswith(_MARK) else ""
    return mark + (text.replace("\n", "\r\n") if _has_windows_ends(written) else text)


def _has_windows_ends(text: str) -> bool:
    return 0 < text.count("\n") == text.count("\r\n")


def write_in_one_step(path: Path, text: str) -> None:
    """Put `text` in the place of the file at `path`, completely or not at all; folders are made, links followed.

    Raises:
        FileError: the place cannot be written.
    """
    path = Path(os.path.realpath(path))
    if is_there(path) and not path.is_file():
        raise FileError(f"{path} is not a file; name another one in LOCALVOICE_CONFIG")
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if is_there(path):
            shutil.copymode(path, temporary)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        raise unwritable(path, error) from error
