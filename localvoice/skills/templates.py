"""Sentence templates: one source for the matcher of whole utterances and for the recogniser's grammar.

A template is words with `(a|b)` alternatives, `[optional]` parts, `<name>` for a shared phrase and `{name:slot}` (or
`{slot}`) for a value. It becomes a regular expression in which every word is followed by one space, so that parts can
be put together without thinking about spaces, and a JSGF expansion. Rule of this file: both come from the same tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(r"\s*(\{[a-z_:]+\}|<[a-z_]+>|[()\[\]|]|[^\s()\[\]|{}<>]+)")
REGEX_BRACKETS = {"(": "(?:", ")": ")", "[": "(?:", "]": ")?", "|": "|"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A kind of value within a sentence."""

    pattern: str
    """Regular expression of the words it may consist of, a space after each. Loose is fine: `read` decides."""
    jsgf: str
    """Its spoken forms, as a JSGF expansion; empty where its words are open."""
    read: Callable[[str], Any]
    """The value of the words, or `None` where they are none. A mapping stands for several arguments."""


def word_pattern(words: str) -> str:
    """A slot's pattern: one or more of `words`, which are separated by `|`."""
    return rf"(?:(?:{words}) )+"


PHRASES: Mapping[str, str] = {
    "what_is": "(what is|what's)",
    "tell": "(tell me|give me|say)",
    "my_list": "(my|the) [shopping|grocery] list",
    "any_list": "(my|the|our) [shopping|grocery|to do|todo] list",
    "set": "(set|start)",
}


def _tokens(template: str) -> list[str]:
    return TOKEN.findall(template)


def _slot_of(token: str) -> tuple[str, str]:
    name, _, kind = token.strip("{}").partition(":")
    return name, kind or name


def to_pattern(template: str, slots: Mapping[str, Slot]) -> str:
    """The regular expression of `template`; a slot becomes a group of its name."""
    parts = []
    for token in _tokens(template):
        if token in REGEX_BRACKETS:
            parts.append(REGEX_BRACKETS[token])
        elif token.startswith("<"):
            parts.append(to_pattern(f"({PHRASES[token.strip('<>')]})", slots))
        elif token.startswith("{"):
            name, kind = _slot_of(token)
            parts.append(f"(?P<{name}>{slots[kind].pattern})")
        else:
            parts.append(f"{re.escape(token)} ")
    return "".join(parts)


def to_jsgf(template: str) -> str:
    """The JSGF expansion of `template`; slots and phrases become references to rules of their names."""
    parts = [f"<{_slot_of(token)[1]}>" if token.startswith("{") else token for token in _tokens(template)]
    return " ".join(parts)


class Matcher:
    """One template ready to match."""

    def __init__(self, template: str, slots: Mapping[str, Slot]) -> None:
        self._slots = slots
        self._kinds = dict(_slot_of(token) for token in _tokens(template) if token.startswith("{"))
        self._regex = re.compile(to_pattern(template, slots))

    def match(self, words: str) -> dict[str, Any] | None:
        """The arguments in `words` (normalised, with a space at the end), or `None` where they don't fit."""
        found = self._regex.fullmatch(words)
        if found is None:
            return None
        arguments: dict[str, Any] = {}
        for name, text in found.groupdict().items():
            if text is None:  # an optional part that is not there
                continue
            value = self._slots[self._kinds[name]].read(text.strip())
            if value is None:
                return None
            arguments.update(value if isinstance(value, Mapping) else {name: value})
        return arguments


APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00d7": " times ", "\u00f7": " divided by "})
NORMALISE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<=\d),(?=\d{3}\b)", ""),  # 1,000
        (r"(?<=\w)-(?=[a-z])", " "),  # twenty-five, 10-minute
        (r"(?<=\d)\s*%", " percent"),
        (r"\u00b0", " degrees "),
        (r"(?<=\d)(?=[a-z])", " "),  # 5min
        (r"([-+*/^()=])", r" \1 "),
        (r"\bwhats\b", "what's"),
        (r"\.(?!\d)", " "),  # a full stop, not a decimal point
        (r"[^\w\s'.+*/^()-]", " "),
        (r"\s+", " "),
    )
)


def normalise(text: str) -> str:
    """Lower-case words with single spaces, and one at the end; signs of arithmetic stand as words of their own."""
    words = text.lower().translate(APOSTROPHES)
    for pattern, replacement in NORMALISE:
        words = pattern.sub(replacement, words)
    return f"{words.strip()} "
