"""Frames to escape codes: only what has changed, below what scrolls away as ordinary lines.

Rule of this file: pure; it knows where the cursor is because it alone moves it. The normal screen is used, not the
alternate one, and no mouse: scrolling back, selecting and copying stay the terminal's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localvoice.ui.live.spans import Line, escaped

_TOGETHER, _SHOWN = "\x1b[?2026h\x1b[?25l", "\x1b[?25h\x1b[?2026l"
"""Terminals that know it draw what is between them at once; the cursor does not wander."""


_WIPE = "\x1b[H\x1b[K\x1b[2;1H\x1b[J\x1b[H"
"""Everything, but not as `ESC [ J` in the first column of the first row: tmux takes that for the end of a page, and
keeps what was there in its memory."""

_UNKNOWN = "?"
"""Of a line that has to be written whatever it is: none of ours is that."""


class Painter:
    """Knows what stands on the lower part of the screen."""

    def __init__(self, shades: Mapping[str, str]) -> None:
        self._shades = shades
        self._drawn: list[str] = []
        self._row = 0
        """Of the cursor, from the first drawn line."""
        self._size = (0, 0)

    def clear_away(self, size: tuple[int, int]) -> str:
        """Move what was there before out of sight, into the terminal's memory: from now on all of it is ours.

        `size`: columns and rows.
        """
        self._drawn, self._row, self._size = [], 0, size
        return "\n" * (size[1] - 1) + _WIPE

    def stays_in(self, size: tuple[int, int]) -> bool:
        """Whether everything keeps its place in a window that has this size now: one that has only grown.

        Lines of old may have come back above what we have drawn, and are not ours to wipe. A window that shrinks breaks
        lines, or does not, and nobody says which.
        """
        before, self._size = self._size, size
        return size[0] >= before[0] and size[1] >= before[1]

    def draw_over(self, printed: Sequence[Line], lines: Sequence[Line], cursor: tuple[int, int]) -> str:
        """Draw everything where it is."""
        self._drawn = [_UNKNOWN] * len(self._drawn)
        return self.paint(printed, lines, cursor)

    def begin_again(self, printed: Sequence[Line], lines: Sequence[Line], cursor: tuple[int, int]) -> str:
        """Draw everything: the window has another size, or somebody wrote into it."""
        self._drawn, self._row = [], 0
        return _WIPE + self.paint(printed, lines, cursor)

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
        return self._anew([], [""])

    def _changed(self, wanted: Sequence[str]) -> str:
        code = ""
        for at, (before, after) in enumerate(zip(self._drawn, wanted, strict=True)):
            if before != after:
                code += self._to(at) + "\r" + after + "\x1b[K"
        return code

    def _anew(self, kept: Sequence[str], wanted: Sequence[str]) -> str:
        rows = [*kept, *wanted]
        surplus = max(0, len(self._drawn) - len(rows))
        code = self._to(0) + "\r" + "\r\n".join(f"{row}\x1b[K" for row in rows) + "\r\n\x1b[K" * surplus
        self._drawn, self._row = [*wanted], len(wanted) - 1 + surplus
        return code + self._to(0) + "\r"

    def _to(self, row: int) -> str:
        down, self._row = row - self._row, row
        if not down:
            return ""
        return f"\x1b[{down}B" if down > 0 else f"\x1b[{-down}A"
