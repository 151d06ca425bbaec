"""How many users have been noticed after how long, as an SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 320, 50, 20
_LONGEST_MS = 1000
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555")
"""Told apart by people who do not tell red from green (Okabe and Ito)."""


def delays_svg(title: str, delays_ms: Mapping[str, tuple[Sequence[float], int]]) -> str:
    """One rising line for each name: its delays, and of how many users."""
    lines = [_text(_LEFT, 14, title)]
    for percent in range(0, 101, 25):
        y = _y(percent / 100)
        lines += [_line(_LEFT, y, _LEFT + _WIDTH, y), _text(8, y + 4, f"{percent} %")]
    for ms in range(0, _LONGEST_MS + 1, 200):
        lines += [_line(_x(ms), _TOP, _x(ms), _TOP + _HEIGHT), _text(_x(ms) - 12, _TOP + _HEIGHT + 16, f"{ms}")]
    for number, (name, (delays, count)) in enumerate(delays_ms.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        steps = [(0.0, 0.0)]
        for rank, delay in enumerate(sorted(delays), 1):
            steps += [(delay, (rank - 1) / count), (delay, rank / count)]
        steps.append((float(_LONGEST_MS), len(delays) / count))
        points = " ".join(f"{_x(ms):.1f},{_y(share):.1f}" for ms, share in steps)
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>')
        lines.append(_text(_LEFT + _WIDTH - 110, _TOP + _HEIGHT - 20 - 16 * number, name, colour))
    size = f'width="{_WIDTH + _LEFT + 20}" height="{_HEIGHT + _TOP + 30}"'
    body = "\n".join(lines)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">\n{body}\n</svg>\n'


def _x(ms: float) -> float:
    return _LEFT + _WIDTH * ms / _LONGEST_MS


def _y(share: float) -> float:
    return _TOP + _HEIGHT * (1.0 - share)


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, colour: str = "#333333") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}">{text}</text>'
