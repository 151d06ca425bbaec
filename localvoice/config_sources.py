"""Settings from their sources: flags, environment, files and defaults become one `Config`.

Rule of this file: whatever is wrong ends in a `ConfigError` of one line that names the place and the cure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from localvoice import persona_files
from localvoice.config import Config, EngineOptions, Persona
from localvoice.config_file import (
    FILE_VARIABLE,
    STANDALONE_VARIABLES,
    Entry,
    FileTables,
    Layer,
    config_files,
    display,
    parsed,
    read_table,
)
from localvoice.config_schema import PREFIX, dotted, nearest, settings, shown
from localvoice.engine_check import check_name
from localvoice.engine_names import STAGE_ENGINES
from localvoice.errors import ConfigError
from localvoice.small_files import at_home, path_at_home

_PERSONA_KEYS = {"voice": "speech.voice", "prompt": "reply.system_prompt", "rate": "speech.rate"}
_FILES = ("audio.input", "audio.output", "session.save")
"""Settings that may be files."""


class Flag(NamedTuple):
    """A value from the command line."""

    value: object
    """Text or already of the setting's type; None = the flag was not given."""
    name: str
    """As the user typed it, such as `--patience`."""


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The settings in force, and where each came from."""

    config: Config
    values: Mapping[str, Entry]
    """By dotted key, without those that stand at their default."""
    files: tuple[Path, ...]
    """The files that were read, weakest first."""

    def source_of(self, key: str) -> str:
        """`default`, `file PATH`, `profile NAME`, `persona NAME`, `variable NAME` or `flag --NAME`.

        Raises:
            KeyError: no such setting.
        """
        if key in self.values:
            return self.values[key].source
        settings()[key]
        return "default"

    def value_of(self, key: str) -> Any:
        """The value of dotted `key`; KeyError where there is no such setting."""
        return self.values[key].value if key in self.values else settings()[key].default


def load(
    flags: Mapping[str, Flag],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    profile: str | None = None,
    user_file: Path | None = None,
) -> LoadedConfig:
    """The settings of a run. Later sources win: defaults, files, profile, persona, environment, flags.

    `LOCALVOICE_CONFIG` names the one file to read; without it the user's file is read and `./localvoice.toml` overlaid,
    key by key (lists are replaced, not joined). `flags` maps dotted keys to flags; `user_file` overrides the place of
    the user's file.

    Raises:
        ConfigError: anything wrong in any of the sources, in parts of a file that are not used as well.
    """
    tables = FileTables()
    files = []
    for path in config_files(environ, cwd, user_file):
        name = display(path, cwd)
        table = read_table(path, name)
        if table is not None:
            tables.add(table, name)
            files.append(path)
        elif environ.get(FILE_VARIABLE):
            raise ConfigError(
                f"{FILE_VARIABLE} names {name}, which does not exist; correct it, unset it, or write that file with "
                "`localvoice config init`",
                source=f"variable {FILE_VARIABLE}",
            )
    layers = [tables.values]
    if profile is not None:
        layers.append(_chosen(tables.profiles, profile, "profile"))
    outer = [_from_environment(environ), _from_flags(flags)]
    persona = _merge(*layers, *outer).get("session.persona", Entry("", "")).value
    if persona:
        layers.append(_chosen_persona(tables, persona))
    values = _at_home(_merge(*layers, *outer))
    _check_engines(values)
    return LoadedConfig(_build(values, tables), values, tuple(files))


def _at_home(values: Layer) -> Layer:
    named = {key: values[key] for key in _FILES if key in values}
    return values | {key: entry._replace(value=at_home(entry.value)) for key, entry in named.items()}


def _check_engines(values: Layer) -> None:
    """Here, and not where they are chosen: only here is known who named them."""
    for stage in STAGE_ENGINES:
        named = values.get(f"engines.{stage}", Entry((), ""))
        for text in named.value:
            check_name(stage, text.partition(":")[0], named.source)


def _from_environment(environ: Mapping[str, str]) -> Layer:
    by_variable = {setting.variable: setting for setting in settings().values()}
    layer: Layer = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name in STANDALONE_VARIABLES or not text:
            continue
        source = f"variable {name}"
        if name not in by_variable:
            likely = nearest(name, [*by_variable, *STANDALONE_VARIABLES])
            raise ConfigError(
                f"unknown variable {shown(name)[1:-1]}; the nearest valid one is {likely}", key=name, source=source
            )
        setting = by_variable[name]
        layer[setting.key] = Entry(parsed(setting, text, name, source, from_text=True), source)
    return layer


def _from_flags(flags: Mapping[str, Flag]) -> Layer:
    layer: Layer = {}
    for key, flag in flags.items():
        if flag.value is not None:
            source = f"flag {flag.name}"
            layer[key] = Entry(parsed(settings()[key], flag.value, flag.name, source, from_text=True), source)
    return layer


def _chosen(found: Mapping[str, Layer], name: str, kind: str) -> Layer:
    if name not in found:
        cure = f"the nearest one is {nearest(name, found)}" if found else f"write a section [{kind}s.{dotted([name])}]"
        raise ConfigError(f"unknown {kind} {shown(name)}; {cure}", key=name)
    renamed = {_PERSONA_KEYS.get(key, key): entry.value for key, entry in found[name].items()}
    return {key: Entry(value, f"{kind} {name}") for key, value in renamed.items() if key in settings()}


def _chosen_persona(tables: FileTables, name: str) -> Layer:
    """A section of the settings, else a file; `NAME.toml` is a file anywhere."""
    if name in tables.personas:
        return _chosen(tables.personas, name, "persona")
    files = persona_files.persona_files()
    path = path_at_home(name) if name.endswith(".toml") else files.get(name)
    if path is None:
        return _chosen({**dict.fromkeys(files, Layer()), **tables.personas}, name, "persona")
    tables.personas[name] = persona_files.read_persona(path)
    return _chosen(tables.personas, name, "persona")


def _merge(*layers: Layer) -> Layer:
    return {key: entry for layer in layers for key, entry in layer.items()}


def _build(values: Layer, tables: FileTables) -> Config:
    changes: dict[tuple[str, ...], dict[str, Any]] = {}
    for key, entry in values.items():
        *section, name = settings()[key].path
        changes.setdefault(tuple(section), {})[name] = entry.value
    options = {path[1]: EngineOptions(**new) for path, new in changes.items() if len(path) == 2}
    options = {name: option for name, option in options.items() if option != EngineOptions()}
    if options:
        changes.setdefault(("engines",), {})["options"] = options
    default = Config()
    sections: dict[str, Any] = {
        field.name: replace(section, **changes.get((field.name,), {}))
        for field in fields(Config)
        if is_dataclass(section := getattr(default, field.name)) and not isinstance(section, type)
    }
    sections["profiles"] = {
        name: {key: entry.value for key, entry in one.items()} for name, one in tables.profiles.items()
    }
    sections["personas"] = {name: _persona(name, layer) for name, layer in tables.personas.items()}
    return Config(**sections)


def _persona(title: str, layer: Layer) -> Persona:
    own = {field.name: layer[field.name].value for field in fields(Persona) if field.name in layer}
    return Persona(**{"name": title} | own)
