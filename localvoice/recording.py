"""What `--record DIR` keeps: everything the decisions saw, the events that followed, and the settings."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from localvoice import __version__
from localvoice.errors import FileError
from localvoice.event_log import Event, JsonLines
from localvoice.turn.observations import Observation

FORMAT = 1
"""Of the folder; raised when a reader has to know."""


class Recording:
    """A folder being written. Nothing is created before `start`."""

    def __init__(self, folder: Path, settings: str) -> None:
        self._folder = folder
        self._settings = settings
        self._events: JsonLines | None = None
        self._inputs: JsonLines | None = None

    def check(self) -> None:
        """Raise `FileError` where the folder cannot take a recording. Leaves no trace."""
        if self._folder.exists() and not self._folder.is_dir():
            raise FileError(f"{self._folder} is a file: --record wants a folder")
        if (self._folder / "events.jsonl").exists():
            raise FileError(f"{self._folder} holds a recording already: name another folder")

    def start(self, meta: Mapping[str, Any]) -> None:
        """Create the folder and its files."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / "config.toml").write_text(self._settings, encoding="utf-8")
            about = {"format": FORMAT, "version": __version__, "python": platform.python_version()} | dict(meta)
            (self._folder / "meta.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise FileError(f"cannot write to {self._folder}: {str(error.strerror or error).lower()}") from error
        self._events = JsonLines(self._folder / "events.jsonl")
        self._inputs = JsonLines(self._folder / "inputs.jsonl")

    def event(self, event: Event) -> None:
        """Keep an event."""
        if self._events is not None:
            self._events(event)

    def observation(self, seen: Observation) -> None:
        """Keep what a decision is about to see, numbers unrounded: the same decisions have to follow."""
        if self._inputs is not None:
            self._inputs({"type": type(seen).__name__} | asdict(seen))

    def close(self) -> None:
        """Finish the files."""
        for lines in (self._events, self._inputs):
            if lines is not None:
                lines.close()
