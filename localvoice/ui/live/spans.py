"""Styled text in cells: lines that are wrapped, cut and written to a terminal, whoever makes them.

Rule of this file: nothing that is shown can move the cursor or change the terminal; control characters become spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len, set_cell_size

from localvoice.printable import printable

Span = tuple[str, str]
"""Text and the name of its style; "" is the terminal's own."""
Line = list[Span]

_PIECE = re.compile(r"\s+|\S+")

SHADES: Mapping[str, str] = {
    "dim": "2",
    "bold": "1",
    "user": "36",
    "name": "1;32",
    "heard": "1",
    "unsaid": "2",
    "good": "32",
    "warn": "33",
    "bad": "1;31",
    "accent": "1;36",
    "wait": "34",
    "hear": "36",
    "think": "35",
    "write": "95",
    "voice": "32",
    "play": "33",
}
"""Styles as SGR parameters."""

_COLOUR = re.compile(r"(?:3|4|9|10)\d")


def plain_shades() -> dict[str, str]:
    """The same without colours, as NO_COLOR asks: bold and dim stay."""
    kept = {name: ";".join(part for part in code.split(";") if not _COLOUR.fullmatch(part)) for name, code in _items()}
    return {name: code for name, code in kept.items() if code}


def _items() -> Iterable[tuple[str, str]]:
    return SHADES.items()


def width_of(line: Iterable[Span]) -> int:
    """Cells that the line takes."""
    return sum(cell_len(text) for text, _ in line)


def clipped(line: Iterable[Span], width: int) -> Line:
    """As much of the line as fits into `width` cells."""
    cut: Line = []
    for text, style in line:
        room = width - width_of(cut)
        if room <= 0:
            break
        cut.append((text if cell_len(text) <= room else set_cell_size(text, room).rstrip(), style))
    return cut


def spread(left: Line, right: Line, width: int) -> Line:
    """Both ends of one line; the right one goes where both do not fit."""
    gap = width - width_of(left) - width_of(right)
    return [*left, (" " * gap, ""), *right] if gap > 0 else clipped(left, width)


def wrapped(spans: Iterable[Span], width: int, indent: int = 2) -> list[Line]:
    """The spans as lines of at most `width` cells, broken between words; lines behind the first are indented."""
    lines: list[Line] = [[]]
    used = 0
    for text, style in spans:
        for piece in _PIECE.findall(printable(text)):
            cells = cell_len(piece)
            if used + cells > width and used > 0:
                lines.append([(" " * indent, "")])
                used = indent
                if piece.isspace():
                    continue
            for part in _fitting(piece, width - used, width - indent):
                if part is not piece and used > indent:
                    lines.append([(" " * indent, "")])
                    used = indent
                _append(lines[-1], part, style)
                used += cell_len(part)
    return lines


def _append(line: Line, text: str, style: str) -> None:
    if line and line[-1][1] == style:
        line[-1] = (line[-1][0] + text, style)
    else:
        line.append((text, style))


def _fitting(piece: str, first: int, rest: int) -> Sequence[str]:
    """A word longer than a line in parts that fit."""
    if cell_len(piece) <= first:
        return [piece]
    parts, part = [], ""
    for letter in piece:
        if cell_len(part + letter) > max(1, min(first, rest)):
            parts.append(part)
            part = ""
        part += letter
    return [*parts, part]


def escaped(line: Iterable[Span], shades: Mapping[str, str]) -> str:
    """The line with its escape codes, and no others."""
    shown = ((printable(text), style) for text, style in line)
    return "".join(f"\x1b[{shades[style]}m{text}\x1b[0m" if style in shades else text for text, style in shown)
