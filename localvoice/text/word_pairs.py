"""The user's own tables of words: a TOML file of `"one" = "other"`, in a section `[words]` or without one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localvoice.errors import ConfigError
from localvoice.small_files import path_at_home, read_small_file


def read_word_pairs(path: Path, key: str, example: str) -> Mapping[str, str]:
    """The pairs of the file; `key` names it in the settings, `example` is a line of it.

    Raises:
        ConfigError: it cannot be read, or is no such file.
    """
    try:
        content = tomllib.loads(read_small_file(path_at_home(path)).decode("utf-8-sig"))
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise ConfigError(f"cannot read the dictionary {path}: {reason}; correct {key}", key=key) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no dictionary ({error}): write lines such as {example}", key=key) from error
    words: Mapping[str, Any] = content.get("words", content)
    for one, other in words.items() if isinstance(words, dict) else [("words", words)]:
        if not isinstance(other, str) or not one.strip():
            raise ConfigError(f'{path}: "{one}" wants a text, such as {example}', key=key)
    return words
