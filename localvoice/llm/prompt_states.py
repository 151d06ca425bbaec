"""States of system prompts on disk, so that a restart need not read them again.

Rule of this file: only prompts without a word of the user come here; files that are old, too many or not whole are
nothing but a computation to be made again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from localvoice.llm.llama_setup import LlamaSetup

_log = logging.getLogger(__name__)

WORTH_S = 0.5
"""Reading that took less is quicker repeated than kept."""
_MOST_BYTES = 512_000_000
"""Of all states; 600 tokens of a model of 1.7 B are 70 MB."""
_SUFFIX = ".state"


class PromptStates:
    """A folder of states. A failing disk is no failure: there is nothing kept then."""

    def __init__(self, folder: Path, setup: LlamaSetup, runtime: str) -> None:
        """`runtime`: name and version of what writes the states; no other reads them."""
        self.folder = folder
        self._identity = _identity(setup, runtime)

    def key(self, tokens: Sequence[int]) -> str:
        """Of a prompt for this model, file and runtime."""
        return hashlib.sha256(f"{self._identity}\n{list(tokens)}".encode()).hexdigest()[:32]

    def find(self, key: str) -> Path | None:
        """A whole state, if there is one; it is marked as used."""
        for path in self.folder.glob(f"{key}-*{_SUFFIX}"):
            with suppress(OSError, ValueError):
                if path.stat().st_size == int(path.stem.rpartition("-")[2]):
                    path.touch()
                    return path
            self.drop(path)
        return None

    def place(self, key: str) -> Path | None:
        """Where a state is to be written to before `keep`; None where it cannot be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            _log.debug("%s cannot be made", self.folder, exc_info=True)
            return None
        return self.folder / f"{key}.part"

    def keep(self, part: Path, key: str) -> None:
        """Take in what was written to `place`, and let the oldest go: its size in the name shows that it is whole."""
        try:
            size = part.stat().st_size
            part.chmod(0o600)
            part.replace(self.folder / f"{key}-{size}{_SUFFIX}")
            self._trim()
        except OSError:
            _log.debug("%s is not kept", part, exc_info=True)
            self.drop(part)

    def drop(self, path: Path) -> None:
        """It is of no use."""
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def _trim(self) -> None:
        newest_first = sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda one: one.stat().st_mtime, reverse=True)
        total = 0
        for path in newest_first:
            total += path.stat().st_size
            if total > _MOST_BYTES:
                self.drop(path)


def prompt_states(setup: LlamaSetup, runtime: str) -> PromptStates:
    """Those of this user."""
    import platformdirs

    return PromptStates(platformdirs.user_cache_path("localvoice", appauthor=False) / "prompts", setup, runtime)


def _identity(setup: LlamaSetup, runtime: str) -> str:
    """What a state depends on beside its tokens: a file that was replaced has another size or time."""
    stat = setup.path.stat()
    return f"{runtime} {setup.path.resolve()} {stat.st_size} {stat.st_mtime_ns} {setup.context_tokens}"
