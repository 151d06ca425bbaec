"""The whole program asked by people: `python -m benchmarks.turns.whole_program FOLDER [--questions 24] [--json FILE]`.

FOLDER holds NAME.wav beside NAME.txt with its words, of which whole sentences are asked: the telephone prompts of
asterisk-core-sounds-en-wav, say, whose texts are its core-sounds-en.txt. They are asked in real time, one by one,
of `localvoice talk --input … --output …`; recogniser (50 ms), model (80 ms) and voice (40 ms) are a service on loopback
that knows the words. Only the two files and the events are looked at: from a question's last sample above -40 dB of its
peak to the first audible one of an answer. Figures: docs/cloud.md. Without smart-turn's file (scripts/
ensure_smart_turn.sh) the program hears no melody.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

from benchmarks.turns.corpus import SpokenTurn, in_a_room
from benchmarks.turns.dialogue import SMART_TURN
from benchmarks.turns.intervals import quantile_ms
from benchmarks.turns.knowing_service import knowing_service
from benchmarks.turns.overlap_sounds import Stream
from benchmarks.turns.people import turns_of
from localvoice.audio.samples import AUDIBLE, SPEECH_RATE_HZ, Samples, silence
from localvoice.config import PATIENCE_MS

REPLY = "Yes, that is fine with me."
_ENGINES = ("--stt", "openai", "--llm", "openai", "--tts", "openai", "--no-fallback", "--no-skills", "--plain")
_FIRST_S, _GAP_S = 2.0, 4.5
"""Of the first question, and between two: an answer takes less."""
_CONVERSATION = 8
"""Questions: a minute of them."""
_WHOLE = re.compile(r"\s*[A-Z]\S*(\s+\S+){3,}[.!?]\s*$")
"""A text of four words and more that begins and ends as a sentence does."""
_FAINT = 10 ** (-40 / 20)
_EARLY_S = 0.05
"""So long before a question's last sample a turn may end: nobody hears the rest of a breath."""
_LOOKS_S = 0.1


@dataclass
class Seen:
    """All conversations."""

    ends_s: list[float] = field(default_factory=list)
    """From the end of a question to the end of the turn."""
    answers_s: list[float] = field(default_factory=list)
    """And to the first sample of the answer."""
    questions: int = 0
    pauses: int = 0
    """Inside questions."""
    early_ends: int = 0
    early_answers: int = 0
    """Questions into which something was said."""
    unanswered: int = 0
    cpu_s: list[float] = field(default_factory=list)
    """A minute, of each conversation."""


@dataclass(frozen=True)
class Question:
    """Where one lies, in seconds."""

    start_s: float
    end_s: float
    until_s: float
    """The next one begins."""


def chosen(folder: Path, count: int, seed: int) -> list[SpokenTurn]:
    """So many of the recordings that are whole sentences, and whose words are found in their sound."""
    paths = [one for one in sorted(folder.glob("*.wav")) if _WHOLE.match(one.with_suffix(".txt").read_text("utf-8"))]
    random.Random(seed).shuffle(paths)
    found = (next(turns_of(path), None) for path in paths)
    return list(islice((turn for turn in found if turn is not None), count))


def asked(turns: list[SpokenTurn]) -> tuple[Stream, list[Question]]:
    """One conversation: what the microphone hears."""
    parts: list[Samples] = [silence(round(_FIRST_S * SPEECH_RATE_HZ))]
    placed: list[tuple[float, float, str]] = []
    questions = []
    for turn in turns:
        at_s = sum(map(len, parts)) / SPEECH_RATE_HZ
        placed += [(at_s + phrase.start_s, at_s + phrase.end_s, phrase.text) for phrase in turn.phrases]
        parts += [turn.samples, silence(round(_GAP_S * SPEECH_RATE_HZ))]
        last = np.flatnonzero(np.abs(turn.samples) > _FAINT * np.abs(turn.samples).max())[-1]
        end_s = at_s + float(last + 1) / SPEECH_RATE_HZ
        questions.append(Question(at_s, end_s, at_s + (len(turn.samples) / SPEECH_RATE_HZ) + _GAP_S))
    return Stream(in_a_room(np.concatenate(parts), seed=len(turns)), placed), questions


