"""A conversation through a virtual card, held from outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from virtual_card import SoundServer, feed_microphone

from tests.e2e.spoken import TINY_ENGINES, Event, read_events, write_question
from tests.waiting import wait_until


class Talk:
    """`localvoice talk` on a virtual card. `prelude` is Python that runs first."""

    def __init__(self, card: SoundServer, folder: Path, prelude: str = "") -> None:
        self.card = card
        self._folder = folder
        self._events = folder / "events.jsonl"
        self._arguments = ["--events", str(self._events), *TINY_ENGINES, "--idle-timeout", "20"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{prelude}\nfrom localvoice.__main__ import main; main()", *self._arguments],
            env={**card.environ, "LOCALVOICE_REPLY__TEMPERATURE": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def say(self, text: str) -> None:
        feed_microphone(write_question(self._folder / "say.wav", text, 0.1), self.card.environ)

    def until(self, happened: Callable[[list[Event]], bool]) -> list[Event]:
        wait_until(lambda: happened(self.events) or self.process.poll() is not None, lambda: self.events)
        assert happened(self.events), self.process.stdout.read().decode()
        return self.events

    @property
    def events(self) -> list[Event]:
        """Those so far."""
        return read_events(self._events)

    def count(self, kind: str, at_least: int) -> list[Event]:
        found = self.until(lambda events: sum(event["type"] == kind for event in events) >= at_least)
        return [event for event in found if event["type"] == kind]

    def interrupt(self) -> list[Event]:
        self.process.send_signal(2)
        return self.ended(130)

    def ended(self, code: int) -> list[Event]:
        assert self.process.wait(5) == code
        return read_events(self._events)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
