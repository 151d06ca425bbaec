"""How large a terminal's window is."""

from __future__ import annotations

import os
from typing import TextIO


def window_size(stdout: TextIO) -> tuple[int, int]:
    """Columns and rows, 80 and 24 where nobody knows."""
    try:
        columns, rows = os.get_terminal_size(stdout.fileno())
    except (OSError, ValueError):
        columns, rows = 0, 0
    return columns or 80, rows or 24