def converse(user: Stream, folder: Path, patience: str, ear: Path) -> tuple[list[dict[str, Any]], Samples, int, float]:
    """The events, what was played and its rate, and seconds of the processor a minute from the start on."""
    files = [folder / name for name in ("user.wav", "reply.wav", "events.jsonl")]
    soundfile.write(files[0], user.sound, SPEECH_RATE_HZ, subtype="PCM_16")
    ends = ("--input", files[0], "--output", files[1], "--events", files[2])
    command = [sys.executable, "-m", "localvoice", "talk", *map(str, ends), *_ENGINES, "--patience", patience]
    with knowing_service(user, REPLY) as environ, (folder / "log").open("wb") as log:
        program = subprocess.Popen(command, env=os.environ | environ | at_home(folder, ear), stdout=log, stderr=log)
        cpu_s = spent_a_minute(program, files[2])
    if program.returncode:
        raise RuntimeError((folder / "log").read_text(encoding="utf-8"))
    played, rate_hz = soundfile.read(files[1], dtype="float32")
    return list(events_of(files[2])), played, rate_hz, cpu_s


def at_home(folder: Path, ear: Path) -> dict[str, str]:
    """Settings, caches and models of its own, of which smart-turn is the only one."""
    models = folder / "models"
    place = models / "turn/smart-turn-v3.2"
    if ear.is_file() and not place.exists():
        place.mkdir(parents=True)
        (place / ear.name).symlink_to(ear.resolve())
    homes = {f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
    return homes | {"LOCALVOICE_MODELS": str(models)}


def spent_a_minute(program: subprocess.Popen[bytes], events: Path) -> float:
    """Wait for the end; what the processor did from the first event on, a minute. Not a number where there was none."""
    process, looks = psutil.Process(program.pid), []
    while program.poll() is None:
        if events.exists() and next(events_of(events), None):
            with process.oneshot():
                looks.append((time.monotonic(), sum(process.cpu_times()[:2])))
        time.sleep(_LOOKS_S)
    if len(looks) < 3:
        return math.nan
    (first_s, before_s), (last_s, after_s) = looks[0], looks[-2]  # at the very last look it may be gone
    return (after_s - before_s) * 60 / (last_s - first_s)


def events_of(path: Path) -> Iterator[dict[str, Any]]:
    """All that are there."""
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())


def look(questions: list[Question], events: list[dict[str, Any]], audible_s: np.ndarray, seen: Seen) -> None:
    """What came of each question."""
    for one in questions:
        seen.questions += 1
        ended_s = [e["t"] for e in events if e["type"] == "turn_ended" and one.start_s < e["t"] < one.until_s]
        in_time_s = [at_s for at_s in ended_s if at_s >= one.end_s - _EARLY_S]
        seen.early_ends += len(ended_s) - len(in_time_s)
        sounding_s = audible_s[(audible_s > one.start_s) & (audible_s < one.until_s)]
        if not len(sounding_s):
            seen.unanswered += 1
        elif sounding_s[0] < one.end_s:
            seen.early_answers += 1
        else:
            seen.ends_s += [at_s - one.end_s for at_s in in_time_s[:1]]
            seen.answers_s.append(float(sounding_s[0]) - one.end_s)


def measure(turns: list[SpokenTurn], patience: str, ear: Path) -> Seen:
    """All of them, in conversations of a minute."""
    seen = Seen()
    for first in range(0, len(turns), _CONVERSATION):
        some = turns[first : first + _CONVERSATION]
        user, questions = asked(some)
        with tempfile.TemporaryDirectory() as folder:
            events, played, rate_hz, cpu_s = converse(user, Path(folder), patience, ear)
        look(questions, events, np.flatnonzero(np.abs(played) > AUDIBLE) / rate_hz, seen)
        seen.pauses += sum(len(turn.phrases) - 1 for turn in some)
        seen.cpu_s.append(cpu_s)
    return seen


def figures(seen: Seen) -> dict[str, Any]:
    """One row."""
    return {
        "questions": seen.questions,
        "end_to_turn_ended_ms": [quantile_ms(seen.ends_s, share) for share in (0.5, 0.95)],
        "end_to_first_sample_ms": [quantile_ms(seen.answers_s, share) for share in (0.5, 0.95)],
        "early_ends": f"{seen.early_ends} in {seen.pauses} pauses",
        "answered_into": seen.early_answers,
        "unanswered": seen.unanswered,
        "cpu_s_a_minute": [round(value, 2) for value in sorted(seen.cpu_s)],
    }


def main() -> None:
    """Print a row of figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1, help="which of the recordings, in which order")
    parser.add_argument("--patience", choices=list(PATIENCE_MS), nargs="+", default=["normal"])
    parser.add_argument("--smart-turn", type=Path, default=SMART_TURN, help="its file; none where it is missing")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    turns = chosen(options.folder, options.questions, options.seed)
    if not turns:
        parser.error(f"{options.folder}: no NAME.wav beside NAME.txt whose words are found in its sound")
    found = {}
    for patience in options.patience:
        found[patience] = figures(measure(turns, patience, options.smart_turn))
        print(patience, json.dumps(found[patience]), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
