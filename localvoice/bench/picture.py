"""The benchmark as a picture: the wait for each answer, stage by stage, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from math import ceil
from typing import Any

from localvoice.bench.result import STAGE_NAMES, TARGET_MS
from localvoice.metrics import STAGES

STAGE_COLOURS: Mapping[str, str] = {
    "endpoint_ms": "#8a93a6",
    "stt_ms": "#2f7fd1",
    "llm_first_token_ms": "#d1772f",
    "llm_first_sentence_ms": "#e0b040",
    "tts_first_audio_ms": "#3c9a5f",
    "playback_ms": "#8d5fb8",
}

_WIDTH, _LEFT, _RIGHT = 860, 230, 70
_ROW, _BAR, _TOP, _BOTTOM = 26, 16, 76, 44
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.dim{fill:#777}.grid{stroke:#ddd}.mark{stroke:#c33}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.dim{fill:#999}.grid{stroke:#444}.back{fill:#16181c}}"
)


def waterfall(found: Mapping[str, Any]) -> str:
    """A bar for each answer, and one for the median of each stage."""
    bars = bars_of(found)
    longest = max([TARGET_MS, *(sum(stages.get(name, 0.0) for name, _ in STAGES) for _, stages in bars)])
    step = next(step for step in (100, 200, 500, 1000, 2000, 5000, 10_000, 60_000) if longest / step <= 8)
    most = step * ceil(longest / step)
    height = _TOP + _ROW * len(bars) + _BOTTOM
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f'<style>{_STYLE}</style><rect class="back" width="{_WIDTH}" height="{height}" fill="#fff"/>',
        *_head(found),
        *_axis(most, step, scale, height),
        *(part for at, (name, stages) in enumerate(bars) for part in _bar(at, name, stages, scale)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def bars_of(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    """A name and the stages in ms for each bar."""
    median = {name: (found["stages"][name] or {}).get("p50", 0.0) for name, _ in STAGES}
    return [("median", median), *((one["text"], one["stages"]) for one in found["answers"])]


def heading(found: Mapping[str, Any]) -> tuple[str, str]:
    """What was measured, and where."""
    engines, machine = found["engines"], found["machine"]
    what = f"{engines['stt']} + {engines['llm']} + {engines['tts']}, end of turn by {engines['turn']}"
    where = f"{machine['processor']}, {machine['cores']} cores, {found['date']}, localvoice {found['version']}"
    return f"From the end of speech to the first sound: {what}", where


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    what, where = heading(found)
    yield f'<text x="16" y="24" font-weight="bold">{escape(what)}</text>'
    yield f'<text class="dim" x="16" y="44">{escape(where)}</text>'
    at = 16.0
    for name, _ in STAGES:
        yield f'<rect x="{at:.0f}" y="54" width="12" height="12" fill="{STAGE_COLOURS[name]}"/>'
        yield f'<text x="{at + 17:.0f}" y="65">{STAGE_NAMES[name]}</text>'
        at += 40 + 7.4 * len(STAGE_NAMES[name])


def _axis(most: float, step: float, scale: float, height: int) -> Iterator[str]:
    bottom = height - _BOTTOM + 6
    for value in range(0, int(most) + 1, int(step)):
        x = _LEFT + value * scale
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>'
        yield f'<text class="dim" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{value}</text>'
    x = _LEFT + TARGET_MS * scale
    yield f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}" stroke-dasharray="4 3"/>'
    yield f'<text class="dim" x="{_WIDTH - 16}" y="{bottom + 18}" text-anchor="end">ms</text>'


def _bar(at: int, name: str, stages: Mapping[str, float], scale: float) -> Iterator[str]:
    y = _TOP + at * _ROW + (_ROW - _BAR) / 2
    short = name if len(name) <= 30 else f"{name[:29]}…"
    yield f'<text x="{_LEFT - 10}" y="{y + 13:.1f}" text-anchor="end">{escape(short)}</text>'
    x, total = float(_LEFT), 0.0
    for stage, _ in STAGES:
        width = stages.get(stage, 0.0) * scale
        if width > 0:
            title = f"{STAGE_NAMES[stage]}: {stages[stage]:.0f} ms"
            place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR}"'
            yield f'<rect {place} fill="{STAGE_COLOURS[stage]}"><title>{title}</title></rect>'
            x += width
        total += stages.get(stage, 0.0)
    yield f'<text class="dim" x="{x + 6:.1f}" y="{y + 13:.1f}">{total:.0f}</text>'
