"""Where the milliseconds go between a user's first sound over our voice and the cut: `benchmarks.audio.echo --explain`.

`alone` is the bound: when the same detector notices the same user in the same noise while nobody else speaks. Phrases
that begin with a breath count from there, which no detector hears: `speech` is where speech begins (onsets.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.audio.scene import Outcome, Scene, Spoken
from localvoice.audio.duplex import BLOCK
from localvoice.audio.room import Room
from localvoice.audio.samples import Reblocker, silence
from localvoice.audio.vad import WINDOW, WINDOW_S, VoiceActivity
from localvoice.config import VadConfig

_WITHIN_S = 2.0
_NOTICED, _VOICED = VadConfig().duck_threshold, VadConfig().threshold


@dataclass(frozen=True, slots=True)
class Path:
    """One user, ms from his first sound; None where it did not happen within 2 s."""

    speech: float
    alone: float | None
    """Noticed, if nobody else spoke."""
    paused: float | None
    voiced: float | None
    """First window that counts as his voice."""
    judged: float | None
    """The judge of sounds was asked first."""
    cut: float | None
    pauses: int
    """More than one: he was taken for noise or a backchannel before."""


def paths(scene: Scene, outcome: Outcome, vad: VoiceActivity) -> list[Path]:
    """Every user who spoke over our voice."""
    alone = _alone(scene, vad)
    return [_path(user, outcome, alone) for user in outcome.spoken]


def _alone(scene: Scene, vad: VoiceActivity) -> list[float]:
    """Probabilities of the windows without our voice; the detector forgets before each user, as the program's does."""
    user, times = scene.user()
    room, windows = Room(scene.room, seed=scene.seed), Reblocker(WINDOW)
    heard: list[float] = []
    resets = {int((user.start_s - 1.0) / WINDOW_S) for user in times}
    for at in range(0, len(user) - BLOCK + 1, BLOCK):
        for window in windows.feed(room.hear(user[at : at + BLOCK], silence(BLOCK))):
            if len(heard) in resets:
                vad.reset()
            heard.append(vad.probability(window))
    return heard


def _path(user: Spoken, outcome: Outcome, alone: list[float]) -> Path:
    start_s = user.start_s
    paused = _first(start_s, outcome.pauses)
    cut = _first(start_s, outcome.cuts)
    ends = _WITHIN_S if cut is None else cut / 1000
    began = start_s if paused is None else start_s + paused / 1000 - 1e-6
    return Path(
        speech=1000 * (user.speech_s - start_s),
        alone=_first(start_s, _times(alone, _NOTICED)),
        paused=paused,
        voiced=_first(start_s, [at_s for at_s in _times(outcome.windows, _VOICED) if at_s >= began]),
        judged=_first(start_s, [at_s for at_s, _ in outcome.judged]),
        cut=cut,
        pauses=[0.0 <= at_s - start_s <= ends for at_s in outcome.pauses].count(True),
    )


def _times(probabilities: list[float], bar: float) -> list[float]:
    return [(number + 1) * WINDOW_S for number, probability in enumerate(probabilities) if probability >= bar]


def _first(start_s: float, times: list[float]) -> float | None:
    found = (1000 * (at_s - start_s) for at_s in times if 0.0 <= at_s - start_s <= _WITHIN_S)
    return next(found, None)


def summary(found: list[Path]) -> dict[str, Any]:
    """p50, p75 and p90 of every stage and of the steps between them."""
    rows = [asdict(one) for one in found]
    stages = ("alone", "paused", "voiced", "judged", "cut")
    told: dict[str, Any] = {stage: _quantiles([row[stage] for row in rows]) for stage in ("speech", *stages)}
    for stage in stages:
        after = [None if row[stage] is None else row[stage] - row["speech"] for row in rows]
        told[f"{stage} after speech"] = _quantiles(after)
    for before, after in pairwise(stages):
        steps = [row[after] - row[before] for row in rows if row[before] is not None and row[after] is not None]
        told[f"{before} to {after}"] = _quantiles(steps)
    return {"users": len(rows), "taken for something else first": sum(row["pauses"] > 1 for row in rows)} | told


def _quantiles(values: list[float | None]) -> list[int] | None:
    known = [value for value in values if value is not None]
    return [round(float(np.quantile(known, share))) for share in (0.5, 0.75, 0.9)] if known else None
