"""The picture of picture.py drawn by matplotlib, which whoever wants a PNG has installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localvoice.bench.picture import STAGE_COLOURS, bars_of, heading
from localvoice.bench.result import STAGE_NAMES, TARGET_MS
from localvoice.metrics import STAGES


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Raises `OSError` where the file cannot be written."""
    from matplotlib.figure import Figure

    bars = bars_of(found)
    figure = Figure(figsize=(9.0, 1.6 + 0.32 * len(bars)), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(bars))
    left = [0.0] * len(bars)
    for stage, _ in STAGES:
        widths = [stages.get(stage, 0.0) for _, stages in bars]
        axes.barh(places, widths, left=left, color=STAGE_COLOURS[stage], label=STAGE_NAMES[stage], height=0.6)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.axvline(TARGET_MS, color="#cc3333", linestyle="--", linewidth=1)
    axes.set_yticks(places, [name for name, _ in bars])
    axes.invert_yaxis()
    axes.set_xlabel("ms from the end of speech to the first sound")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.18), ncols=len(STAGES), fontsize=8, frameon=False)
    axes.set_title("\n".join(heading(found)), fontsize=9, loc="left")
    figure.savefig(path, dpi=120, format="png")
