"""The picture of docs/turn-taking.md: how long a turn takes to end against how often it ends too early."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.turns.systems import LATER, NO_EAR, NO_VOTES
from localvoice.config import PATIENCE_MS

_DELAYS = {"delay_ms_p50": "median", "delay_ms_mean": "mean"}
_WIDEST_MS = 1300
"""Where the picture of people ends; smart-turn alone and `patient` go on to 3 s."""


def plot(figures: dict[str, Any], path: Path) -> None:
    """Draw the systems of `endpoints.measure` into a PNG; needs matplotlib (extra `dev`)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), dpi=100, layout="constrained")
    for axes, (key, label) in zip(figure.subplots(1, 2, sharey=True), _DELAYS.items(), strict=True):
        _draw(axes, figures, key)
        axes.set(xlabel=f"end of speech to end of turn, {label}, ms")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("early ends per 100 pauses inside a thought")
    figure.axes[0].legend()
    figure.savefig(path)


def plot_people(tables: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw `endpoints.of_people`, one panel a kind of pause: each system at its median, with a line to its 95 %."""
    from matplotlib.figure import Figure

    drawn = (next(iter(tables)), list(tables)[-1])
    figure = Figure(figsize=(11, 4.6), dpi=100, layout="constrained")
    for axes, title in zip(figure.subplots(1, 2), drawn, strict=True):
        _draw(axes, tables[title], "delay_ms_p50")
        for row in tables[title].values():
            reach, height = (row["delay_ms_p50"], min(row["delay_ms_p95"], _WIDEST_MS)), row["early_per_100"]
            axes.plot(reach, (height, height), color="black", linewidth=0.5, alpha=0.3)
        axes.set(
            title=title, xlabel="end of speech to end of turn, ms: median, line to 95 in 100", xlim=(0, _WIDEST_MS)
        )
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("early ends per 100 pauses inside a thought")
    figure.axes[0].legend()
    figure.savefig(path)


def _draw(axes: Any, figures: dict[str, Any], delay: str) -> None:
    rows = {f"presets{left_out}": [one + left_out for one in PATIENCE_MS] for left_out in ("", NO_EAR, NO_VOTES)}
    rows["normal, and a longer turn.sure_ms"] = ["normal", *LATER]
    rows["a fixed silence"] = [name for name in figures if name.endswith("ms of silence")]
    for (label, names), style in zip(rows.items(), ("o-", "s--", "v--", "^-", "x:"), strict=True):
        if names[0] not in figures:
            continue
        delays, early = ([figures[name][key] for name in names] for key in (delay, "early_per_100"))
        axes.plot(delays, early, style, label=label)
        for name, at_ms, share in zip(names, delays, early, strict=True):
            axes.annotate(_short(name), (at_ms, share), xytext=(5, 5), textcoords="offset points", fontsize=8)
    if "smart-turn alone" in figures:
        row = figures["smart-turn alone"]
        axes.plot(row[delay], row["early_per_100"], "D", color="black", label="smart-turn alone")


def _short(name: str) -> str:
    return name.rpartition(" = ")[2].partition(",")[0].removesuffix(" ms of silence")
