"""The dialogue held: a conversation like any other, but the microphone is the dialogue, and the loudspeaker a file."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from localvoice import __version__
from localvoice.app.plan import TalkOptions
from localvoice.app.recorded import processor_name
from localvoice.app.talk import talk
from localvoice.audio.files import open_sound_file
from localvoice.bench.dialogue import COMMANDS, QUESTIONS, Dialogue, Line, spoken
from localvoice.bench.measuring import Played, measured
from localvoice.bench.result import Load, result
from localvoice.config_sources import LoadedConfig
from localvoice.errors import ExitCode
from localvoice.event_log import Event
from localvoice.machine import this_machine
from localvoice.model_store.store import ModelStore

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """How it is run."""

    folder: Path
    """Keeps the recording of the session, and `reply.wav`, the loudspeaker."""
    rounds: int
    told: Callable[[int, int], None]
    """Told how many lines of how many were said; must not wait."""
    offline: str = "no"
    questions: tuple[Line, ...] = QUESTIONS
    commands: tuple[Line, ...] = COMMANDS


class _Watch:
    """What the process takes from `session_started` on."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.events: list[Event] = []
        self._began_s = self._ended_s = 0.0
        self._cpu_began_s = self._cpu_s = 0.0
        self._most = 0

    def hear(self, event: Event) -> None:
        self.events.append(event)
        times = self._process.cpu_times()
        cpu_s, now_s = times.user + times.system, time.monotonic()
        if event["type"] == "session_started":
            self._began_s, self._cpu_began_s = now_s, cpu_s
        self._ended_s, self._cpu_s = now_s, cpu_s
        self._most = max(self._most, self._process.memory_info().rss)

    @property
    def load(self) -> Load:
        return Load(self._ended_s - self._began_s, self._cpu_s - self._cpu_began_s, self._most / _MB)


async def run_dialogue(
    loaded: LoadedConfig, store: ModelStore, options: BenchOptions
) -> tuple[ExitCode, dict[str, Any] | None]:
    """The exit code of the conversation, and the result where it came to its end.

    Raises:
        LocalVoiceError: it cannot begin.
    """
    questions = await spoken(options.questions * options.rounds)
    commands = await spoken(options.commands * options.rounds)
    dialogue, watch = Dialogue(questions, commands, options.told), _Watch()

    def hear(event: Event) -> None:
        watch.hear(event)
        dialogue.hear(event)

    reply = options.folder / "reply.wav"
    audio = replace(loaded.config.audio, input="dialogue.wav", output=str(reply), room="")
    config = replace(loaded.config, audio=audio, session=replace(loaded.config.session, save="", idle_timeout_s=0.0))
    given = TalkOptions(
        record=options.folder / "session",
        offline=options.offline,
        verbosity=-1,
        lines=io.StringIO(),  # what is typed meanwhile is none of the dialogue
        microphone=dialogue,
        audience=hear,
    )
    code = await talk(replace(loaded, config=config), store, given)
    if code is not ExitCode.OK:
        return code, None
    file = open_sound_file(reply)
    with file:
        played = Played(file.read(dtype="float32"), file.samplerate)
    found = measured(dialogue.lines, watch.events, played)
    return code, result(found, watch.load, _about(watch.events[0], options.rounds), config)


def _about(started: Event, rounds: int) -> dict[str, Any]:
    machine = this_machine()
    return {
        "version": __version__,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"processor": processor_name(), "cores": machine.usable_cores},
        "engines": started["engines"],
        "starters": started["starters"],
        "rounds": rounds,
    }
