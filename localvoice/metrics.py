"""Latencies: the share of each stage in the wait between the user's last sound and our first."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial

from localvoice.messages import Stage, Turn

_TURNS_KEPT = 1000
"""Turns that a session's percentiles are made of, the latest ones: hours of talk, and 60 kB."""

STAGES: tuple[tuple[str, Stage], ...] = (
    ("endpoint_ms", Stage.TURN_ENDED),
    ("stt_ms", Stage.TRANSCRIPT),
    ("llm_first_token_ms", Stage.FIRST_TOKEN),
    ("llm_first_sentence_ms", Stage.FIRST_SENTENCE),
    ("tts_first_audio_ms", Stage.FIRST_SPEECH),
    ("playback_ms", Stage.FIRST_AUDIO),
)
"""Each stage and the moment that ends it, in their order on the critical path."""


def stage_shares(turn: Turn) -> dict[str, float]:
    """Milliseconds per stage, from the end of the user's speech on; they add up to `total_ms`.

    A stage that did not happen (no voice, a reply cut before its first sound) counts 0, and so does work that was done
    before the stage before it ended.
    """
    start_s = turn.times.get(Stage.SPEECH_STOPPED)
    shares = dict.fromkeys((name for name, _ in STAGES), 0.0)
    if start_s is None:
        return shares | {"total_ms": 0.0}
    heard_ms = _since(start_s, turn.times.get(Stage.FIRST_AUDIO))
    reached_ms = 0.0
    for name, stage in STAGES:
        at_ms = _since(start_s, turn.times.get(stage))
        if at_ms is not None and at_ms > reached_ms:
            at_ms = at_ms if heard_ms is None else max(reached_ms, min(at_ms, heard_ms))
            shares[name] = round(at_ms - reached_ms, 1)
            reached_ms = at_ms
    return shares | {"total_ms": reached_ms}


def _since(start_s: float, at_s: float | None) -> float | None:
    """Milliseconds in tenths: rounded before they are subtracted, so that the shares add up to the rounded total."""
    return None if at_s is None else round((at_s - start_s) * 1000, 1)


def saved_ms(turn: Turn) -> float:
    """How much later the reply would have sounded, had nothing been prepared during the wait for the turn's end."""
    began_s, ended_s = turn.times.get(Stage.PREPARED), turn.times.get(Stage.TURN_ENDED)
    if began_s is None or ended_s is None:
        return 0.0
    ready = (Stage.FIRST_SPEECH, Stage.FIRST_SENTENCE, Stage.FIRST_TOKEN, Stage.TRANSCRIPT)
    ready_s = next((turn.times[stage] for stage in ready if stage in turn.times), ended_s)
    return round(max(0.0, min(ready_s, ended_s) - began_s) * 1000, 1)


@dataclass(slots=True)
class PreparedAnswers:
    """What became of the answers that were prepared in a session."""

    used: int = 0
    saved_ms: float = 0.0
    """By which the used ones sounded earlier, all together."""
    dropped: int = 0
    dropped_characters: int = 0
    """Written by the model for nothing."""

    def use(self, turn: Turn) -> None:
        """The reply is over, and its transcript at least had been prepared."""
        self.used += 1
        self.saved_ms = round(self.saved_ms + saved_ms(turn), 1)

    def drop(self, characters: int) -> None:
        """The user went on, or wanted no answer; so much of it was written."""
        self.dropped += 1
        self.dropped_characters += characters

    def told(self) -> dict[str, float]:
        """As a field of `session_ended`."""
        return asdict(self)


class LatencyLog:
    """The stage shares of the last thousand turns of a session, as percentiles."""

    def __init__(self) -> None:
        self._values: defaultdict[str, deque[float]] = defaultdict(partial(deque, maxlen=_TURNS_KEPT))

    def add(self, shares: Mapping[str, float]) -> None:
        """Take one turn."""
        for name, value in shares.items():
            self._values[name].append(value)

    def percentiles(self) -> dict[str, dict[str, float]]:
        """`{"p50": {stage: ms}, "p95": {stage: ms}}`, empty without turns."""
        return {
            name: {stage: nearest_rank(values, share) for stage, values in self._values.items()}
            for name, share in (("p50", 0.50), ("p95", 0.95))
        }


def nearest_rank(values: Collection[float], share: float) -> float:
    """The percentile by nearest rank: a value that occurred."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(share * len(ordered), 6)) - 1)]
