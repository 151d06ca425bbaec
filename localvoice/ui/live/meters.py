"""Levels as cells of a meter: they rise at once and fall slowly, so that a syllable can be seen."""

from __future__ import annotations

from localvoice.ui.live.lines import METER_CELLS

_FLOOR_DB, _CELL_DB = -50.0, 5.0
"""Below the floor a room is quiet, and its flicker is not drawn; eight cells of 5 dB reach -10 dBFS, which is a loud
voice near the microphone."""


class Meters:
    """Both ends."""

    def __init__(self) -> None:
        self._near = self._far = 0

    def step(self, near_db: float, far_db: float) -> tuple[int, int]:
        """Cells of microphone and loudspeaker after another look."""
        self._near, self._far = _next(self._near, near_db), _next(self._far, far_db)
        return self._near, self._far


def _next(before: int, level_db: float) -> int:
    cells = min(max(int((level_db - _FLOOR_DB) / _CELL_DB), 0), METER_CELLS)
    return max(cells, before - 1)
