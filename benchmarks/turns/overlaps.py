"""What sounds over a reply come to: `python -m benchmarks.turns.overlaps [--clips DIR] [--people DIR]`.

Backchannels, coughs, talk to somebody else, a voice in the background, real interruptions and stop words over a reply
that never ends, through the real VAD and turn-taking in simulated time. No loudspeaker takes part: echo is measured by
`benchmarks.audio.echo`. A scripted recogniser reads what was said after a set time; or none does. Figures:
docs/turn-taking.md. With `--people` recordings instead, a folder for each kind of sound. Needs espeak-ng and flite.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.turns.corpus import Half, frames
from benchmarks.turns.intervals import quantile_ms, share_95
from benchmarks.turns.over_reply import Outcome, OverReply, Played, Reader
from benchmarks.turns.overlap_sounds import SITUATIONS, recorded, stream
from benchmarks.turns.whispered import Whispered
from localvoice.audio.backchannel import load_sound_judge
from localvoice.config import TurnConfig

READERS = {"words in 60 ms": 0.06, "words in 250 ms": 0.25, "no words": None}
"""60 ms: a small model on a short sound. 250 ms: a recogniser for whom 400 ms are too short. All with the judge of
sound that is part of the program."""

SHORT_S, SHORT_DUE_S, LONG_DUE_S = 0.2, 0.6, 0.4
"""Full volume is due 600 ms after the onset of a sound of up to 200 ms, else 400 ms after its end (product.md 6)."""


def figures(played: Played) -> dict[str, Any]:
    """What came of one situation."""
    outcomes, minutes = played.outcomes, played.reply_s / 60
    back = [one for one in outcomes if one.resumed_s is not None and one.cut_s is None]
    cut = sum(one.cut_s is not None for one in outcomes)
    low, high = share_95(cut, len(outcomes))
    in_time = sum(_is_in_time(one) for one in back)
    return {
        "sounds": len(outcomes),
        "held": sum(one.held_s is not None for one in outcomes),
        "cut": cut,
        "cut_share": round(cut / len(outcomes), 3),
        "cut_share_95": [round(low, 3), round(high, 3)],
        "reply_minutes": round(minutes, 2),
        "holds_per_min": round(played.holds / minutes, 2),
        "cuts_per_min": round(played.cuts / minutes, 2),
        "onset_to_hold_ms": _both([one.held_s - one.onset_s for one in outcomes if one.held_s is not None]),
        "onset_to_cut_ms": _both([one.cut_s - one.onset_s for one in outcomes if one.cut_s is not None]),
        "end_to_resume_ms": _both([one.resumed_s - one.end_s for one in back if one.resumed_s is not None]),
        "resumed_in_time": f"{in_time} of {len(back)}",
    }


def _both(values_s: list[float]) -> list[float | None]:
    return [quantile_ms(values_s, 0.5), quantile_ms(values_s, 0.95)]


def _is_in_time(one: Outcome) -> bool:
    is_short = one.end_s - one.onset_s <= SHORT_S
    due_s = one.onset_s + SHORT_DUE_S if is_short else one.end_s + LONG_DUE_S
    return one.resumed_s is not None and one.resumed_s <= due_s


def readers(whispered: Whispered | None = None) -> dict[str, Reader]:
    """By name: those of `READERS`, or a Whisper model beside right words and none."""
    judge = load_sound_judge("en")
    named = {name: Reader(words_s, judge) for name, words_s in READERS.items()}
    if whispered is None:
        return named
    model = Reader(min(filter(None, READERS.values())), judge, whispered)
    right, *_, none = named
    believed = {"words of the model": model, "the same, all believed": replace(model, is_doubted=False)}
    return {right: named[right], **believed, none: named[none]}


def measure(half: Half, clips: Path | None, people: Path | None, whispered: Whispered | None = None) -> dict[str, Any]:
    """Every situation with every reader."""
    found, named = dict[str, Any](), readers(whispered)
    by_people = {} if people is None else {one.name: partial(recorded, one) for one in sorted(people.iterdir())}
    for name, sounds_of in (by_people or SITUATIONS).items():
        sounds = stream(list(sounds_of(half, clips)), half)
        if not sounds.sounds:
            continue
        _say(f"{name}: {len(sounds.sounds)} sounds, {len(sounds.sound) / frames(60.0):.1f} min")
        played = OverReply(sounds)
        found[name] = {one: figures(played.run(TurnConfig(), reader)) for one, reader in named.items()}
        if whispered is not None:
            whispered.keep()
    return found


def table(found: dict[str, Any]) -> str:
    """As docs/turn-taking.md holds it."""
    lines = [
        "| sounds | reader | held | cut (95 %) | onset to hold | to cut | end to resume | in time | held, cut / min |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, readers in found.items():
        for reader, row in readers.items():
            low, high = row["cut_share_95"]
            cut = f"{100 * row['cut_share']:.0f} % ({100 * low:.0f}-{100 * high:.0f})"
            times = " | ".join(_pair(row[key]) for key in ("onset_to_hold_ms", "onset_to_cut_ms", "end_to_resume_ms"))
            lines.append(
                f"| {row['sounds']} {name} | {reader} | {row['held']} | {cut} | {times} | {row['resumed_in_time']} "
                f"| {row['holds_per_min']}, {row['cuts_per_min']} |"
            )
    return "\n".join([*lines, "", "Times are p50 / p95 in ms."])


def _pair(values: list[float | None]) -> str:
    return "-" if values[0] is None else f"{values[0]} / {values[1]}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=["choosing", "reporting"], default="reporting")
    parser.add_argument("--clips", type=Path, help="folder of recordings, for voices in the background")
    parser.add_argument("--people", type=Path, help="folders of recordings, KIND/NAME.wav, words in NAME.txt")
    parser.add_argument("--whisper", type=Path, help="words as this Whisper model reads them")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.people is not None and not any(options.people.glob("*/*.wav")):
        parser.error(f"{options.people} has no folders of .wav files")
    whispered = None if options.whisper is None else Whispered(options.whisper)
    found = measure(options.half, options.clips, options.people, whispered)
    print(table(found))
    if options.json is not None:
        machine = f"{platform.machine()} {platform.system()}"
        told = {"machine": machine, "python": platform.python_version(), "half": options.half, "situations": found}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
