"""The conversation as lines: words on standard output, everything about them on standard error."""

from __future__ import annotations

import sys
from typing import TextIO

from localvoice.event_log import Event

_TOLD = frozenset({"overlap_started", "false_alarm", "barge_in", "turn_resumed", "turn_dropped", "provider_changed"})
"""Events worth a line of their own; the others come with `-v`."""


class Console:
    """A listener of the event log. `verbosity`: -1 quiet, 0 normal, 1 a line per event."""

    def __init__(
        self,
        *,
        words: TextIO | None,
        notes: TextIO | None = None,
        replies_only: bool = False,
        verbosity: int = 0,
    ) -> None:
        self._words = words
        """None where standard output belongs to events or sound."""
        self._notes = notes or sys.stderr
        self._replies_only = replies_only
        self._verbosity = verbosity
        self._is_mid_line = False

    def note(self, text: str) -> None:
        """Say something about the session."""
        if self._verbosity >= 0:
            self._end_line()
            print(text, file=self._notes, flush=True)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        kind = event["type"]
        if kind in {"warning", "error"}:
            self._end_line()
            print(f"{kind}: {event['message']}", file=self._notes, flush=True)
        elif self._verbosity > 0 or (kind in _TOLD and self._verbosity == 0 and not self._replies_only):
            self.note(_as_line(event))
        elif kind == "session_started" and not self._replies_only:
            self.note(_introduction(event))
        match kind:
            case "transcript" if not self._replies_only and event["engine"] != "typed":
                self._write(f"you: {event['text'] or '(not understood)'}\n")
            case "reply_started" if not self._replies_only:
                self._write("localvoice:")
            case "sentence":
                self._write(f" {event['text']}" if self._is_mid_line else event["text"])
            case "reply_finished":
                self._write(" —\n" if event["interrupted"] and not self._replies_only else "\n")

    def _write(self, text: str) -> None:
        if self._words is None:
            return
        try:
            self._words.write(text)
            self._words.flush()
        except BrokenPipeError:
            self._words = None  # the reader has gone, as `| head -1` does; what is said is said all the same
        self._is_mid_line = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._is_mid_line and self._words is sys.stdout and self._words.isatty():
            self._write("\n")


def _as_line(event: Event) -> str:
    fields = ", ".join(f"{name}={value}" for name, value in event.items() if name not in {"type", "t"})
    return f"[{event['t']:8.3f}] {event['type']}" + (f": {fields}" if fields else "")


def _introduction(event: Event) -> str:
    engines = event["engines"]
    starters = set(event["starters"])
    named = {stage: f"{name} (starter)" if name in starters else name for stage, name in engines.items()}
    shield = "" if event["offline"] == "no" else f" Offline: {event['offline']}."
    return (
        f"localvoice {event['version']}: hears with {named['stt']}, thinks with {named['llm']}, "
        f"speaks with {named['tts']}. Input: {event['input']}, output: {event['output']}.{shield}"
    )
