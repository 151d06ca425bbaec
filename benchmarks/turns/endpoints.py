"""When turns end, and how often too early: `python -m benchmarks.turns.endpoints [--people DIR ...] [--json FILE]`.

Turns with labelled pauses (corpus.py) through the real VAD, gate and turn-taking, with words of a scripted recogniser
and smart-turn's own vote, in simulated time; beside them smart-turn alone and fixed silences on the same VAD. Figures:
docs/turn-taking.md. Needs the programs espeak-ng and flite; smart-turn's file comes from scripts/ensure_smart_turn.sh.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from benchmarks.turns.corpus import Half, SpokenTurn, turns
from benchmarks.turns.dialogue import SMART_TURN, Dialogue, Ear, Taking, Votes, dialogues
from benchmarks.turns.intervals import quantile_ms, share_95
from benchmarks.turns.people import turns_of_people
from localvoice.audio.vad import WINDOW_S
from localvoice.config import PATIENCE_MS, Config, SessionConfig, TurnConfig, VadConfig
from localvoice.turn.speech_gate import Edge, SpeechGate
from localvoice.turn.words import turn_words

WORDS_S = 0.05
"""What the scripted recogniser takes from the pause to its words."""
SLOW_WORDS_S = 0.3

FIXED_MS = range(200, 1001, 100)

PIPECAT_STOP_S, PIPECAT_LIMIT_S = 0.2, 3.0
"""smart-turn alone is asked after this silence, once, and where it says "unfinished" the turn ends after the second
(pipecat's defaults: VAD `stop_secs`, smart-turn `stop_secs`)."""

REPLY_S = 0.12
"""From the end of a turn to the first sample of a reply, where model and voice take 80 and 40 ms."""

READ_MEDIAN_S, READ_SPREAD = 0.2, 0.39
"""Pauses of people who read aloud, as a log-normal: the median and 90th percentile (0.33) of 112 pauses inside 153
telephone prompts, as the program's gate finds them (asterisk-core-sounds-en-wav, 2026-11-21)."""

Ends = Callable[[Dialogue], list[float]]
"""A system: when it takes a turn for finished, in a dialogue."""


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
                labels = ("all", turn.kind, f"by {_family(turn.source)}", _length(pause.pause_s), _reading(pause.words))
                for label in labels:
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


# the systems


def ours(turn: TurnConfig, votes: Votes, language: str = "en") -> Ends:
    """The program's own turn-taking."""
    config = Config(turn=turn, session=SessionConfig(language=language))
    return lambda dialogue: [end.at_s for end in Taking(dialogue, config, votes).run()]


def fixed(silence_ms: int) -> Ends:
    """The same with one wait for everything, and no votes."""
    turn = TurnConfig(sure_ms=silence_ms, silence_ms=silence_ms, limit_ms=silence_ms)
    return ours(turn, Votes(), language="und")


def smart_turn_alone(ear: Ear, sound_s: float) -> Ends:
    """smart-turn's verdict at 0.5, as pipecat asks for it."""

    def ends(dialogue: Dialogue) -> list[float]:
        return list(_ends_by_smart_turn(dialogue, ear, sound_s))

    return ends


def _ends_by_smart_turn(dialogue: Dialogue, ear: Ear, sound_s: float) -> Iterator[float]:
    onset_s: float | None = None
    for start_s, end_s, until_s in silences(dialogue):
        onset_s = start_s if onset_s is None else onset_s
        asked_s = end_s + PIPECAT_STOP_S
        if asked_s < until_s:
            says_finished = ear.finished(dialogue, onset_s, asked_s) > 0.5
            due_s = asked_s + sound_s if says_finished else end_s + PIPECAT_LIMIT_S
            if due_s < until_s:
                yield due_s
                if dialogue.is_over(due_s):
                    onset_s = None


def silences(dialogue: Dialogue) -> Iterator[tuple[float, float, float]]:
    """(onset of the speech before, its end, onset of the speech after), as the gate finds them."""
    gate, before = SpeechGate(VadConfig()), (0.0, 0.0)
    for number, probability in enumerate(dialogue.probabilities, 1):
        edge = gate.step(number * WINDOW_S, probability)
        if edge is Edge.STARTED and before[1]:
            yield (*before, gate.onset_s)
        if edge is Edge.STOPPED:
            before = (gate.onset_s, gate.end_s)
    if before[1]:
        yield (*before, float("inf"))


NO_EAR, NO_VOTES = ", no smart-turn", ", silence only"


def systems(ear: Ear | None) -> dict[str, Ends]:
    """By name, in the order of the table."""
    presets = {patience: TurnConfig(patience=patience) for patience in PATIENCE_MS}
    both = Votes(WORDS_S, ear)
    found: dict[str, Ends] = {}
    if ear is not None:
        found |= {patience: ours(turn, both) for patience, turn in presets.items()}
        found[f"normal, words {1000 * SLOW_WORDS_S:.0f} ms late"] = ours(presets["normal"], Votes(SLOW_WORDS_S, ear))
        found["normal, no words"] = ours(presets["normal"], Votes(None, ear), language="und")
    found |= {patience + NO_EAR: ours(turn, Votes(WORDS_S)) for patience, turn in presets.items()}
    found |= {patience + NO_VOTES: ours(turn, Votes(), language="und") for patience, turn in presets.items()}
    if ear is not None:
        found["smart-turn alone"] = smart_turn_alone(ear, both.sound_s)
    return found | {f"{silence_ms} ms of silence": fixed(silence_ms) for silence_ms in FIXED_MS}


def measure(spoken: Iterable[SpokenTurn], model: Path) -> dict[str, Any]:
    """All systems on these turns."""
    ear = Ear(model) if model.is_file() else None
    if ear is None:
        _say("no smart-turn: sh scripts/ensure_smart_turn.sh fetches it; going on without")
    named = systems(ear)
    scores = {name: Score() for name in named}
    for dialogue in dialogues(spoken):
        _say(f"{dialogue.speaker}: {len(dialogue.turns)} turns, {len(dialogue.sound) / 16000 / 60:.1f} min")
        for name, ends in named.items():
            scores[name].add(dialogue, ends(dialogue))
        if ear is not None:
            ear.keep()
    return {name: score.figures() for name, score in scores.items()}


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


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=get_args(Half), default="reporting")
    parser.add_argument("--clips", type=Path, help="folder of recordings whose transcripts are known")
    parser.add_argument("--people", type=Path, nargs="+", help="folders of recordings instead (people.py)")
    parser.add_argument("--model", type=Path, default=SMART_TURN)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="a PNG of delay against early ends; needs matplotlib")
    options = parser.parse_args()
    spoken = turns(options.half, options.clips)
    if options.people:
        spoken = chain.from_iterable(turns_of_people(folder, options.half) for folder in options.people)
    figures = measure(spoken, options.model)
    print(table(figures))
    if options.json is not None:
        machine = f"{platform.machine()} {platform.system()}"
        told = {"machine": machine, "python": platform.python_version(), "half": options.half, "systems": figures}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if options.plot is not None:
        from benchmarks.turns.plot import plot

        plot(figures, options.plot)


if __name__ == "__main__":
    main()
