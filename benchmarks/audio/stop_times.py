"""How soon the program is silent: `python -m benchmarks.audio.stop_times [--rooms 60,0 120,-6,300 …] [--phrases 5]`.

`localvoice talk --room …` between two files, in real time; a user as loud as the echo speaks over every answer. Both
files and the events are laid side by side: `stop` is from the first sample of the phrase over 3 % of its peak to
the last audible sample of ours, `cut` from the decision to it. Recogniser and model are a service on loopback that
answers at once. `speech_stop` begins at the first speech of the phrase (onsets.py). Figures: docs/echo.md.
Needs espeak-ng and flite.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.audio.onsets import first_sound, first_speech
from benchmarks.audio.prompt_service import prompt_service
from benchmarks.audio.voices import USER_VOICES, USER_WORDS, spoken
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

ROOMS = ("60,0", "20,-6,200", "120,-3,300", "250,-12,150")
_EVERY_S = 7.0
_FIRST_S = 1.0
_AUDIBLE = 10 ** (-50 / 20)
_WITHIN_S = 2.0
_ENGINES = ("--stt", "openai", "--llm", "openai", "--tts", "espeak", "--no-fallback", "--no-skills", "--plain")


def phrases(count: int, gain_db: float, seed: int) -> Iterator[tuple[float, Samples]]:
    """When the user speaks, and what: the first one into silence, the others over answers."""
    random = np.random.default_rng(seed)
    at_s = _FIRST_S
    for number in range(count + 1):
        said = spoken(str(random.choice(USER_WORDS)), USER_VOICES[(seed + number) % len(USER_VOICES)])
        yield at_s, said * np.float32(10 ** (gain_db / 20))
        at_s += _EVERY_S + random.uniform(0.0, 1.0)


def hold(room: str, count: int, seed: int, folder: Path) -> list[dict[str, float | None]]:
    """One conversation; an entry for each phrase over an answer."""
    gain_db = float(room.split(",")[1])
    said = list(phrases(count, gain_db, seed))
    sound = silence(round((said[-1][0] + 4.0) * SPEECH_RATE_HZ))
    for at_s, phrase in said:
        first = round(at_s * SPEECH_RATE_HZ)
        sound[first : first + len(phrase)] += phrase
    files = [folder / name for name in ("user.wav", "reply.wav", "events.jsonl")]
    soundfile.write(files[0], sound, SPEECH_RATE_HZ, subtype="PCM_16")
    ends = ("--input", files[0], "--output", files[1], "--events", files[2], "--room", room)
    command = [sys.executable, "-m", "localvoice", "talk", *map(str, ends), *_ENGINES]
    with prompt_service() as environ:
        subprocess.run(command, env=os.environ | environ, check=True, stdout=subprocess.DEVNULL)
    events = [json.loads(line) for line in files[2].read_text(encoding="utf-8").splitlines()]
    played, rate_hz = soundfile.read(files[1], dtype="float32")
    audible = np.flatnonzero(np.abs(played) > _AUDIBLE) / rate_hz
    return [_look((at_s + first_sound(one), at_s + first_speech(one)), events, audible) for at_s, one in said[1:]]


def _look(onsets: tuple[float, float], events: list[dict[str, Any]], audible: np.ndarray) -> dict[str, float | None]:
    """What came of a phrase with that first sound and first speech, in ms; nothing where no answer was sounding."""
    onset_s, speech_s = onsets
    if not np.any((audible > onset_s - 0.3) & (audible <= onset_s)):
        return {}
    cuts = [one for one in events if one["type"] == "barge_in" and onset_s <= one["t"] <= onset_s + _WITHIN_S]
    if not cuts:
        return {"stop_ms": None}
    # what sounds behind the next beginning is another answer: the stand-in takes every pause for the end of a turn
    begun = (one["t"] for one in events if one["type"] == "reply_started" and one["t"] > cuts[0]["t"])
    ends_s = min(cuts[0]["t"] + 0.3, next(begun, math.inf))
    last_s = audible[audible < ends_s].max()
    return {
        "stop_ms": round(1000 * max(0.0, last_s - onset_s)),
        "speech_stop_ms": round(1000 * max(0.0, last_s - speech_s)),
        "detect_ms": round(1000 * (cuts[0]["t"] - onset_s)),
        "cut_ms": round(1000 * max(0.0, last_s - cuts[0]["t"])),
        "told_stop_ms": round(cuts[0]["stop_ms"]),
        "told_cut_ms": round(cuts[0]["cut_ms"]),
    }


def summary(looks: list[dict[str, float | None]]) -> dict[str, Any]:
    """p50 and p95 of everything."""
    over = [one for one in looks if one]
    cut = [one for one in over if one["stop_ms"] is not None]
    names = cut[0] if cut else {}
    quantiles = {
        name: [round(float(np.quantile([one[name] for one in cut], q))) for q in (0.5, 0.95)] for name in names
    }
    return {"phrases": len(looks), "over_an_answer": len(over), "cut": len(cut)} | quantiles


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", nargs="+", default=ROOMS, help="as `--room` takes them")
    parser.add_argument("--phrases", type=int, default=5, help="over answers, in each room")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found: dict[str, list[dict[str, float | None]]] = {}
    for number, room in enumerate(options.rooms):
        with tempfile.TemporaryDirectory() as folder:
            found[room] = hold(room, options.phrases, options.seed + number, Path(folder))
        print(room, found[room], file=sys.stderr, flush=True)
    firsts, later = [looks[0] for looks in found.values()], [look for looks in found.values() for look in looks[1:]]
    told = {"first of a conversation": summary(firsts), "later ones": summary(later), "all": summary(firsts + later)}
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
