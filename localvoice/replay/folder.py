"""A recorded session read back. Whatever is wrong with the folder is one line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from localvoice.config import Config
from localvoice.config_file import FILE_VARIABLE
from localvoice.config_sources import Flag, load
from localvoice.errors import ConfigError, FileError, unreadable
from localvoice.event_log import Event
from localvoice.messages import Origin
from localvoice.recording import FORMAT
from localvoice.session.facts import Fact, SessionBegan
from localvoice.session.tape import Noted
from localvoice.turn.observations import Observation

_KINDS: Mapping[str, Any] = {kind.__name__: kind for kind in (*get_args(Observation), *get_args(Fact))}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What lies in the folder, but for the sound."""

    folder: Path
    meta: Mapping[str, Any]
    config: Config
    began: SessionBegan
    noted: tuple[Noted, ...]
    """In order, from behind `began` on."""
    events: tuple[Event, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the session came to its end; a kill leaves one that did not."""
        return bool(self.events) and self.events[-1]["type"] == "session_ended"


def read_folder(folder: Path) -> Recorded:
    """Raises `FileError` where `folder` is no recording, or one that cannot be understood."""
    meta = _read_meta(folder)
    config = _read_config(folder / "config.toml")
    noted = [_noted(line, place) for line, place in _lines(folder / "inputs.jsonl")]
    events = [_event(line, place) for line, place in _lines(folder / "events.jsonl")]
    if not noted or not isinstance(noted[0].seen, SessionBegan):
        raise FileError(f"{folder / 'inputs.jsonl'} has lost its beginning: record the session again")
    if not events:
        raise FileError(f"{folder / 'events.jsonl'} holds no event: record the session again")
    return Recorded(folder, meta, config, noted[0].seen, tuple(noted[1:]), tuple(events))


def _read_meta(folder: Path) -> Mapping[str, Any]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise FileError(f"{folder} {what}: name a folder written by `localvoice talk --record DIR`")
    path = folder / "meta.json"
    if not path.exists():
        raise FileError(f"{folder} holds no recording (no meta.json): make one with `localvoice talk --record DIR`")
    try:
        meta = json.loads(_text(path))
        written = int(meta["format"])
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(f"{path} is damaged: record the session again") from error
    if written != FORMAT:
        by = f"localvoice {meta.get('version', '?')}"
        cure = "record the session again" if written < FORMAT else "replay it with a newer version of localvoice"
        raise FileError(f"{folder} is in format {written} of {by}, this version replays format {FORMAT}: {cure}")
    return dict(meta)


def _read_config(path: Path) -> Config:
    """The settings of the recording and no others."""
    if not path.exists():
        raise FileError(f"{path} is missing: the recording is not complete")
    try:
        whole = {"session.persona": Flag("", "replay")}  # whatever it stood for is among the other settings
        return load(whole, environ={FILE_VARIABLE: str(path.absolute())}, cwd=path.parent).config
    except ConfigError as error:
        raise FileError(f"{path} does not fit this version of localvoice: {error}") from error


def _lines(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Each line, and its place for messages; one that a kill has left unfinished at the end is passed over."""
    *lines, _unfinished = _text(path).split("\n")
    for number, line in enumerate(lines, 1):
        place = f"{path} line {number}"
        try:
            parsed = json.loads(line)
        except ValueError as error:
            raise FileError(f"{place} is damaged: record the session again") from error
        if not isinstance(parsed, dict) or not isinstance(parsed.get("type"), str):
            raise FileError(f"{place} is damaged: record the session again")
        yield parsed, place


def _event(line: Event, place: str) -> Event:
    """As it is, where all can be told of it that is told of every event."""
    if not isinstance(line.get("t"), int | float) or not isinstance(line.get("turn", 0), int):
        raise FileError(f"{place} is damaged: record the session again")
    return line


def _noted(line: dict[str, Any], place: str) -> Noted:
    kind = _KINDS.get(line.pop("type"))
    try:
        within = tuple(int(number) for number in line.pop("within", ()))
        if "origin" in line and kind in get_args(Observation):
            line["origin"] = Origin(line["origin"])
        return Noted(kind(**line), within)  # type: ignore[misc]  # None is not callable: the same error as a wrong field
    except (TypeError, ValueError) as error:
        raise FileError(f"{place} cannot be understood by this version: record the session again") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FileError(f"{path} is missing: the recording is not complete") from error
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is damaged: record the session again") from error
