"""API keys: looked up in the environment, in `.env` and in the system's keyring, and kept in that keyring.

Rule of this file: a key leaves it only as a `Secret`, and no message or log line holds one.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from localvoice.errors import ConfigError
from localvoice.providers import PROVIDERS
from localvoice.small_files import read_small_file

KEY_VARIABLES: Mapping[str, str] = {name: row.key for name, row in PROVIDERS.items() if row.key}
"""Where each provider's key stands. Engines not named here need none."""
REGION_VARIABLE = "AZURE_SPEECH_REGION"
ENV_FILE = ".env"
_SERVICE = "localvoice"
"""Name of our entries in the keyring; the user name is the provider."""

_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<bare>[^\r\n]*?))
    [ \t]*(?:(?<=[ \t'"=])\#[^\r\n]*)?$""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}

logger = logging.getLogger(__name__)


class Secret:
    """A key that cannot be printed, formatted, logged or pickled by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the request's header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")


class Found(NamedTuple):
    """A key and where it was found."""

    secret: Secret
    source: str
    """`environment`, `.env` or `keyring`."""


def find_key(provider: str, environ: Mapping[str, str], cwd: Path) -> Secret | None:
    """The key of `provider`, None where none is set; see `locate_key`."""
    found = locate_key(provider, environ, cwd)
    return found.secret if found else None


def own_key(provider: str) -> Secret | None:
    """The key of `provider` for this process; see `locate_key`."""
    return find_key(provider, os.environ, Path.cwd())


def locate_key(provider: str, environ: Mapping[str, str], cwd: Path) -> Found | None:
    """The key of `provider` from its variable, then `.env` in `cwd`, then the keyring.

    Blocks while the system asks the user to unlock the keyring: call it only for engines that are wanted. What is
    broken about `.env` or keyring counts as "no key there".

    Raises:
        ConfigError: a key is set, but holds what no key can.
    """
    variable = KEY_VARIABLES.get(provider)
    if variable is None:
        return None
    for source, value in (
        ("environment", environ.get(variable, "")),
        (ENV_FILE, read_env_file(cwd / ENV_FILE).get(variable, "")),
    ):
        if value.strip():
            return Found(checked_key(value, f"{variable} ({source})"), source)
    stored = _from_keyring(provider)
    return Found(checked_key(stored, f"the keyring's key for {provider}"), "keyring") if stored else None


def find_region(environ: Mapping[str, str], cwd: Path) -> str:
    """The region of the Azure key from `AZURE_SPEECH_REGION` or `.env`; empty where none is set."""
    return (environ.get(REGION_VARIABLE) or read_env_file(cwd / ENV_FILE).get(REGION_VARIABLE, "")).strip()


def checked_key(text: str, where: str) -> Secret:
    """`text` without surrounding space as a key; `where` names it in the message.

    Raises:
        ConfigError: it could not be sent in a header (space, line break, letters beyond ASCII).
    """
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{where} is not an API key: a key is one word of plain letters; copy it again", source=where)
    return Secret(key)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables in a `.env` file: `KEY=VALUE`, quotes, `#` comments, `export`; nothing is interpolated.

    A file that is absent or cannot be read gives none: it may belong to another program, and `.env` may be a folder, or
    a pipe that nobody writes to.
    """
    try:
        text = read_small_file(path).decode("utf-8-sig", errors="replace")
    except OSError as error:
        logger.debug("%s not read: %s", path, error.strerror)
        return {}
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return {found["name"]: _unquoted(found) for found in _LINE.finditer(lines)}


def _unquoted(found: re.Match[str]) -> str:
    if found["double"] is not None:
        return re.sub(r"(?s)\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), found["double"])
    return found["single"] if found["single"] is not None else found["bare"]


def store_key(provider: str, secret: Secret) -> None:
    """Keep the key in the system's keyring.

    Raises:
        ConfigError: there is no keyring, or it refuses.
    """
    keyring = require_keyring(provider)
    try:
        keyring.set_password(_SERVICE, provider, secret.reveal())
        kept = keyring.get_password(_SERVICE, provider) == secret.reveal()  # the "null" backend takes all, keeps none
    except Exception as error:
        raise ConfigError(_refused(provider, type(error).__name__)) from error
    if not kept:
        raise ConfigError(_refused(provider, "it keeps nothing"))


def remove_key(provider: str) -> None:
    """Delete the key from the system's keyring.

    Raises:
        ConfigError: there is no keyring, no such key in it, or it refuses.
    """
    keyring = require_keyring(provider)
    if _from_keyring(provider) is None:
        raise ConfigError(f"the keyring holds no key for {provider}; `localvoice keys list` says where keys are set")
    try:
        keyring.delete_password(_SERVICE, provider)
    except Exception as error:
        raise ConfigError(f"the keyring did not remove the key for {provider} ({type(error).__name__})") from error


def require_keyring(provider: str) -> Any:
    """The keyring module.

    Raises:
        ConfigError: it is not installed; names the variable of `provider` as the way without it.
    """
    try:
        import keyring
    except ImportError as error:
        variable = KEY_VARIABLES[provider]
        raise ConfigError(
            f"storing keys needs the keyring package: pip install 'localvoice[cloud]', or set {variable} instead"
        ) from error
    return keyring


def _from_keyring(provider: str) -> str | None:
    try:
        import keyring

        stored: str | None = keyring.get_password(_SERVICE, provider)
        return stored
    except ImportError:
        return None
    except Exception as error:  # noqa: BLE001 - backends raise whatever their system's library raises
        logger.debug("keyring not read: %s", type(error).__name__)
        return None


def _refused(provider: str, reason: str) -> str:
    variable = KEY_VARIABLES[provider]
    return f"the system's keyring did not take the key ({reason}); set {variable} in the environment or in .env instead"
