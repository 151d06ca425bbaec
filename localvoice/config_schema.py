"""What can be set, read off the dataclasses of `config.py`, and the check of a value against it.

Rule of this file: no key is named here, so that a new field needs no new code.
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from localvoice.config import Config, EngineOptions, Persona
from localvoice.config_ranges import Range, Tag
from localvoice.engine_names import ENGINE_NAMES
from localvoice.languages import language_tag

PREFIX = "LOCALVOICE_"
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN_CHARACTERS = 60


class Unfit(ValueError):
    """A value does not fit its setting; the text says what would, as in "must be TEXT"."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key that can be set."""

    path: tuple[str, ...]
    kind: Any
    """The field's type without `Annotated`; `Tag` for text that names a language."""
    bounds: Range
    default: Any
    owner: type
    """The dataclass that declares it."""

    @property
    def key(self) -> str:
        """Dotted, as in `turn.patience`."""
        return dotted(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + "__".join(part.replace("-", "_").upper() for part in self.path)

    def parse(self, value: object, *, from_text: bool) -> Any:
        """`value` in the type of the setting; with `from_text` a string is converted first.

        Raises:
            Unfit: wrong type or out of range.
        """
        if get_origin(self.kind) is Literal:
            return _choice(value, get_args(self.kind))
        parsed = _PARSERS[get_origin(self.kind) or self.kind](value, from_text)
        if isinstance(parsed, tuple) and len(parsed) < self.bounds.low:
            raise Unfit("a list with at least one entry")
        if isinstance(parsed, int | float) and not isinstance(parsed, bool):
            _check_range(parsed, self.bounds)
        return parsed


@cache
def settings() -> Mapping[str, Setting]:
    """Every key of every section, engines' sections included, by dotted key."""
    found: list[Setting] = []
    for section in fields(Config):
        default = getattr(Config(), section.name)
        if is_dataclass(default):
            found += _settings_of(type(default), default, (section.name,))
    for name in ENGINE_NAMES:
        found += _settings_of(EngineOptions, EngineOptions(), ("engines", name))
    return types.MappingProxyType({setting.key: setting for setting in found})


@cache
def persona_settings() -> Mapping[str, Setting]:
    """What a section `personas.NAME` may hold: its own keys and every other one."""
    own = {setting.key: setting for setting in _settings_of(Persona, Persona(), ())}
    return types.MappingProxyType(own | dict(settings()))


def _settings_of(owner: type, defaults: object, path: tuple[str, ...]) -> list[Setting]:
    hints = get_type_hints(owner, include_extras=True)
    found = []
    for name in (field.name for field in fields(owner)):
        kind, bounds = hints[name], Range()
        if get_origin(kind) is Annotated:
            kind, mark = get_args(kind)
            kind, bounds = (Tag, bounds) if isinstance(mark, Tag) else (kind, mark)
        if kind in _PARSERS or get_origin(kind) in {tuple, Literal}:
            found.append(Setting((*path, name), kind, bounds, getattr(defaults, name), owner))
    return found


def dotted(path: Iterable[str]) -> str:
    """`path` as it is written in TOML: parts that need quotes have them."""
    return ".".join(part if _BARE_KEY.fullmatch(part) else repr(part) for part in path)


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that `name` was most likely meant to be."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=name.casefold(), autojunk=False)

    def likeness(candidate: str) -> float:
        matcher.set_seq1(candidate.casefold())
        return matcher.ratio()

    return max(names, key=likeness)


def shown(value: object) -> str:
    """A refused value for an error message: one line, not too long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a section"
    text = repr(value) if isinstance(value, str) else str(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _choice(value: object, allowed: tuple[str, ...]) -> object:
    if value in allowed:
        return value
    raise Unfit(f"one of {', '.join(allowed)}")


def _check_range(number: float, bounds: Range) -> None:
    if bounds.low <= number <= bounds.high or (bounds.or_zero and number == 0):
        return
    if bounds.high == Range().high:
        raise Unfit(f"{bounds.low:g} or more" if number < bounds.low else f"at most {bounds.high:.0f}")
    raise Unfit(f"{'0, or ' * bounds.or_zero}between {bounds.low:.10g} and {bounds.high:.10g}")


def _switch(value: object, from_text: bool) -> bool:
    if isinstance(value, bool):
        return value
    if from_text and isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    raise Unfit("true or false")


def _whole_number(value: object, from_text: bool) -> int:
    if from_text and isinstance(value, str):
        try:
            value = int(value)
        except ValueError as error:
            raise Unfit("a whole number") from error
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unfit("a whole number")
    return value


def _number(value: object, from_text: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str) if from_text else (int, float)):
        raise Unfit("a number")
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise Unfit("a number") from error
    if not math.isfinite(number):
        raise Unfit("a number")
    return number


def _text(value: object, _from_text: bool) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # `input = 3`: a device's index is written without quotes
    if not isinstance(value, str):
        raise Unfit("text in quotes")
    if "\0" in value:  # no name of a file may hold it
        raise Unfit("text without zero bytes")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Unfit("UTF-8 text") from error
    return value


def _language(value: object, from_text: bool) -> str:
    return language_tag(_text(value, from_text))


def _words(value: object, _from_text: bool) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [word for word in map(str.strip, value.split(",")) if word]
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise Unfit('a list such as ["one", "two"]')
    return tuple(_text(word, False) for word in value)


_PARSERS: Mapping[Any, Any] = {
    bool: _switch,
    int: _whole_number,
    float: _number,
    str: _text,
    Tag: _language,
    tuple: _words,
}
