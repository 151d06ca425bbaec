"""Where tables are printed: standard output, of a terminal or of a program that reads a record a line."""

from __future__ import annotations

import sys
from typing import Any

_NEVER_BROKEN = 100_000
"""Columns of a console whose lines go to a file or a program; a table takes what it needs of them."""


def table_console() -> Any:
    """Rich's console on standard output; it breaks lines only on a terminal, which has an edge."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = _NEVER_BROKEN
    return console
