"""`--save FILE`: the conversation kept as text, only because the user asked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from localvoice.errors import unwritable
from localvoice.event_log import Event


class TranscriptFile:
    """A listener of the event log that appends what was said, and what was heard of it, to a text file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        """Keep the words of both sides."""
        match event["type"]:
            case "session_started":
                self._append(f"# {datetime.now().astimezone():%Y-%m-%d %H:%M}")
            case "transcript" if not event["rejected"]:
                self._append(f"you: {event['text']}")
            case "reply_finished" if event["heard"]:
                self._append(f"localvoice: {event['heard']}" + (" —" if event["interrupted"] else ""))

    def _append(self, line: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(line + "\n")
        except OSError as error:
            raise unwritable(self._path, error) from error
