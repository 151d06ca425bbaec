"""The user's own dictionary: words, and how they are to be said (`speech.pronunciation`).

A TOML file of `"written" = "said"`, in a section `[words]` or without one. A word written in small letters stands for
itself in any case; one with a capital only for that spelling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from localvoice.config import SpeechConfig
from localvoice.text.rewriting import Rule, rule
from localvoice.text.word_pairs import read_word_pairs

_KEY = "speech.pronunciation"


def read_pronunciation(path: Path) -> Mapping[str, str]:
    """The words of the file.

    Raises:
        ConfigError: it cannot be read, or is no such file.
    """
    return read_word_pairs(path, _KEY, '"GIF" = "jif"')


def pronunciation_of(speech: SpeechConfig) -> Mapping[str, str]:
    """The words of the settings' file, none without one. Raises as `read_pronunciation`."""
    return read_pronunciation(Path(speech.pronunciation)) if speech.pronunciation else {}


def as_rules(words: Mapping[str, str]) -> tuple[Rule, ...]:
    """Longest first, so that "New York" is not said as "new" and "York"."""
    return tuple(_as_rule(written.strip(), words[written]) for written in sorted(words, key=len, reverse=True))


def _as_rule(written: str, said: str) -> Rule:
    case = "" if written != written.lower() else "(?i:"
    pattern = f"{case}{re.escape(written)}{')' if case else ''}"
    return rule(rf"(?<!\w){pattern}(?!\w)", said.strip())
