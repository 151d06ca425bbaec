"""When turns end, and how often too early: `python -m benchmarks.turns.endpoints [--people DIR ...] [--json FILE]`.

Turns with labelled pauses (corpus.py) through the real VAD, gate and turn-taking, with words of a scripted recogniser
and smart-turn's own vote, in simulated time; beside them smart-turn alone and fixed silences on the same VAD. Figures:
docs/turn-taking.md. Needs the programs espeak-ng and flite; smart-turn's file comes from scripts/ensure_smart_turn.sh.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any, get_args

from benchmarks.turns.corpus import Half, SpokenTurn, turns
from benchmarks.turns.dialogue import SMART_TURN, TURN_READER, Ear, Reader, dialogues
from benchmarks.turns.people import Kind, turns_of_people
from benchmarks.turns.scores import BETWEEN, INSIDE, Score
from benchmarks.turns.systems import LATER, NO_EAR, READ, by_whisper, systems
from benchmarks.turns.whispered import Whispered
from localvoice.config import PATIENCE_MS

TITLES = ("their own pauses, all recordings", "their own pauses, one half", "evenly drawn pauses, one half")
"""Tables of people: the half is the one on which no weight was fitted."""
OF_PEOPLE = frozenset({
    *PATIENCE_MS,
    *LATER,
    *("normal, no words", "normal" + NO_EAR, "smart-turn alone"),
    *(patience + READ for patience in PATIENCE_MS),
    "normal" + NO_EAR + READ,
    *(f"{silence_ms} ms of silence" for silence_ms in (300, 400, 600, 800)),
})  # fmt: skip
"""What they are measured with."""


def measure(spoken: Iterable[SpokenTurn], model: Path) -> dict[str, Any]:
    """All systems on these turns."""
    ear, reader = Ear(model) if model.is_file() else None, reader_of()
    if ear is None:
        _say("no smart-turn: sh scripts/ensure_smart_turn.sh fetches it; going on without")
    named = systems(ear, reader)
    scores = {name: Score() for name in named}
    for dialogue in dialogues(spoken):
        _say(f"{dialogue.speaker}: {len(dialogue.turns)} turns, {len(dialogue.sound) / 16000 / 60:.1f} min")
        for name, ends in named.items():
            scores[name].add(dialogue, ends(dialogue))
        for known in (ear, reader):
            if known is not None:
                known.keep()
    return {name: score.figures() for name, score in scores.items()}


def reader_of() -> Reader | None:
    """The turn reader, where it has been fetched."""
    if TURN_READER.is_file():
        return Reader(TURN_READER)
    _say("no turn reader: sh scripts/ensure_turn_reader.sh fetches it; going on without")
    return None


def table(figures: dict[str, Any]) -> str:
    """As docs/turn-taking.md holds it."""
    lines = [
        "| | end of speech to end of turn, p50 / p95, ms | early, per 100 (95 %) | and heard | pauses as read |",
        "|---|---|---|---|---|",
    ]
    for name, row in figures.items():
        low, high = row["early_per_100_95"]
        delays = f"{row['delay_ms_p50']} / {row['delay_ms_p95']}"
        early = f"{row['early_per_100']} ({low}-{high})"
        shares = f"{row['early_and_heard_per_100']} | {row['early_per_100_as_read']}"
        lines.append(f"| {name} | {delays} | {early} | {shares} |")
    name = "normal" if "normal" in figures else next(iter(figures))
    row = figures[name]
    by = ", ".join(f"{label}: {share}" for label, share in row["early_by"].items())
    counted = f"{row['pauses']} pauses inside a thought, {row['ends']} ends."
    return "\n".join([*lines, "", counted, f"Early ends of `{name}`: {by}."])


def table_of_people(figures: dict[str, Any]) -> str:
    """The same for recordings whose sentences are known."""
    lines = [
        f"| | end of speech to end of turn, p50 / p95, ms | early, per 100 (95 %) | and heard | {INSIDE} | {BETWEEN} |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in figures.items():
        low, high = row["early_per_100_95"]
        early = f"{row['early_per_100']} ({low}-{high}) | {row['early_and_heard_per_100']}"
        by = " | ".join(row["early_by"].get(place, "-") for place in (INSIDE, BETWEEN))
        lines.append(f"| {name} | {row['delay_ms_p50']} / {row['delay_ms_p95']} | {early} | {by} |")
    row = next(iter(figures.values()))
    return "\n".join([*lines, "", f"{row['pauses']} pauses inside a thought, {row['ends']} ends."])


def of_people(
    folders: list[Path], half: Half, model: Path, *, strangers: bool = False, whispered: Whispered | None = None
) -> dict[str, dict[str, Any]]:
    """Some systems on recordings of people, by what their pauses are; the weights come from the choosing half.

    `strangers`: each turn is the first of its session. `whispered`: with its words, and few systems beside them.
    """
    ear, reader = Ear(model), reader_of() if whispered is None else None
    every = systems(ear, reader) if whispered is None else by_whisper(ear, whispered)
    named = {name: ends for name, ends in every.items() if whispered is not None or name in OF_PEOPLE}
    scores = {title: {name: Score() for name in named} for title in TITLES}
    for folder, each, kind in product(folders, get_args(Half), get_args(Kind)):
        titles = [TITLES[0]] * (kind == "natural") + [TITLES[1 + (kind == "inserted")]] * (each == half)
        spoken = [turn for turn in turns_of_people(folder, each) if turn.kind == kind] if titles else []
        _say(f"{folder.name}, {each}, {kind}: {len(spoken)} turns")
        for dialogue in dialogues(spoken, of_strangers=strangers):
            for name, ends in named.items():
                found = ends(dialogue)
                for title in titles:
                    scores[title][name].add(dialogue, found)
        for known in (ear, reader, whispered):
            if known is not None:
                known.keep()
    return {title: {name: score.figures() for name, score in rows.items()} for title, rows in scores.items()}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=get_args(Half), default="reporting")
    parser.add_argument("--clips", type=Path, help="folder of recordings whose transcripts are known")
    parser.add_argument("--people", type=Path, nargs="+", help="folders of recordings instead (people.py)")
    parser.add_argument("--strangers", action="store_true", help="each turn of --people is the first of its session")
    parser.add_argument("--whisper", type=Path, help="with --people: words as this Whisper model reads them")
    parser.add_argument("--model", type=Path, default=SMART_TURN)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="a PNG of delay against early ends; needs matplotlib")
    options = parser.parse_args()
    if options.strangers and not options.people:
        parser.error("--strangers is for --people: synthetic voices are always one conversation each")
    if options.whisper is not None and (not options.people or options.plot is not None):
        parser.error("--whisper is for --people, and has no picture")
    if options.people:
        whispered = None if options.whisper is None else Whispered(options.whisper)
        tables = of_people(
            options.people, options.half, options.model, strangers=options.strangers, whispered=whispered
        )
        for title, figures in tables.items():
            print(f"{title}\n\n{table_of_people(figures)}\n")
    else:
        tables = {options.half: measure(turns(options.half, options.clips), options.model)}
        print(table(tables[options.half]))
    if options.json is not None:
        machine = f"{platform.machine()} {platform.system()}"
        told = {"machine": machine, "python": platform.python_version(), "tables": tables}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if options.plot is not None:
        from benchmarks.turns.plot import plot, plot_people

        if options.people:
            plot_people(tables, options.plot)
        else:
            plot(tables[options.half], options.plot)


if __name__ == "__main__":
    main()
