"""Who is told of a conversation: the console, files of events, a recording, a transcript."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from localvoice.app.fresh_files import FreshFiles
from localvoice.app.plan import Plan, TalkOptions
from localvoice.app.recorded import settings_text
from localvoice.audio.opening import End, EndKind
from localvoice.config_sources import LoadedConfig
from localvoice.event_log import EventLog, JsonLines
from localvoice.recording import Recording
from localvoice.ui.console import Console
from localvoice.ui.live.screen import LiveScreen
from localvoice.ui.live.terminal import can_be_drawn_on
from localvoice.ui.transcript_file import TranscriptFile


class Audience:
    """Everyone who listens to the event log. Files are created last: a failed start leaves none."""

    def __init__(
        self, loaded: LoadedConfig, planned: Plan, options: TalkOptions, tell: Callable[[str, str], None]
    ) -> None:
        """`tell` is told, by code and message, where a recording can be kept no longer.

        Raises `FileError` where its folder cannot take one.
        """
        self.console = _console(planned, options)
        self.recording = _recording(loaded, options, tell)
        self.has_screen = _has_screen(planned, options)
        """Whether a live screen takes the console's place once the conversation begins."""
        self._events = options.events
        self._transcript = loaded.config.session.save
        self._told = options.audience
        self._fresh: FreshFiles | None = None

    def make_room(self, output: End, stack: ExitStack) -> None:
        """Make the folder of a recording: the files of the session may stand in it. Raises `FileError`.

        Unless the session comes to `begin`, the stack removes whatever is made from now on.
        """
        files = [self._events, self._transcript, output.spec if output.kind is EndKind.FILE else ""]
        folder = None if self.recording is None else self.recording.folder
        self._fresh = FreshFiles([Path(file) for file in files if file not in {"", "-"}], folder)
        stack.callback(self._fresh.withdraw)
        if self.recording is not None:
            self.recording.make_folder()

    def begin(self) -> None:
        """The session has begun: its files are kept, whatever comes."""
        if self._fresh is not None:
            self._fresh.keep()

    def join(
        self, log: EventLog, about: Callable[[], Mapping[str, Any]], stack: ExitStack, screen: LiveScreen | None
    ) -> None:
        """Listen from now on; the stack finishes the files. `about` tells a recording of the session.

        Raises:
            FileError: a file cannot be created.
        """
        if self._events:
            lines = JsonLines(sys.stdout if self._events == "-" else Path(self._events))
            stack.callback(lines.close)
            log.subscribe(lines)
        if self.recording is not None:
            stack.callback(self.recording.close)
            self.recording.start(about())
            log.subscribe(self.recording.event)
        if self._transcript:
            log.subscribe(TranscriptFile(Path(self._transcript)))
        log.subscribe(self._told or screen or self.console)
        if screen is not None and not sys.stderr.isatty():
            log.subscribe(Console(words=None))


def _console(planned: Plan, options: TalkOptions) -> Console:
    words = None if _is_taken(planned, options) else sys.stdout
    return Console(words=words, replies_only=planned.reads_pipe, verbosity=options.verbosity)


def _has_screen(planned: Plan, options: TalkOptions) -> bool:
    """Where words come from and go to a terminal that can be drawn on, and nothing else was asked for."""
    asks_for_lines = options.plain or options.verbosity != 0 or options.lines is not None or options.audience
    return not asks_for_lines and not _is_taken(planned, options) and can_be_drawn_on(sys.stdin, sys.stdout)


def _is_taken(planned: Plan, options: TalkOptions) -> bool:
    """Whether standard output carries events or sound."""
    return options.events == "-" or planned.output.kind is EndKind.PIPE


def _recording(loaded: LoadedConfig, options: TalkOptions, tell: Callable[[str, str], None]) -> Recording | None:
    if options.record is None:
        return None
    recording = Recording(options.record, settings_text(loaded), tell)
    recording.check()
    return recording
