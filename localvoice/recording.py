"""What `--record DIR` keeps: everything the decisions saw, the events that followed, the sound and the settings."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from localvoice import __version__
from localvoice.errors import FileError, unwritable
from localvoice.event_log import Event, JsonLines
from localvoice.session.facts import Told
from localvoice.session.tape import Noted
from localvoice.sound_tape import TRACKS

FORMAT = 2
"""Of the folder; raised when a reader has to know. 2: what engines and devices came to is among the inputs, and sound
lies beside them."""

_FILES = ("config.toml", "meta.json", "inputs.jsonl", *(f"{track}.flac" for track in TRACKS))
"""What is written beside the events."""

OWN_FILES = ("events.jsonl", *_FILES)
"""All that is written into the folder; any other name in it is free."""


_TAKEN = "holds a recording already: name another folder"


class Recording:
    """A folder being written. Nothing is created before `start`."""

    def __init__(self, folder: Path, settings: str, tell: Callable[[str, str], None]) -> None:
        """`tell` is told code and message where it can be kept no longer, within `event` or `note`."""
        self.folder = folder
        self._tell = tell
        self._is_kept = True
        self._settings = settings
        self._events: JsonLines | None = None
        self._inputs: JsonLines | None = None

    def check(self) -> None:
        """Raise `FileError` where the folder cannot take a recording. Leaves no trace."""
        if self.folder.exists() and not self.folder.is_dir():
            raise FileError(f"{self.folder} is a file: --record wants a folder")
        if (self.folder / "events.jsonl").exists():
            raise FileError(f"{self.folder} {_TAKEN}")
        in_the_way = next((name for name in _FILES if (self.folder / name).exists()), None)
        if in_the_way is not None:
            raise FileError(f"{self.folder} holds a {in_the_way} already: name a new or empty folder")
        missing = [place for place in (self.folder, *self.folder.parents) if not place.exists()]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
            for place in missing:
                place.rmdir()
        except OSError as error:
            raise unwritable(f"to {self.folder}", error) from error

    def make_folder(self) -> None:
        """Create the folder, in which other files of the session may stand as well. Raises `FileError`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(f"to {self.folder}", error) from error

    def start(self, meta: Mapping[str, Any]) -> None:
        """Create the folder, where it is not there, and its files."""
        self.make_folder()
        try:
            with (self.folder / "config.toml").open("x", encoding="utf-8") as file:
                file.write(self._settings)
            about = {"format": FORMAT, "version": __version__, "python": platform.python_version()} | dict(meta)
            (self.folder / "meta.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        except FileExistsError as error:  # another session has begun since `check`
            raise FileError(f"{self.folder} {_TAKEN}") from error
        except OSError as error:
            raise unwritable(f"to {self.folder}", error) from error
        self._events = JsonLines(self.folder / "events.jsonl")
        self._inputs = JsonLines(self.folder / "inputs.jsonl")

    def event(self, event: Event) -> None:
        """Keep an event."""
        self._keep(self._events, event)

    def note(self, noted: Noted) -> None:
        """Keep what the session is about to see, numbers unrounded: the same decisions have to follow."""
        if self._inputs is not None:
            self._keep(self._inputs, as_line(noted))

    def _keep(self, lines: JsonLines | None, entry: dict[str, Any]) -> None:
        """Both files end where one does: neither is of use without the other."""
        if lines is None or not self._is_kept:
            return
        try:
            lines(entry)
        except FileError as error:
            self._is_kept = False
            self._tell("recording_stopped", f"{error}; the conversation goes on, the rest of it is not kept")

    def close(self) -> None:
        """Finish the files."""
        for lines in (self._events, self._inputs):
            if lines is not None:
                lines.close()


def as_line(noted: Noted) -> dict[str, Any]:
    """As it stands in `inputs.jsonl`; `replay/folder.py` reads it."""
    seen = noted.seen
    fields = {"event": dict(seen.event)} if isinstance(seen, Told) else asdict(seen)
    within = {"within": list(noted.within)} if noted.within else {}
    return {"type": type(seen).__name__} | fields | within
