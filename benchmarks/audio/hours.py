"""Hours of our own voice in simulated rooms, in parts: `python -m benchmarks.audio.hours [--hours H] [--parts FILE]`.

Every part is one scene and one line of the file; what is there already is not played again, so a run may be broken off
and gone on with. Rooms are not those that anything was chosen on. Figures: docs/echo.md.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.audio.intervals import per_hour
from benchmarks.audio.scene import Conversation, Scene, draw_scenes
from localvoice.audio.own_voice import Bars
from localvoice.audio.vad import load_vad

ROOMS = 40
FIRST = 1000
"""Number of the first room; choosing and reporting rooms of echo.py are far below."""
SECONDS = 120.0
"""Of a scene; each begins with a canceller that knows nothing."""
COLD_S = 10.0


def scenes(hours: float) -> list[Scene]:
    """All rooms once, then all of them again with other words and other reflections."""
    rooms = draw_scenes(ROOMS, first=FIRST, seconds=SECONDS)
    count = round(3600 * hours / SECONDS)
    return [replace(rooms[at % ROOMS], seed=FIRST + at) for at in range(count)]


def play(scene: Scene, bars: Bars) -> dict[str, object]:
    """One line of the file."""
    outcome = Conversation(scene, load_vad("silero"), bars).run()
    facts = {"own_s": round(outcome.own_s, 2), "pauses": outcome.pauses, "cuts": outcome.cuts}
    return {"seed": scene.seed, "own_voice": scene.own_voice, "room": asdict(scene.room)} | facts


def summary(parts: list[dict[str, object]]) -> dict[str, object]:
    """What all parts come to; drift bands apart."""
    bands = sorted({part["room"]["drift_ppm"] for part in parts})
    chosen = {f"{band:+.0f} ppm": [part for part in parts if part["room"]["drift_ppm"] == band] for band in bands}
    return {name: _figures(some) for name, some in ({"all": parts} | chosen).items()}


def _figures(parts: list[dict[str, object]]) -> dict[str, object]:
    hours = sum(part["own_s"] for part in parts) / 3600
    pauses = [at_s for part in parts for at_s in part["pauses"]]
    cuts = [at_s for part in parts for at_s in part["cuts"]]
    return {
        "hours": round(hours, 2),
        "starts": len(parts),
        "false_pauses": len(pauses),
        "false_pauses_per_min": round(len(pauses) / hours / 60, 2),
        "in_the_first_10_s": sum(at_s < COLD_S for at_s in pauses),
        "false_cuts": len(cuts),
        "cuts_in_the_first_10_s": sum(at_s < COLD_S for at_s in cuts),
        "false_cuts_per_hour_95": per_hour(len(cuts), hours),
    }


def main() -> None:
    """Play what is missing, then print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--parts", type=Path, default=Path("own-voice-hours.jsonl"))
    options = parser.parse_args()
    os.nice(10)
    lines = options.parts.read_text(encoding="utf-8").splitlines() if options.parts.exists() else []
    parts = [json.loads(line) for line in lines]
    done = {part["seed"] for part in parts}
    for scene in scenes(options.hours):
        if scene.seed in done:
            continue
        parts.append(play(scene, Bars()))
        with options.parts.open("a", encoding="utf-8") as file:
            file.write(json.dumps(parts[-1]) + "\n")
    print(json.dumps(summary(parts), indent=2))


if __name__ == "__main__":
    main()
