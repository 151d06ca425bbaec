"""What a benchmark came to: percentiles, advice, JSON, and what changed since another one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from localvoice.bench.measuring import Measured
from localvoice.config import Config
from localvoice.doctor.stages import LIMITS
from localvoice.errors import FileError, unreadable
from localvoice.metrics import STAGES, nearest_rank

FORMAT = 1
"""Of the JSON; raised when a reader has to know."""

TARGET_MS = 500.0
"""End to end (product contract, section 7)."""

_CHANGED = 0.10
_CHANGED_MS = 10.0
"""What changed less is chance: a tenth, and 10 ms."""

_STAGE_LIMITS = {"stt_ms": "stt", "llm_first_token_ms": "llm", "tts_first_audio_ms": "tts"}


@dataclass(frozen=True, slots=True)
class Load:
    """What the session took of the machine."""

    seconds: float
    """Wall time of the dialogue."""
    cpu_s: float
    memory_mb: float
    """The most that was seen."""


def result(measured: Measured, load: Load, about: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The benchmark as JSON will hold it. Times are milliseconds.

    `about` holds `engines` and `starters` as `session_started` names them, and whatever else is to stand there.
    """
    names = [*(name for name, _ in STAGES), "total_ms"]
    stages = {name: _percentiles([one.stages.get(name, 0.0) for one in measured.answers]) for name in names}
    end_to_end = _percentiles([one.measured_ms for one in measured.answers])
    interruptions = measured.interruptions
    figures = {
        "stages": stages,
        "end_to_end_ms": end_to_end,
        "barge_in": {
            "detect_ms": _percentiles([one.detect_ms for one in interruptions]),
            "cut_ms": _percentiles([one.cut_ms for one in interruptions]),
            "stop_ms": _percentiles([one.stop_ms for one in interruptions]),
            "measured_stop_ms": _percentiles([one.measured_ms for one in interruptions]),
        },
        "cpu": {"seconds": round(load.cpu_s, 2), "cores": round(load.cpu_s / max(load.seconds, 0.001), 3)},
        "memory_mb": round(load.memory_mb, 1),
    }
    return {
        "format": FORMAT,
        **about,
        "seconds": round(load.seconds, 2),
        **figures,
        "answers": [asdict(one) for one in measured.answers],
        "interruptions": [asdict(one) for one in interruptions],
        "false_alarms": [asdict(one) for one in measured.false_alarms],
        "unanswered": list(measured.unanswered),
        "advice": list(_advice(stages, end_to_end, config, about)),
    }


def _percentiles(values: Sequence[float]) -> dict[str, float] | None:
    """None where nothing was measured."""
    if not values:
        return None
    return {"p50": round(nearest_rank(values, 0.50), 1), "p95": round(nearest_rank(values, 0.95), 1)}


def _advice(
    stages: Mapping[str, Any], end_to_end: Mapping[str, float] | None, config: Config, about: Mapping[str, Any]
) -> Iterator[str]:
    if end_to_end is None:
        yield "No line was answered: look at `localvoice doctor`, then run it again with --record DIR and replay that."
        return
    for name, stage in _STAGE_LIMITS.items():
        median, limit = stages[name]["p50"], LIMITS[stage]
        if median > limit.most_ms and about["engines"][stage] not in about["starters"]:
            yield f"{STAGE_NAMES[name]}: {median:.0f} ms at the median, {limit.most_ms:.0f} would do: {limit.change}."
    total, budget = end_to_end["p50"], config.session.latency_budget_ms
    if total > TARGET_MS:
        over = f"over your budget of {budget} ms" if total > budget else f"the target is {TARGET_MS:.0f}"
        yield f"End to end: {total:.0f} ms at the median, {over}: {_slowest(stages, about['engines']['turn'])}."
    if about["starters"]:
        yield "Starters were measured: `localvoice models download` gets engines that understand more."


def _slowest(stages: Mapping[str, Any], turn_detector: str) -> str:
    name = max((name for name, _ in STAGES), key=lambda one: stages[one]["p50"])
    share = f"most of it is {STAGE_NAMES[name].lower()} ({stages[name]['p50']:.0f} ms)"
    if name != "endpoint_ms":
        return share
    if "smart-turn" not in turn_detector:
        return f"{share}; `localvoice models download smart-turn-v3.2` hears when you have finished"
    return f"{share}; `--patience fast` waits less"


STAGE_NAMES: Mapping[str, str] = {
    "endpoint_ms": "End of turn",
    "stt_ms": "Recogniser",
    "llm_first_token_ms": "First token",
    "llm_first_sentence_ms": "First clause",
    "tts_first_audio_ms": "First speech",
    "playback_ms": "Playback",
    "total_ms": "All stages",
}
"""For people."""


def rows(found: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float] | None]]:
    """Every figure with percentiles, by the name it is shown under."""
    for name, title in STAGE_NAMES.items():
        yield title, found["stages"].get(name)
    yield "End to end, in the sound", found["end_to_end_ms"]
    yield "Barge-in: onset to silence", found["barge_in"]["stop_ms"]
    yield "  the same in the sound", found["barge_in"]["measured_stop_ms"]
    yield "  decision to silence", found["barge_in"]["cut_ms"]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure now and then."""

    title: str
    before: float
    after: float

    @property
    def is_real(self) -> bool:
        """Whether it is more than chance."""
        return abs(self.after - self.before) > max(_CHANGED_MS, _CHANGED * self.before)

    @property
    def told(self) -> str:
        """`slower`, `faster`, or nothing."""
        if not self.is_real:
            return ""
        return "slower" if self.after > self.before else "faster"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Median and 95th percentile of every figure that both have."""
    before = dict(rows(old))
    for title, after in rows(new):
        then = before.get(title)
        if after is not None and then is not None:
            for rank in ("p50", "p95"):
                yield Change(f"{title.strip()} {rank}", then[rank], after[rank])


def read_result(path: Path) -> dict[str, Any]:
    """A result of `localvoice bench --json`. Raises `FileError` where it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        written = int(found["format"])
        list(rows(found))
    except FileNotFoundError as error:
        raise FileError(f"there is no file {path}: make one with `localvoice bench --json > {path}`") from error
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileError(f"{path} is no result of `localvoice bench --json`: name one") from error
    if written != FORMAT:
        raise FileError(f"{path} is in format {written}, this version compares format {FORMAT}: measure again")
    return dict(found)
