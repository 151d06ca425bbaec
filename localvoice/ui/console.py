"""The conversation as lines: words on standard output, everything about them on standard error.

On a terminal a reply grows in its line; elsewhere each sentence is a line of its own, so that two streams in one log
stay readable; for a pipe that wants replies only, a reply is one line.
"""

from __future__ import annotations

import errno
import sys
from contextlib import suppress
from typing import TextIO

from localvoice.errors import unwritable
from localvoice.event_log import Event
from localvoice.printable import printable, printable_lines


class Console:
    """A listener of the event log. `verbosity`: -1 words only, 0 what matters beside them, 1 a line per event."""

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
        self._grows = words is not None and words.isatty() and not replies_only
        self._reply: list[str] = []
        """Of the reply in hand, what stands in the present line or waits for it."""

    def note(self, text: str) -> None:
        """Say something about the session."""
        if self._verbosity >= 0:
            self._break_line()
            self._print_note(text)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._show_note(event)
        match event["type"]:
            case "transcript" if not self._replies_only and event["engine"] != "typed":
                self._write(f"you: {event['text'] or '(not understood)'}\n")
            case "sentence":
                self._sentence(event["text"])
            case "reply_finished":
                self._finish(interrupted=event["interrupted"])

    def _show_note(self, event: Event) -> None:
        kind = event["type"]
        if kind in {"warning", "error"}:
            self._break_line()
            self._print_note(f"{kind}: {event['message']}")
        elif self._verbosity > 0:
            self.note(as_line(event))
        elif (kind == "provider_changed" or not self._replies_only) and (line := in_words(event)):
            self.note(line)

    def _sentence(self, text: str) -> None:
        if self._grows:
            self._write(f" {text}" if self._reply else f"localvoice: {text}")
        elif not self._replies_only:
            self._write(f"localvoice: {text}\n")
        self._reply.append(text)

    def _finish(self, *, interrupted: bool) -> None:
        if self._replies_only:
            self._write(" ".join(self._reply) + "\n")
        elif self._grows and self._reply:
            self._write(" —\n" if interrupted else "\n")
        self._reply.clear()

    def _break_line(self) -> None:
        if self._grows and self._reply:
            self._write("\n")
            self._reply.clear()

    def _print_note(self, text: str) -> None:
        """Where notes cannot be kept, as of a closed terminal or a full disk, the conversation goes on without."""
        with suppress(OSError):
            print(printable(text), file=self._notes, flush=True)

    def _write(self, text: str) -> None:
        if self._words is None:
            return
        try:
            self._words.write(printable_lines(text))
            self._words.flush()
        except OSError as error:
            if not isinstance(error, BrokenPipeError) and error.errno != errno.EIO:
                raise unwritable("standard output", error) from error
            self._words = None  # the reader has gone, as `| head -1` or a terminal; what is said is said all the same


def as_line(event: Event) -> str:
    """An event with all its fields."""
    fields = ", ".join(f"{name}={value}" for name, value in event.items() if name not in {"type", "t"})
    return f"[{event['t']:8.3f}] {event['type']}" + (f": {fields}" if fields else "")


_IN_WORDS = {
    "barge_in": "(you took the turn: silent {stop_ms:.0f} ms after you began)",
    "false_alarm": "(false alarm, {reason}: went on after {resumed_ms:.0f} ms)",
    "turn_resumed": "(you went on)",
    "turn_dropped": "({reason})",
    "provider_changed": "({stage}: {to} instead of {from}: {reason})",
    "device_changed": "({which}: {to} instead of {from}: {reason})",
}
_OTHERS_WORDS = frozenset({"provider_changed", "device_changed"})
"""Whose reasons are sentences already, with names of variables, models and devices as they are written."""


def in_words(event: Event) -> str:
    """What a person wants to know about an event, empty for most."""
    if event["type"] == "session_started":
        return _introduction(event)
    said = _IN_WORDS.get(event["type"], "").format_map(event)
    return said if event["type"] in _OTHERS_WORDS else said.replace("_", " ")


def _introduction(event: Event) -> str:
    remarks = dict.fromkeys(event["starters"], " (starter)") | dict.fromkeys(event.get("cloud", ()), " (cloud)")
    named = {stage: f"{name}{remarks.get(name, '')}" for stage, name in event["engines"].items()}
    parts = [f"thinks with {named['llm']}"]
    if named["stt"] != "typed":
        parts.insert(0, f"hears with {named['stt']}")
    if named["tts"] != "none":
        parts.append(f"speaks with {named['tts']}")
    reason = f" ({why})" if (why := event.get("offline_reason")) else ""
    shield = "" if event["offline"] == "no" else f" Offline: {event['offline']}{reason}."
    return (
        f"localvoice {event['version']} {', '.join(parts)}. Input: {event['input']}, output: {event['output']}.{shield}"
    )
