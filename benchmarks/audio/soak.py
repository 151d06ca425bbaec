"""A conversation that lasts: memory, processor time, threads and open files, minute by minute.

`python benchmarks/audio/soak.py [--ends card|files] [--minutes 60] [--dense]`, JSON: on a private virtual card whose
loudspeaker is heard by its microphone, or between two files with a simulated room. Of every five minutes three are
talked through; `--dense` puts an hour's turns into half of one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "devices"))
from virtual_card import SoundServer, feed_microphone

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from tests.e2e.spoken import read_events, speech


class Pace(NamedTuple):
    """How much is said."""

    cycle_s: float
    talked_s: float
    """Of each cycle the rest is silent: what the program does while nobody talks is part of an hour."""
    every_s: float
    """Between two questions."""


USUAL, DENSE = Pace(300.0, 180.0, 15.0), Pace(150.0, 105.0, 6.0)

OVER_THE_REPLY_S = 3.5
"""Every third question is followed by another one so much later, over the answer."""

ECHO_DB = -14

QUESTIONS = ("What time is it?", "What is the date?", "What is seven plus eight?", "What can you do?")

ENGINES = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak", "--plain")

_TICKS_S = os.sysconf("SC_CLK_TCK")


def schedule(minutes: float, pace: Pace) -> Iterator[tuple[float, str]]:
    """What the user says, and when."""
    at_s, count = 10.0, 0
    while at_s < minutes * 60 - 20.0:
        if at_s % pace.cycle_s > pace.talked_s:
            at_s = (at_s // pace.cycle_s + 1) * pace.cycle_s + 10.0
            continue
        yield at_s, QUESTIONS[count % len(QUESTIONS)]
        count += 1
        at_s += OVER_THE_REPLY_S if count % 4 == 0 else pace.every_s


def whole_sound(minutes: float, pace: Pace) -> Samples:
    """The same as one sound."""
    said = {text: speech(text) for text in QUESTIONS}
    sound = silence(round(minutes * 60 * SPEECH_RATE_HZ))
    for at_s, text in schedule(minutes, pace):
        first = round(at_s * SPEECH_RATE_HZ)
        sound[first : first + len(said[text])] += said[text]
    return sound


class Program:
    """`localvoice talk`, and what it uses."""

    def __init__(self, folder: Path, environ: dict[str, str], *words: str) -> None:
        self.environ = environ
        self.events = folder / "events.jsonl"
        command = [sys.executable, "-m", "localvoice", "talk", *words, *ENGINES, "--events", str(self.events)]
        self.log = folder / "said"
        self.process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=self.log.open("wb"))
        self._proc = Path("/proc") / str(self.process.pid)

    def wait_until_started(self) -> None:
        """Until its first event."""
        while not read_events(self.events):
            if self.process.poll() is not None:
                sys.exit(f"the program ended: {self.log.read_text()}")
            time.sleep(0.05)

    def look(self) -> dict[str, Any]:
        """Memory in MB, processor time in seconds since its start, threads and open files."""
        times = (self._proc / "stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in (self._proc / "status").read_text().splitlines())
        rollup = (line.split() for line in (self._proc / "smaps_rollup").read_text().splitlines()[1:])
        pss = next(int(words[1]) for words in rollup if words[0] == "Pss:")
        return {
            "rss_mb": round(int(status["VmRSS"].split()[0]) / 1024, 1),
            "pss_mb": round(pss / 1024, 1),
            "anon_mb": round(int(status["RssAnon"].split()[0]) / 1024, 1),
            "cpu_s": (int(times[11]) + int(times[12])) / _TICKS_S,
            "threads": int(status["Threads"]),
            "files": len(list((self._proc / "fd").iterdir())),
        }


@contextmanager
def on_the_card(folder: Path, minutes: float, pace: Pace) -> Iterator[Program]:
    """The program on a card of its own, and a user who speaks while the context waits."""
    del minutes, pace
    server = SoundServer(folder)
    path = f"source=speaker.monitor sink=micfeed latency_msec=40 adjust_time=0 rate={48_000} channels=1"
    for words in (("load-module", "module-loopback", *path.split()), ("set-sink-input-volume", "0", f"{ECHO_DB}dB")):
        subprocess.run(["pactl", *words], env=server.environ, check=True, stdout=subprocess.DEVNULL)
    yield Program(folder, server.environ)
    server.stop()


@contextmanager
def between_files(folder: Path, minutes: float, pace: Pace) -> Iterator[Program]:
    """The program between two files."""
    soundfile.write(folder / "user.wav", whole_sound(minutes, pace), SPEECH_RATE_HZ, subtype="PCM_16")
    ends = ("--input", str(folder / "user.wav"), "--output", str(folder / "reply.wav"))
    yield Program(folder, dict(os.environ), *ends, "--room", f"80,{ECHO_DB},300")


def watch(program: Program, start_s: float, until_s: float, looks: list[dict[str, Any]]) -> None:
    """Look once a minute until then."""
    while (due_s := 60.0 * len(looks)) <= until_s:
        time.sleep(max(0.0, start_s + due_s - time.monotonic()))
        looks.append(program.look())
        print(len(looks) - 1, looks[-1], file=sys.stderr, flush=True)
    time.sleep(max(0.0, start_s + until_s - time.monotonic()))


def live(ends: str, minutes: float, pace: Pace, folder: Path) -> dict[str, Any]:
    """All of it."""
    looks: list[dict[str, Any]] = []
    with {"card": on_the_card, "files": between_files}[ends](folder, minutes, pace) as program:
        program.wait_until_started()
        start_s = time.monotonic()
        for count, (at_s, text) in enumerate(schedule(minutes, pace) if ends == "card" else ()):
            watch(program, start_s, at_s, looks)
            wav = folder / f"say{count % len(QUESTIONS)}.wav"
            if not wav.exists():
                soundfile.write(wav, speech(text), SPEECH_RATE_HZ, subtype="PCM_16")
            feed_microphone(wav, program.environ)
        watch(program, start_s, minutes * 60, looks)
        program.process.send_signal(signal.SIGINT)
        code = program.process.wait(10)
    return {"exit": code, "ended": counts(read_events(folder / "events.jsonl")), "minutes": by_minute(looks)}


def counts(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What was said and how it ended."""
    kinds = Counter(event["type"] for event in events)
    wanted = ("reply_finished", "overlap_started", "barge_in", "false_alarm", "device_changed", "warning", "error")
    heard = Counter(event["text"] for event in events if event["type"] == "transcript")
    return {**{kind: kinds[kind] for kind in wanted}, "transcripts": dict(heard), "last": events[-1]}


