"""A name for espeak's data folder that is short enough for espeak."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

_LONGEST = 140
"""Bytes. 150 work, 165 fail without a word (our test of espeak-ng 1.52, Nov 2026)."""


@cache
def short_data_path(folder: Path) -> Path:
    """`folder`, or where its name is too long a link to it that goes away with the process (a copy without links)."""
    if len(str(folder).encode()) <= _LONGEST:
        return folder
    keeper = TemporaryDirectory(prefix="espeak")
    atexit.register(keeper.cleanup)
    short = Path(keeper.name) / "espeak-ng-data"
    try:
        short.symlink_to(folder, target_is_directory=True)
    except OSError:  # Windows without the right to make links
        copytree(folder, short)
    return short
