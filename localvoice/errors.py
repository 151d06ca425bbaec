"""Every error a user can meet, sorted by what can be done about it. Each carries one clear line and an exit code."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any


class ExitCode(IntEnum):
    """What the process tells its caller (product contract, section 3)."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    MODEL = 3
    DEVICE = 4
    ENGINES = 5
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class LocalVoiceError(Exception):
    """Base of all our errors: `str(error)` is one line that says what to do next."""

    exit_code = ExitCode.UNEXPECTED


class ConfigError(LocalVoiceError):
    """Wrong use or wrong configuration; `source` names where the value came from (flag, variable, file)."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, key: str = "", source: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.source = source


class FileError(LocalVoiceError):
    """A file the user named cannot be read, understood or written."""

    exit_code = ExitCode.USAGE


_CURES = {
    errno.ENOSPC: "free some space, or write elsewhere",
    errno.EDQUOT: "free some space, or write elsewhere",
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "name another folder",
    errno.EACCES: "name a place that you may write to",
    errno.EPERM: "name a place that you may write to",
    errno.EROFS: "name a place that you may write to",
    errno.EPIPE: "keep its reader open",
}


def unwritable(place: object, error: Exception) -> FileError:
    """What to raise where `place` could not be written: the system's reason, and what helps."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    reason = str(text).rstrip(".").lower()
    if reason == "system error":  # libsndfile knows no more
        reason, error = "the disk is full, or does not take it", OSError(errno.ENOSPC, "")
    cure = _CURES.get(getattr(error, "errno", None) or 0, "name another place")
    return FileError(f"cannot write {place}: {reason}; {cure}")


def unreadable(place: object, error: Exception) -> FileError:
    """What to raise where `place` is there and cannot be read: the system's reason, and what helps."""
    reason = str(getattr(error, "strerror", None) or error).rstrip(".").lower()
    cure = "correct its permissions" if isinstance(error, PermissionError) else "name another one"
    return FileError(f"cannot read {place}: {reason}; {cure}")


class ModelError(LocalVoiceError):
    """A model file is missing or corrupt; the message names the command that gets it."""

    exit_code = ExitCode.MODEL


def get_again(folder: Path) -> str:
    """What to do about a model that is not whole: in the store its folder bears the name that it is downloaded by."""
    if folder.parent.name in {"stt", "llm", "tts", "turn"}:
        return f"get it again with `localvoice models download {folder.name}`"
    return "check the path, or get a model with `localvoice models download`"


class DeviceError(LocalVoiceError):
    """A sound device failed or is absent; `code` is PortAudio's, 0 where there is none."""

    exit_code = ExitCode.DEVICE

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class ProviderError(LocalVoiceError):
    """An engine, local or remote, failed at its work."""

    exit_code = ExitCode.ENGINES

    def __init__(self, message: str, *, provider: str) -> None:
        super().__init__(message)
        self.provider = provider
        self.engine: Any = None
        """Which one failed, where another had been asked: see `hedging.py`."""


class ProviderUnavailable(ProviderError):
    """Cannot be reached or is overloaded (connect, timeout, 5xx, 429): the next engine takes over.

    `may_retry`: nothing was accepted and asking again at once may help.
    """

    def __init__(
        self, message: str, *, provider: str, retry_after_s: float | None = None, may_retry: bool = False
    ) -> None:
        super().__init__(message, provider=provider)
        self.retry_after_s = retry_after_s
        self.may_retry = may_retry


class ProviderRefused(ProviderError):
    """Answers, but will not work for us (key, quota): the next engine takes over, the user is told once."""


class ProviderBroken(ProviderError):
    """Its reply is not as documented, or a local engine failed inside: the next engine takes over."""


class RequestFailed(ProviderBroken):
    """What it was asked is too long, or what it made of it cannot be used: the next request may well succeed."""


class AllProvidersFailed(LocalVoiceError):
    """Every engine of a stage failed; ends the turn with a prepared phrase, not the session."""

    exit_code = ExitCode.ENGINES

    def __init__(self, stage: str, errors: Sequence[Exception]) -> None:
        reasons = "; ".join(str(error) for error in errors) or "none is configured"
        super().__init__(f"every {stage} engine failed: {reasons}")
        self.stage = stage
        self.errors = tuple(errors)