def by_minute(looks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Processor time as differences."""
    return [
        {**after, "cpu_s": round(after["cpu_s"] - before["cpu_s"], 2)} for before, after in itertools.pairwise(looks)
    ]


def by_cycle(minutes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every five minutes: the highest memory, processor time of a talked and of a silent minute."""
    size = round(USUAL.cycle_s / 60)
    parts = [minutes[at : at + size] for at in range(0, len(minutes), size)]
    return [
        {
            **{kind: max(one[kind] for one in part) for kind in ("rss_mb", "pss_mb", "anon_mb")},
            "cpu_s_talked": round(float(np.mean([one["cpu_s"] for one in part[:3]])), 2),
            "cpu_s_silent": part[-1]["cpu_s"] if len(part) == size else None,
            "threads": max(one["threads"] for one in part),
            "files": max(one["files"] for one in part),
        }
        for part in parts
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ends", choices=["card", "files"], default="card")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--dense", action="store_const", const=DENSE, default=USUAL, dest="pace")
    arguments = parser.parse_args()
    result = live(arguments.ends, arguments.minutes, arguments.pace, Path(tempfile.mkdtemp()))
    result["cycles"] = by_cycle(result["minutes"])
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    load = [round(one, 1) for one in os.getloadavg()]
    print(json.dumps({**result, "load_average": load, "machine": machine, "date": time.strftime("%Y-%m-%d")}, indent=1))


if __name__ == "__main__":
    main()
