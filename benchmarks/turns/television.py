"""People who ask beside a television: `python -m benchmarks.turns.television --asking DIR --talking DIR ...`.

Folders as people.py has them. Those of `--talking` go on all the time, one after the other, so many dB below whoever
asks; turn-taking hears both through the real front end, in simulated time, with the words of the one who asks. Without
levels it is as beside a loudspeaker of ours, where nobody knows who is nearer. Figures: docs/turn-taking.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.audio.voices import active_level
from benchmarks.turns.corpus import frames
from benchmarks.turns.dialogue import GAP_S as SILENCE_S
from benchmarks.turns.dialogue import Dialogue, Taking, Votes, dialogue, heard
from benchmarks.turns.intervals import quantile_ms
from benchmarks.turns.people import turns_of_people
from localvoice.audio.samples import Samples, silence
from localvoice.config import Config

BELOW_DB = (None, 20, 15, 10)
"""None: nobody else talks."""
WORDS_S = 0.05
GAP_S = 0.35
"""Between two sentences of the television."""
EARLY_S = 0.05
"""So long before the last sample a turn may end."""


@dataclass
class Seen:
    """What came of all turns."""

    delays_s: list[float] = field(default_factory=list)
    early: int = 0
    answered: int = 0
    """Ends behind the right one: what the television said was taken for a turn."""
    missed: int = 0
    minutes: float = 0.0

    def add(self, said: Dialogue, ends_s: list[float]) -> None:
        """Count one dialogue."""
        self.minutes += len(said.sound) / frames(60.0)
        begun = [*said.turns, (len(said.sound) / frames(1.0), said.turns[-1][1])]
        for (begun_s, turn), (until_s, _) in pairwise(begun):
            over_s = begun_s + turn.phrases[-1].end_s
            own = [end_s for end_s in ends_s if begun_s <= end_s < until_s]
            behind = [end_s for end_s in own if end_s >= over_s - EARLY_S]
            self.early += len(own) - len(behind)
            self.missed += not behind
            self.delays_s += [end_s - over_s for end_s in behind[:1]]
            self.answered += max(0, len(behind) - 1)

    def figures(self) -> dict[str, Any]:
        """One row. Where the end was missed it counts as the whole silence behind the turn."""
        delays = [*self.delays_s, *[SILENCE_S] * self.missed]
        p50, p80 = (quantile_ms(delays, share) for share in (0.5, 0.8))
        return {
            "turns": len(delays),
            "delay_ms": [p50, p80],
            "missed": self.missed,
            "early": self.early,
            "television_answered_per_min": round(self.answered / self.minutes, 1),
        }


def television(folders: list[Path], length: int) -> Samples:
    """Their recordings as they are spoken, one after the other, at an RMS of 1 where they sound."""
    spoken = [turn for folder in folders for turn in turns_of_people(folder) if turn.kind == "natural"]
    parts: list[Samples] = []
    for turn in cycle(spoken):
        parts += [turn.samples / active_level(turn.samples), silence(frames(GAP_S))]
        if sum(map(len, parts)) >= length:
            break
    return np.concatenate(parts)[:length].astype(np.float32)


def beside(said: Dialogue, others: Samples, below_db: float) -> Dialogue:
    """The dialogue with the others, who are so far below the one who asks."""
    gain = active_level(said.sound) * 10 ** (-below_db / 20)
    sound = said.sound + np.float32(gain) * others
    return replace(said, sound=sound, windows=list(heard(sound)))


def without_levels(said: Dialogue) -> Dialogue:
    """The same where nobody knows how loud anybody is."""
    return replace(said, windows=[replace(window, level_db=None) for window in said.windows])


def measure(said: Dialogue, others: Samples) -> Iterator[tuple[str, dict[str, Any]]]:
    """All rows."""
    for below_db in BELOW_DB:
        mixed = said if below_db is None else beside(said, others, below_db)
        for name, one in (("", mixed), (", no levels", without_levels(mixed))):
            seen = Seen()
            seen.add(one, [end.at_s for end in Taking(one, Config(), Votes(WORDS_S)).run()])
            yield f"{'nobody' if below_db is None else f'{below_db} dB lower'}{name}", seen.figures()


def main() -> None:
    """Print the rows as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asking", type=Path, required=True)
    parser.add_argument("--talking", type=Path, nargs="+", required=True)
    parser.add_argument("--most", type=int, default=100, help="turns")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    spoken = [turn for turn in turns_of_people(options.asking) if turn.kind == "natural"][: options.most]
    said = dialogue("people", spoken)
    others = television(options.talking, len(said.sound))
    found = {}
    for name, row in measure(said, others):
        found[name] = row
        print(name, json.dumps(row), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
