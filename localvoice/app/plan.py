"""What a run of `talk` is going to be, settled and checked before anything is opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from localvoice.audio.files import SoundSource, check_is_wav
from localvoice.audio.opening import End, EndKind, check_output, parse_end
from localvoice.audio.room import RoomSpec, parse_room
from localvoice.config import Config
from localvoice.errors import ConfigError
from localvoice.event_log import Event
from localvoice.recording import OWN_FILES
from localvoice.text.corrections import corrections_of
from localvoice.typing_input import StandardInput, standard_input_kind


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """What the command line says beyond the settings."""

    typed: bool = False
    """`--text`: no microphone."""
    lines: TextIO | None = None
    """Typed lines come from here instead of standard input (`ask`)."""
    once: bool = False
    events: str = ""
    record: Path | None = None
    offline: str = "no"
    """`no`, `guarded` or `sealed`, as it is in force."""
    offline_reason: str = ""
    """Why it is not sealed."""
    verbosity: int = 0
    plain: bool = False
    """Lines, whatever standard output is."""
    hint: str = ""
    """What would be better, said once everything is open."""
    started_s: float = 0.0
    """Monotonic time at which the process began: typed sessions count from there."""
    microphone: SoundSource | None = None
    """Heard in place of the file that the settings name as input."""
    audience: Callable[[Event], None] | None = None
    """Told of every event, in place of the console."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Both ends of the conversation, and who talks."""

    input: End
    output: End
    is_typed: bool
    """Nobody listens: lines are typed or piped."""
    standard_input: StandardInput
    room: RoomSpec | None = None
    """Between the two files."""

    @property
    def reads_pipe(self) -> bool:
        """Whether standard input holds the conversation's lines."""
        return self.is_typed and self.standard_input is StandardInput.PIPE

    @property
    def may_be_silent(self) -> bool:
        """Whether it goes on as text where there is no loudspeaker."""
        return self.is_typed and self.output.kind is EndKind.DEVICE

    @property
    def has_device(self) -> bool:
        """Whether a microphone is open: it hears before the session begins."""
        return self.input.kind is EndKind.DEVICE


def plan(config: Config, options: TalkOptions) -> Plan:
    """Check what was asked for against itself and against the files it names.

    Raises:
        ConfigError, FileError: it cannot work.
    """
    stdin = StandardInput.PIPE if options.lines is not None else standard_input_kind()
    named = config.audio.input
    if options.typed and named == "-" and options.lines is None:
        raise ConfigError("--text and --input - both want standard input: leave one of them out")
    if config.session.save == "-":
        raise ConfigError("--save keeps the transcript in a file: name one; standard output has it anyway")
    is_typed = options.typed or named == "none" or (stdin is StandardInput.PIPE and not named)
    room = parse_room(config.audio.room) if config.audio.room else None
    made = Plan(parse_end("none" if is_typed else named), parse_end(config.audio.output), is_typed, stdin, room)
    _check_standard_output(made, options)
    if room is not None and not (made.input.is_on_clock and made.output.is_on_clock):
        raise ConfigError("--room simulates a room between files: give --input FILE.wav and --output FILE.wav with it")
    if is_typed and stdin is StandardInput.NOTHING:
        raise ConfigError("nobody to listen to: without a microphone, lines have to come from a terminal or a pipe")
    _check_files(made, options.events, config.session.save, options.record)
    corrections_of(config.stt)
    return made


def _check_files(made: Plan, events: str, save: str, record: Path | None) -> None:
    """Every file to be written can be, and is none of the others: above all not the recording that is listened to."""
    if made.output.kind is EndKind.FILE:
        check_is_wav(Path(made.output.spec))
    writes = [made.output, *(End(EndKind.FILE, file) for file in (events, save) if file not in {"", "-"})]
    for end in writes:
        is_pipe = end.spec == events and end.is_named_pipe  # tried now, its reader would take that for the end
        if not is_pipe and not _waits_for_folder(end, record):
            check_output(end)
    files = [end.spec for end in (made.input, *writes) if end.kind is EndKind.FILE]
    places = [_place(Path(file)) for file in files]
    for file, place in zip(files, places, strict=True):
        if places.count(place) > 1 and (Path(file).is_file() or not Path(file).exists()):  # /dev/null takes anything
            raise ConfigError(f"{file} is named twice: give --input, --output, --events and --save files of their own")


def _place(path: Path) -> object:
    """The same for all names of a file: links of both kinds, and other letters where the system does not tell them."""
    try:
        found = path.stat()
    except OSError:
        return os.path.realpath(path)  # that of `Path` raises where links lead in a circle
    return found.st_dev, found.st_ino


def _waits_for_folder(end: End, record: Path | None) -> bool:
    """Whether it is a file in a folder made for the recording. Raises `ConfigError` where it is a part of that."""
    file = Path(end.spec)
    if record is None or end.kind is not EndKind.FILE:
        return False
    if os.path.dirname(os.path.realpath(file)) != os.path.realpath(record):  # noqa: PTH120 - see `_place`
        return False
    if file.name in OWN_FILES:
        raise ConfigError(f"{file} is a part of the recording itself: name another file beside --record {record}")
    return not record.exists()


def _check_standard_output(made: Plan, options: TalkOptions) -> None:
    if made.output.kind is EndKind.PIPE and options.events == "-":
        raise ConfigError("--events - and --output - both want standard output: name a file for one of them")
