"""What idling costs, thread by thread: `talk` while nobody talks.

`python benchmarks/audio/idle.py [--ends card|files|typed] [--noise -60] [--seconds 60] [--settle 25]`, JSON: seconds of
processor time a minute and wake-ups a second of each thread, asked of `/proc/PID/task/*/schedstat`. The microphone of
the private virtual card, or of the file, hears noise of so many dBFS, or digital silence without `--noise`. Threads
have the names that libraries give them; those of Python are `python`, the dearest of which is the listener.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "devices"))
from virtual_card import SoundServer

from tests.e2e.spoken import read_events

_ENGINES = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak", "--plain")


class Use(NamedTuple):
    """Of one thread since it began."""

    name: str
    seconds: float
    wakes: int


def threads_of(pid: int) -> dict[str, Use]:
    """By number."""
    found = {}
    for task in (Path("/proc") / str(pid) / "task").iterdir():
        nanoseconds, _, slices = map(int, (task / "schedstat").read_text().split())
        found[task.name] = Use((task / "comm").read_text().strip(), nanoseconds / 1e9, slices)
    return found


def spent(before: dict[str, Use], after: dict[str, Use], seconds: float) -> list[dict[str, object]]:
    """A row for each thread that did anything, dearest first."""
    rows = []
    for number, use in after.items():
        old = before.get(number, Use(use.name, 0.0, 0))
        if use.wakes > old.wakes:
            cost, wakes = (use.seconds - old.seconds) * 60 / seconds, (use.wakes - old.wakes) / seconds
            rows.append({"thread": use.name, "s_a_minute": round(cost, 3), "wakes_a_s": round(wakes, 1)})
    return sorted(rows, key=lambda row: -float(str(row["s_a_minute"])))


def noise(folder: Path, level_db: float | None, seconds: float, rate_hz: int) -> Path:
    """A file of noise, or of silence."""
    random, wav = np.random.default_rng(1), folder / "room.wav"
    level = 0.0 if level_db is None else 10 ** (level_db / 20)
    with soundfile.SoundFile(wav, "w", rate_hz, 1, subtype="FLOAT") as file:
        for _ in range(round(seconds)):
            file.write((level * random.standard_normal(rate_hz)).astype(np.float32))
    return wav


@contextmanager
def ends(kind: str, level_db: float | None, seconds: float, folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The environment and the flags of a program that idles at such ends."""
    if kind == "card":
        server = SoundServer(folder)
        hiss = None
        if level_db is not None:
            # its long blocks leave the card's to the program
            play = ["paplay", "-d", "micfeed", "--latency-msec=1000", str(noise(folder, level_db, seconds, 48_000))]
            hiss = subprocess.Popen(play, env=server.environ)
        yield server.environ, []
        if hiss is not None:
            hiss.kill()
            hiss.wait()
        server.stop()
    elif kind == "files":
        wav = noise(folder, level_db, seconds, 16_000)
        yield dict(os.environ), ["--input", str(wav), "--output", str(folder / "reply.wav")]
    else:
        yield dict(os.environ), ["--text", "--output", str(folder / "reply.wav")]


def idle(kind: str, level_db: float | None, settle_s: float, seconds: float, folder: Path) -> dict[str, object]:
    """All of it."""
    with ends(kind, level_db, settle_s + seconds + 30.0, folder) as (environ, flags):
        events = folder / "events.jsonl"
        command = [sys.executable, "-m", "localvoice", "talk", *flags, *_ENGINES, "--events", str(events)]
        typed = subprocess.PIPE if kind == "typed" else subprocess.DEVNULL  # an end of input would end it
        program = subprocess.Popen(command, env=environ, stdin=typed, stdout=subprocess.DEVNULL)
        while not read_events(events):
            if program.poll() is not None:
                sys.exit(f"the program ended with {program.returncode}")
            time.sleep(0.05)
        time.sleep(settle_s)
        before, start_s = threads_of(program.pid), time.monotonic()
        time.sleep(seconds)
        rows = spent(before, threads_of(program.pid), time.monotonic() - start_s)
        program.send_signal(signal.SIGINT)
        code = program.wait(10)
    whole = round(sum(float(str(row["s_a_minute"])) for row in rows), 3)
    return {"ends": kind, "noise_db": level_db, "exit": code, "s_a_minute": whole, "threads": rows}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ends", choices=["card", "files", "typed"], default="card")
    parser.add_argument("--noise", type=float, default=None, help="dBFS at the microphone; digital silence without it")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--settle", type=float, default=25.0, help="seconds between the start and the first look")
    given = parser.parse_args()
    result = idle(given.ends, given.noise, given.settle, given.seconds, Path(tempfile.mkdtemp()))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    load = [round(one, 1) for one in os.getloadavg()]
    print(json.dumps({**result, "load_average": load, "machine": machine, "date": time.strftime("%Y-%m-%d")}, indent=1))


if __name__ == "__main__":
    main()
