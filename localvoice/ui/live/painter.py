"""Frames to escape codes: only what has changed, below what scrolls away as ordinary lines.

Rule of this file: pure; it knows where the cursor is because it alone moves it. The normal screen is used, not the
alternate one, and no mouse: scrolling back, selecting and copying stay the terminal's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localvoice.ui.live.spans import Line, escaped

_TOGETHER, _SHOWN = "\x1b[?2026h\x1b[?25l", "\x1b[?25h\x1b[?2026l"
"""Terminals that know it draw what is between them at once; the cursor does not wander."""


class Painter:
    """Knows what stands on the lower part of the screen."""

    def __init__(self, shades: Mapping[str, str]) -> None:
        self._shades = shades
        self._drawn: list[str] = []
        self._row = 0
        """Of the cursor, from the first drawn line."""

    def clear_away(self, height: int) -> str:
        """Move what was there before out of sight, into the terminal's memory: from now on all of it is ours."""
        self._drawn, self._row = [], 0
        return "\n" * (height - 1) + "\x1b[H\x1b[J"

    def begin_again(self, printed: Sequence[Line], lines: Sequence[Line], cursor: tuple[int, int]) -> str:
        """Draw everything: the window has another size, or somebody wrote into it."""
        self._drawn, self._row = [], 0
        return "\x1b[H\x1b[J" + self.paint(printed, lines, cursor)

    def paint(self, printed: Sequence[Line], lines: Sequence[Line], cursor: tuple[int, int]) -> str:
        """What to write: `printed` goes above and stays, `lines` are the lower part from now on."""
        wanted = [escaped(line, self._shades) for line in lines]
        kept = [escaped(line, self._shades) for line in printed]
        same_place = not kept and len(wanted) == len(self._drawn)
        body = self._changed(wanted) if same_place else self._anew(kept, wanted)
        self._drawn = wanted
        row, cell = cursor
        moved = body + self._to(row) + "\r" + (f"\x1b[{cell}C" if cell else "")
        return _TOGETHER + moved + _SHOWN

    def end(self) -> str:
        """Take the lower part away; what was printed stays, and whatever comes next follows it."""
        code = self._to(0) + "\r\x1b[J"
        self._drawn, self._row = [], 0
        return code

    def _changed(self, wanted: Sequence[str]) -> str:
        code = ""
        for at, (before, after) in enumerate(zip(self._drawn, wanted, strict=True)):
            if before != after:
                code += self._to(at) + "\r" + after + "\x1b[K"
        return code

    def _anew(self, kept: Sequence[str], wanted: Sequence[str]) -> str:
        code = self._to(0) + "\r\x1b[J" + "".join(f"{line}\r\n" for line in kept) + "\r\n".join(wanted)
        self._row = max(0, len(wanted) - 1)
        return code

    def _to(self, row: int) -> str:
        down, self._row = row - self._row, row
        if not down:
            return ""
        return f"\x1b[{down}B" if down > 0 else f"\x1b[{-down}A"
