"""What sounds over a reply, between two files: `python -m benchmarks.turns.between_files [--each 9] [--json FILE]`.

`localvoice talk --input … --output …` in real time, eight sounds a conversation, headphones; recogniser (50 ms) and
model (80 ms) are a service on loopback that knows the words. Only the two files and the events are looked at. What
was played is compared with the same reply spoken alone, sample by sample: nothing may be lost, and what is told as
heard has to be what sounded. Figures: docs/turn-taking.md. Needs espeak-ng and flite.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.turns.intervals import quantile_ms
from benchmarks.turns.knowing_service import CLOSING, knowing_service
from benchmarks.turns.laid_beside import Alone, Stretch, alone, stretches
from benchmarks.turns.overlap_sounds import SITUATIONS, OverSound, Stream
from benchmarks.turns.overlaps import LONG_DUE_S, SHORT_DUE_S, SHORT_S
from localvoice.audio.samples import AUDIBLE, SPEECH_RATE_HZ, Samples, silence

MODEL = Path(__file__).parents[2] / "tests/models/tts/en_US-tiny-test.onnx"
STORY = " ".join((Path(__file__).parent / "story.txt").read_text(encoding="utf-8").splitlines())
SOUNDS = ("interruption", "stop word", "backchannel", "coughs", "clicks")
ENGINES = ("--stt", "openai", "--llm", "openai", "--tts", f"piper:{MODEL}", "--no-fallback", "--no-skills", "--plain")
_ASKED = "Tell me a long story, please."
_SAID_LAST = f"Thank you, {CLOSING}."
_FIRST_S, _GAP_S = 1.0, 3.4
"""Of the question, and from the end of one sound to the next: an answer begins in between, and says some words."""
_CONVERSATION = 8
_DECIDED_S = 1.5
_LOST_S = 0.007
"""Up to which what lies between two stretches was only under the ramps."""


@dataclass
class Look:
    """What came of one sound; seconds from its first sample."""

    length_s: float
    held_s: float | None = None
    """The last audible sample before the hold."""
    decided_s: float | None = None
    cut_s: float | None = None
    """From the decision to the last audible sample."""
    full_s: float | None = None


@dataclass
class Seen:
    """All conversations of one kind of sound."""

    looks: list[Look] = field(default_factory=list)
    heard_right: int = 0
    replies: int = 0
    resumes: int = 0
    wrong: list[str] = field(default_factory=list)


def scene(sounds: list[OverSound], seed: int) -> Stream:
    """A question, the sounds over what answers, and a goodbye."""
    asked, last = (said(text) for text in (_ASKED, _SAID_LAST))
    random = np.random.default_rng(seed)
    parts: list[Samples] = []
    placed: list[tuple[float, float, str]] = []
    for one in (OverSound(asked, _ASKED), *sounds, OverSound(last, _SAID_LAST)):
        parts.append(silence(round((_GAP_S + random.uniform(0, 1) if parts else _FIRST_S) * SPEECH_RATE_HZ)))
        start_s = sum(map(len, parts)) / SPEECH_RATE_HZ
        parts.append(one.samples)
        placed.append((start_s, start_s + len(one.samples) / SPEECH_RATE_HZ, one.words))
    parts.append(silence(4 * SPEECH_RATE_HZ))
    quiet = np.random.default_rng(seed).standard_normal(sum(map(len, parts))) * 10 ** (-70 / 20)
    return Stream(np.concatenate(parts) + quiet.astype(np.float32), placed)


def said(text: str) -> Samples:
    """By one user, as loud as people speak."""
    from benchmarks.audio.voices import spoken

    return spoken(text, "awb")


def talk(user: Stream, folder: Path) -> tuple[list[dict[str, Any]], Samples, int]:
    """The conversation: its events, and what was played."""
    files = [folder / name for name in ("user.wav", "reply.wav", "events.jsonl")]
    soundfile.write(files[0], user.sound, SPEECH_RATE_HZ, subtype="PCM_16")
    ends = ("--input", files[0], "--output", files[1], "--events", files[2])
    command = [sys.executable, "-m", "localvoice", "talk", *map(str, ends), *ENGINES]
    with knowing_service(user, STORY) as environ:
        subprocess.run(
            command, env=os.environ | environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    events = [json.loads(line) for line in files[2].read_text(encoding="utf-8").splitlines()]
    played, rate_hz = soundfile.read(files[1], dtype="float32")
    return events, played, rate_hz


def look(user: Stream, events: list[dict[str, Any]], audible_s: np.ndarray) -> list[Look]:
    """What came of each sound over the reply; nothing of one over silence."""
    looks = []
    for start_s, end_s, _ in user.sounds[1:-1]:
        if not np.any((audible_s > start_s - 0.3) & (audible_s <= start_s)):
            continue
        one = Look(end_s - start_s)
        news = [e for e in events if start_s <= e["t"] <= end_s + _DECIDED_S]
        held = [e for e in events if e["type"] == "overlap_started" and start_s - 0.15 <= e["t"] <= end_s + 0.2]
        cut = [e["t"] for e in news if e["type"] == "barge_in"]
        back = [e["t"] for e in news if e["type"] == "false_alarm"]
        if cut:
            last_s = audible_s[audible_s <= cut[0] + 0.1].max()
            one.held_s, one.decided_s = last_s - start_s, cut[0] - start_s
            one.cut_s = max(0.0, last_s - cut[0])
        elif back:
            one.held_s = audible_s[audible_s <= back[0] - 0.02].max() - start_s
            one.full_s = back[-1] - start_s
        elif held:
            one.held_s = held[0]["t"] - start_s
        looks.append(one)
    return looks


def compare(events: list[dict[str, Any]], played: Samples, reply: Alone, seen: Seen) -> None:
    """Lay every answer beside the same one spoken alone."""
    for finished in (e for e in events if e["type"] == "reply_finished" and STORY.startswith(e["text"] or "-")):
        first = [e["t"] for e in events if e["type"] == "first_audio" and e["turn"] == finished["turn"]]
        if not first:
            continue
        later = [e["t"] for e in events if e["type"] == "reply_started" and e["t"] > finished["t"]]
        ends = (round(at_s * reply.rate_hz) for at_s in (first[0], min(later, default=len(played) / reply.rate_hz)))
        seen.replies += 1
        try:
            parts = list(stretches(played, reply, *ends))
        except LookupError as error:
            seen.wrong.append(f"{finished['t']}: {error}")
            continue
        seen.resumes += len(parts) - 1
        _compare_one(parts, reply, finished, seen)


def _compare_one(parts: list[Stretch], reply: Alone, finished: dict[str, Any], seen: Seen) -> None:
    most = round(2 * _LOST_S * reply.rate_hz)
    seen.wrong += [
        f"{finished['t']}: {(after.place - before.ends) / reply.rate_hz:.3f} s lost"
        for before, after in pairwise(parts)
        if after.place - before.ends > most
    ]
    least, at_most = reply.words_until(parts[-1].ends)
    if least <= len(finished["heard"].split()) <= at_most:
        seen.heard_right += 1
    else:
        seen.wrong.append(f"{finished['t']}: told {finished['heard'][-20:]!r}, {least} to {at_most} words sounded")


def measure(name: str, each: int, folder: Path) -> Seen:
    """Some sounds of a kind, in conversations of a minute."""
    all_of_them = list(SITUATIONS[name]("reporting", None))
    sounds = all_of_them[:: max(1, len(all_of_them) // each)][:each]
    seen = Seen()
    for number, first in enumerate(range(0, len(sounds), _CONVERSATION)):
        user = scene(sounds[first : first + _CONVERSATION], number)
        events, played, rate_hz = talk(user, folder)
        seen.looks += look(user, events, np.flatnonzero(np.abs(played) > AUDIBLE) / rate_hz)
        compare(events, played, alone(STORY, MODEL, rate_hz), seen)
    return seen


def figures(seen: Seen) -> dict[str, Any]:
    """One row."""
    looks = seen.looks
    back = [(one.length_s, one.full_s) for one in looks if one.full_s is not None]
    in_time = sum(
        full_s <= (SHORT_DUE_S if length_s <= SHORT_S else length_s + LONG_DUE_S) for length_s, full_s in back
    )
    return {
        "sounds": len(looks),
        "held": sum(one.held_s is not None for one in looks),
        "cut": sum(one.decided_s is not None for one in looks),
        "onset_to_silence_ms": _both([one.held_s for one in looks if one.held_s is not None]),
        "onset_to_decision_ms": _both([one.decided_s for one in looks if one.decided_s is not None]),
        "decision_to_silence_ms": _both([one.cut_s for one in looks if one.cut_s is not None]),
        "end_to_full_ms": _both([full_s - length_s for length_s, full_s in back]),
        "full_in_time": f"{in_time} of {len(back)}",
        "heard_as_told": f"{seen.heard_right} of {seen.replies}",
        "resumes": seen.resumes,
        "wrong": seen.wrong,
    }


def _both(values_s: list[float]) -> list[float | None]:
    return [quantile_ms(values_s, 0.5), quantile_ms(values_s, 0.95)]


def main() -> None:
    """Print the rows as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sounds", nargs="+", choices=list(SITUATIONS), default=list(SOUNDS))
    parser.add_argument("--each", type=int, default=9, help="sounds of a kind")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for name in options.sounds:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = figures(measure(name, options.each, Path(folder)))
        print(name, json.dumps(found[name]), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
