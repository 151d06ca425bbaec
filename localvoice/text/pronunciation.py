"""The user's own dictionary: words, and how they are to be said (`speech.pronunciation`).

A TOML file of `"written" = "said"`, in a section `[words]` or without one. A word written in small letters stands for
itself in any case; one with a capital only for that spelling.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localvoice.config import SpeechConfig
from localvoice.errors import ConfigError
from localvoice.text.rewriting import Rule, rule

_KEY = "speech.pronunciation"


def read_pronunciation(path: Path) -> Mapping[str, str]:
    """The words of the file.

    Raises:
        ConfigError: it cannot be read, or is no such file.
    """
    try:
        content = tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise ConfigError(f"cannot read the dictionary {path}: {reason}", key=_KEY) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path} is no dictionary ({error}): write lines such as "GIF" = "jif"', key=_KEY) from error
    words: Mapping[str, Any] = content.get("words", content)
    for written, said in words.items() if isinstance(words, dict) else [("words", words)]:
        if not isinstance(said, str) or not written.strip():
            raise ConfigError(f'{path}: "{written}" wants a text, such as "GIF" = "jif"', key=_KEY)
    return words


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
