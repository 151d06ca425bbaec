"""The program as its users have it: a process of its own, with a home of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.spoken import Event, read_events
from tests.waiting import GIVEN_UP_S, seconds_to_end, wait_until

REPOSITORY = Path(__file__).parent.parent.parent

_PROGRESS = re.compile(r"loading |Better engines can be had|localvoice \d|(speaking|listening) with ")
"""Notes on standard error that say what goes on, not what is wrong."""

_FOREIGN = re.compile(r"LOCALVOICE_|XDG_|PYTHON|.*_API_KEY$|AZURE_SPEECH|HF_|TERM$|COLUMNS$|NO_COLOR$|FORCE_COLOR$")

_EMPTY_SOUND_CARD = '''
"""A sounddevice that finds no device."""

class PortAudioError(Exception): ...
class _Default: device = (-1, -1)
default = _Default()
def query_hostapis(): return ()
def query_devices(): return ()
def get_portaudio_version(): return 1246976, "PortAudio V19"
'''


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    out: str
    err: str
    sound: bytes = b""
    """Standard output as it came."""

    @property
    def complaints(self) -> list[str]:
        """What standard error holds beyond notes of progress."""
        return [line for line in self.err.splitlines() if line.strip() and not _PROGRESS.match(line)]


@dataclass
class Running:
    """A run that is still going on."""

    process: subprocess.Popen[str]
    events_file: Path

    def wait_for(self, kind: str) -> Event:
        """The first event of that type."""
        found: list[Event] = []

        def came() -> bool:
            has_ended = self.process.poll() is not None  # asked first: the event may be the last thing it writes
            found[:] = [event for event in read_events(self.events_file) if event["type"] == kind]
            return bool(found) or has_ended

        wait_until(came, lambda: f"no {kind}; {read_events(self.events_file)}")
        assert found, f"no {kind}; {read_events(self.events_file)}; {self.process.communicate(timeout=1)}"
        return found[0]

    def wait_for_note(self, start: str) -> None:
        """Until a line on standard error begins with `start`."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith(start):
                return
        raise AssertionError(f"never said {start!r}")

    def stop(self, number: int = signal.SIGINT) -> tuple[Outcome, float]:
        """Send the signal; how it ended, and how many seconds that took."""
        try:
            took_s = seconds_to_end(self.process, number)
        finally:
            self.process.kill()
        out, err = self.process.communicate()
        return Outcome(self.process.returncode, out, err), took_s


@dataclass
class CommandLine:
    """`python -m localvoice` in an empty folder of an empty home, without models, keys and settings."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.root / "work"
        self.folder.mkdir()
        home = self.root / "home"
        (home / "models").mkdir(parents=True)
        self.environ = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
        self.environ |= {"HOME": str(home), "USERPROFILE": str(home), "LOCALVOICE_MODELS": str(home / "models")}
        self.environ |= {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        self.environ["PYTHONPATH"] = str(REPOSITORY)

    def __call__(self, *words: str | Path, stdin: str | bytes | None = None, timeout_s: float = GIVEN_UP_S) -> Outcome:
        """Run to the end. Without `stdin` standard input is /dev/null."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            self._command(words),
            **({"stdin": subprocess.DEVNULL} if data is None else {"input": data}),
            capture_output=True,
            cwd=self.folder,
            env=self.environ,
            timeout=timeout_s,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(), done.stdout)

    def start(self, *words: str | Path, stdin: int = subprocess.PIPE) -> Running:
        """Run beside the test; standard input is a pipe that stays open."""
        process = subprocess.Popen(
            self._command(words),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environ,
            text=True,
        )
        self.started.append(process)
        return Running(process, self.folder / "events.jsonl")

    def _command(self, words: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-m", "localvoice", *map(str, words)]

    def replace_module(self, name: str, source: str) -> None:
        """From now on `import NAME` runs `source`."""
        folder = self.root / "modules"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
        self.environ["PYTHONPATH"] = os.pathsep.join((str(folder), str(REPOSITORY)))

    def without_portaudio(self) -> None:
        """As on a machine that lacks the library."""
        self.replace_module("sounddevice", 'raise OSError("PortAudio library not found")\n')

    def without_sound_card(self) -> None:
        """As on a server."""
        self.replace_module("sounddevice", _EMPTY_SOUND_CARD)

    def files(self) -> list[str]:
        """Everything in the home and in the working folder."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if "modules" not in path.parts)

    def refusal(self, *words: str | Path, code: int, stdin: str | bytes | None = None) -> str:
        """The one or two lines with which this is refused; nothing is printed, and nothing left behind."""
        before = self.files()
        outcome = self(*words, stdin=stdin)
        assert outcome.code == code, outcome
        assert outcome.out == ""
        assert 1 <= len(outcome.complaints) <= 2, outcome.err
        assert "Traceback" not in outcome.err
        assert self.files() == before
        return " ".join(outcome.complaints)


@pytest.fixture
def localvoice(tmp_path: Path) -> Iterator[CommandLine]:
    command = CommandLine(tmp_path)
    yield command
    for process in command.started:
        if process.poll() is None:
            process.kill()
            process.communicate()


Prepare = Callable[[CommandLine], None]
