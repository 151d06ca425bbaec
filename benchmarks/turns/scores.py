"""What came of a system on dialogues with labelled pauses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.turns.corpus import LabelledPause
from benchmarks.turns.dialogue import Dialogue
from benchmarks.turns.intervals import quantile_ms, share_95
from localvoice.turn.words import turn_words

REPLY_S = 0.12
"""From the end of a turn to the first sample of a reply, where model and voice take 80 and 40 ms."""

READ_MEDIAN_S, READ_SPREAD = 0.2, 0.39
"""Pauses of people who read aloud, as a log-normal: the median and 90th percentile (0.33) of 112 pauses inside 153
telephone prompts, as the program's gate finds them (asterisk-core-sounds-en-wav, 2026-11-21)."""

INSIDE, BETWEEN = "inside a sentence", "between sentences"


@dataclass
class Score:
    """What came of one system."""

    delays_s: list[float] = field(default_factory=list)
    """From the end of speech to the end of the turn."""
    pauses: Counter[str] = field(default_factory=Counter)
    """Inside a thought, by kind of sentence and by length."""
    early: Counter[str] = field(default_factory=Counter)
    """Those that were taken for the end."""
    read: list[tuple[float, bool]] = field(default_factory=list)
    """Of each pause inside a thought, how common its length is among those of `READ_MEDIAN_S`, and whether it was
    taken for the end: what the corpus's evenly drawn pauses tell of usual ones."""
    heard: int = 0
    """Of `early`, where the user was still silent when a reply would have sounded."""
    missed: int = 0
    """Turns whose end was not noticed within the gap behind them."""

    def add(self, dialogue: Dialogue, ends: Sequence[float]) -> None:
        """Count one dialogue."""
        for number, (begun_s, turn) in enumerate(dialogue.turns):
            until_s = dialogue.turns[number + 1][0] if number + 1 < len(dialogue.turns) else float("inf")
            own = [end_s - begun_s for end_s in ends if begun_s <= end_s < until_s]
            *inside, last = turn.pauses()
            for pause in inside:
                resumes_s = pause.speech_end_s + pause.pause_s
                hits = [end_s for end_s in own if pause.speech_end_s < end_s <= resumes_s]
                for label in ("all", f"by {_family(turn.source)}", *_labels(pause)):
                    self.pauses[label] += 1
                    self.early[label] += bool(hits)
                self.read.append((_commonness(pause.pause_s), bool(hits)))
                self.heard += bool(hits) and hits[0] + REPLY_S <= resumes_s
            after = [end_s - last.speech_end_s for end_s in own if end_s > last.speech_end_s]
            self.delays_s += after[:1]
            self.missed += not after

    def figures(self) -> dict[str, Any]:
        """For the table and the JSON."""
        count, early = self.pauses["all"], self.early["all"]
        low, high = share_95(early, count)
        return {
            "ends": len(self.delays_s),
            "missed": self.missed,
            "delay_ms_p50": quantile_ms(self.delays_s, 0.5),
            "delay_ms_p95": quantile_ms(self.delays_s, 0.95),
            "delay_ms_mean": round(1000 * sum(self.delays_s) / max(1, len(self.delays_s))),
            "pauses": count,
            "early": early,
            "early_per_100": round(100 * early / count, 1),
            "early_per_100_95": [round(100 * low, 1), round(100 * high, 1)],
            "early_per_100_as_read": round(
                100 * sum(w for w, is_early in self.read if is_early) / _total(self.read), 1
            ),
            "early_and_heard_per_100": round(100 * self.heard / count, 1),
            "early_by": {label: f"{self.early[label]} of {self.pauses[label]}" for label in sorted(self.pauses)},
        }


def _labels(pause: LabelledPause) -> tuple[str, ...]:
    place = BETWEEN if pause.is_between_sentences else INSIDE
    return pause.kind, place, _length(pause.pause_s), _reading(pause.words)


def _commonness(pause_s: float) -> float:
    """Of a length of pause among people who read, against evenly drawn ones; not to scale."""
    return math.exp(-0.5 * (math.log(pause_s / READ_MEDIAN_S) / READ_SPREAD) ** 2) / pause_s


def _total(weighed: Sequence[tuple[float, bool]]) -> float:
    return sum(weight for weight, _ in weighed) or 1.0


def _family(source: str) -> str:
    return source if source in {"espeak-ng", "flite"} else "recording"


def _length(pause_s: float) -> str:
    return "pause < 300 ms" if pause_s < 0.3 else "pause < 600 ms" if pause_s < 0.6 else "pause of 600 ms and more"


def _reading(words: str) -> str:
    likely = turn_words().probability(words)
    return "words that may be all" if likely is not None and likely >= 0.5 else "words that want more"
