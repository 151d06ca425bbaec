"""Times of all sizes as bars, in panels one below the other, on one axis that grows by tens; as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

_WIDTH, _LEFT, _RIGHT = 880, 330, 80
_ROW, _BAR, _HEAD, _TOP, _BOTTOM = 20, 13, 30, 48, 34
_COLOURS = ("#0072b2", "#d55e00", "#009e73")
"""Told apart by people who do not tell red from green (Okabe and Ito)."""
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.head{font-weight:600}.dim{fill:#777}.grid{stroke:#ddd}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.dim{fill:#999}.grid{stroke:#444}.back{fill:#16181c}}"
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One time."""

    name: str
    ms: float
    colour: int = 0
    """Of three."""


def bars_svg(title: str, about: str, panels: Mapping[str, Sequence[Bar]]) -> str:
    """The panels that hold a bar, each under its heading."""
    shown = {name: bars for name, bars in panels.items() if bars}
    decades = max(1, ceil(log10(max([10.0, *(bar.ms for bars in shown.values() for bar in bars)]))))
    height = _TOP + sum(_HEAD + _ROW * len(bars) for bars in shown.values()) + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f'<style>{_STYLE}</style><rect class="back" width="{_WIDTH}" height="{height}" fill="#fff"/>',
        _text(12, 20, title, "head"),
        _text(12, 38, about, "dim"),
        *_axis(decades, height),
        *_rows(shown, decades),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _axis(decades: int, height: int) -> Iterator[str]:
    for power in range(decades + 1):
        x = _x(10.0**power, decades)
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{height - _BOTTOM}"/>'
        yield _text(x - 10, height - 14, f"{10**power} ms" if power < 3 else f"{10 ** (power - 3)} s", "dim")


def _rows(panels: Mapping[str, Sequence[Bar]], decades: int) -> Iterator[str]:
    y = _TOP
    for name, bars in panels.items():
        yield _text(12, y + 20, name, "head")
        y += _HEAD
        for bar in bars:
            end = _x(max(1.0, bar.ms), decades)
            yield _text(24, y + 11, bar.name, "")
            yield (
                f'<rect x="{_LEFT}" y="{y}" width="{max(1.0, end - _LEFT):.1f}" height="{_BAR}" '
                f'fill="{_COLOURS[bar.colour]}"/>'
            )
            yield _text(end + 6, y + 11, f"{bar.ms:.0f}", "dim")
            y += _ROW


def _x(ms: float, decades: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * log10(ms) / decades


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y}">{escape(text)}</text>'
