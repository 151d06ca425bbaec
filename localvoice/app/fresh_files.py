"""Files of a session that does not come to begin: none of them stays."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from localvoice.recording import OWN_FILES


class FreshFiles:
    """What a session is about to make, and is not there yet. To be made right before its files are."""

    def __init__(self, files: Iterable[Path], record: Path | None) -> None:
        """`record` is the folder of a recording."""
        folders = [] if record is None else [record, *record.parents]
        kept = [] if record is None else [record / name for name in OWN_FILES]
        self._files = [file.resolve() for file in (*files, *kept) if not file.exists()]  # a link is the user's
        self._folders = [folder for folder in folders if not folder.exists()]

    def keep(self) -> None:
        """The session has begun: from now on all of it is the user's."""
        self._files, self._folders = [], []

    def withdraw(self) -> None:
        """Remove what has been made, unless it is kept."""
        for file in self._files:
            with suppress(OSError):
                file.unlink(missing_ok=True)
        for folder in self._folders:
            with suppress(OSError):  # somebody else has put something into it
                folder.rmdir()
