"""What sounds over the edges of a reply: `python -m benchmarks.turns.reply_edges [--overlap duck] [--json FILE]`.

`localvoice talk --input - --output FILE.wav` in real time: the microphone is a pipe, so that a user can wait for the
first sample of a reply, and speak within its first or last 0.2 s. Recogniser (50 ms) and model (80 ms) are a service on
loopback that knows the words, the voice is the test voice of Piper. Figures: docs/turn-taking.md. Needs espeak-ng and
flite.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.turns.between_files import ENGINES, MODEL, said
from benchmarks.turns.intervals import quantile_ms
from benchmarks.turns.knowing_service import knowing_service
from benchmarks.turns.laid_beside import alone
from benchmarks.turns.overlap_sounds import SITUATIONS, OverSound, Stream
from benchmarks.turns.overlaps import LONG_DUE_S, SHORT_DUE_S, SHORT_S
from benchmarks.turns.whole_program import events_of
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence, to_int16

REPLY = "The capital of that country is a large city on a river."
KINDS = ("interruption", "stop word", "backchannel", "coughs")
PLACES_S = (0.03, 0.1, 0.2, -0.2, -0.1, -0.05)
"""From the first audible sample of the reply, or before its last."""
LANDS = ("Germany", "France", "Spain", "Italy", "Poland", "Norway")
_BLOCK = SPEECH_RATE_HZ // 100
_AHEAD_S = 0.03
"""What is said next is so far ahead of what was heard."""
_WAITS_S, _BEHIND_S = 8.0, 4.0
_LOOKS_S = 0.005


class Microphone:
    """Fed into a pipe in real time; what is said is laid into what comes."""

    def __init__(self, seconds: float) -> None:
        quiet = np.random.default_rng(1).standard_normal(round(seconds * SPEECH_RATE_HZ)) * 10 ** (-65 / 20)
        self._sound = quiet.astype(np.float32)
        self._heard = 0
        self._is_over = threading.Event()

    @property
    def now_s(self) -> float:
        """What has been heard."""
        return self._heard / SPEECH_RATE_HZ

    def say(self, sound: Samples, at_s: float) -> float:
        """At `at_s`, or now; when it will be over."""
        first = round(max(at_s, self.now_s + _AHEAD_S) * SPEECH_RATE_HZ)
        self._sound[first : first + len(sound)] += sound
        return (first + len(sound)) / SPEECH_RATE_HZ

    def feed(self, program: subprocess.Popen[bytes]) -> None:
        """Until it is over."""
        if program.stdin is None:
            raise ValueError("the program has no pipe")
        began_s = time.monotonic()
        for at in range(0, len(self._sound) - _BLOCK, _BLOCK):
            time.sleep(max(0.0, began_s + at / SPEECH_RATE_HZ - time.monotonic()))
            if self._is_over.is_set() or program.poll() is not None:
                break
            self._heard = at + _BLOCK
            program.stdin.write(to_int16(self._sound[at : at + _BLOCK]).tobytes())
            program.stdin.flush()
        program.stdin.close()

    def stop(self) -> None:
        """Nothing more is said."""
        self._is_over.set()


class User:
    """Speaks, and sees the events."""

    def __init__(self, program: subprocess.Popen[bytes], events: Path) -> None:
        self._program = program
        self._events = events
        self._seen = 0
        self.microphone = Microphone(300.0)

    def until(self, *kinds: str, within_s: float = _WAITS_S) -> dict[str, Any] | None:
        """The next event of these kinds, if it comes in time."""
        due_s = time.monotonic() + within_s
        while time.monotonic() < due_s and self._program.poll() is None:
            events = list(events_of(self._events))[self._seen :] if self._events.exists() else []
            for event in events:
                self._seen += 1
                if event["type"] in kinds:
                    return event
            time.sleep(_LOOKS_S)
        return None

    def wait(self, until_s: float) -> None:
        """Until so much has been heard."""
        while self.microphone.now_s < until_s and self._program.poll() is None:
            time.sleep(_LOOKS_S)


@dataclass(frozen=True)
class Said:
    """One sound over a reply."""

    place_s: float
    start_s: float
    end_s: float


def talk(sounds: list[tuple[OverSound, float]], overlap: str, folder: Path) -> tuple[list[Said], list[dict[str, Any]]]:
    """A question before each sound, which comes at its place in the answer."""
    questions = [said(f"What is the capital of {land}?") for land in LANDS]
    events, reply_s = folder / "events.jsonl", _sounding_s(REPLY)
    ends = ("--input", "-", "--output", str(folder / "reply.wav"), "--events", str(events))
    environ = os.environ | {"LOCALVOICE_TURN__OVERLAP": overlap}
    with knowing_service(_catalogue(sounds, questions), REPLY) as service:
        command = [sys.executable, "-m", "localvoice", "talk", *ends, *ENGINES]
        quiet = subprocess.DEVNULL
        program = subprocess.Popen(command, env=environ | service, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
        user = User(program, events)
        user.until("session_started", within_s=60.0)
        feeder = threading.Thread(target=user.microphone.feed, args=(program,))
        feeder.start()
        placed = list(_conversation(user, sounds, questions, reply_s))
        user.microphone.stop()
        feeder.join()
        program.wait(60.0)
    return placed, list(events_of(events))


def _conversation(
    user: User, sounds: list[tuple[OverSound, float]], questions: list[Samples], reply_s: float
) -> Iterator[Said]:
    user.wait(1.0)
    for number, (sound, place_s) in enumerate(sounds):
        user.microphone.say(questions[number % len(questions)], 0.0)
        first = user.until("first_audio")
        if first is None:
            continue
        at_s = max(first["t"] + place_s + (reply_s if place_s < 0 else 0.0), user.microphone.now_s + _AHEAD_S)
        end_s = user.microphone.say(sound.samples, at_s)
        yield Said(place_s, end_s - len(sound.samples) / SPEECH_RATE_HZ, end_s)
        user.wait(end_s + _BEHIND_S)
        while (state := user.until("state", within_s=2.0)) is not None and state["to"] != "closed":
            pass


def _catalogue(sounds: list[tuple[OverSound, float]], questions: list[Samples]) -> Stream:
    """All that is said, in a row: a recogniser finds in it what it is given, wherever that was said."""
    parts: list[Samples] = []
    placed: list[tuple[float, float, str]] = []
    asked = [OverSound(sound, f"What is the capital of {land}?") for sound, land in zip(questions, LANDS, strict=True)]
    for one in (*asked, *(sound for sound, _ in sounds)):
        start_s = sum(map(len, parts)) / SPEECH_RATE_HZ
        placed.append((start_s, start_s + len(one.samples) / SPEECH_RATE_HZ, one.words))
        parts += [one.samples, silence(SPEECH_RATE_HZ)]
    return Stream(np.concatenate(parts), placed)


def _sounding_s(text: str) -> float:
    """From its first audible sample to its last."""
    sound = alone(text, MODEL, SPEECH_RATE_HZ).samples
    audible = np.flatnonzero(np.abs(sound) > 10 ** (-50 / 20))
    return float(audible[-1] - audible[0]) / SPEECH_RATE_HZ


def figures(placed: list[Said], events: list[dict[str, Any]]) -> dict[str, Any]:
    """One row."""
    held, cuts_s, backs_s, in_time = 0, [], [], 0
    for one in placed:
        news = [e for e in events if one.start_s - 0.15 <= e["t"] <= one.end_s + 1.0]
        cut = [e["t"] - one.start_s for e in news if e["type"] == "barge_in"]
        back = [e["t"] for e in news if e["type"] == "false_alarm"]
        held += any(e["type"] == "overlap_started" for e in news)
        cuts_s += cut[:1]
        if back and not cut:
            due_s = one.start_s + SHORT_DUE_S if one.end_s - one.start_s <= SHORT_S else one.end_s + LONG_DUE_S
            in_time += back[-1] <= due_s
            backs_s.append(back[-1] - one.end_s)
    return {
        "sounds": len(placed),
        "held": held,
        "cut": len(cuts_s),
        "onset_to_cut_ms": [quantile_ms(cuts_s, share) for share in (0.5, 0.95)],
        "end_to_full_ms": [quantile_ms(backs_s, share) for share in (0.5, 0.95)],
        "full_in_time": f"{in_time} of {len(backs_s)}",
    }


def main() -> None:
    """Print the rows as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sounds", nargs="+", choices=list(SITUATIONS), default=list(KINDS))
    parser.add_argument("--each", type=int, default=len(PLACES_S), help="sounds of a kind, one place after the other")
    parser.add_argument("--overlap", choices=["pause", "duck"], default="pause")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for name in options.sounds:
        all_of_them = list(SITUATIONS[name]("reporting", None))
        some = all_of_them[:: max(1, len(all_of_them) // options.each)][: options.each]
        sounds = [(sound, PLACES_S[number % len(PLACES_S)]) for number, sound in enumerate(some)]
        with tempfile.TemporaryDirectory() as folder:
            found[name] = figures(*talk(sounds, options.overlap, Path(folder)))
        print(name, json.dumps(found[name]), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
