"""`FILE.part`: the bytes of a file on their way, kept over interruptions, with a running checksum."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_BLOCK_BYTES = 1 << 20


class PartFile:
    """Grows beside `target` and becomes it with `finish`. Leaving `with` keeps the bytes for a later resume."""

    def __init__(self, target: Path, suffix: str = ".part") -> None:
        self.target = target
        self.path = target.with_name(target.name + suffix)
        self.size = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None

    def open(self) -> None:
        """Take up what an earlier attempt left, reading all of it for the checksum: blocks, about 1 s per GB."""
        self._file = self.path.open("a+b")
        self._file.seek(0)
        while block := self._file.read(_BLOCK_BYTES):
            self._digest.update(block)
            self.size += len(block)

    @property
    def sha256(self) -> str:
        """Checksum of the bytes so far."""
        return self._digest.hexdigest()

    def write(self, block: bytes) -> None:
        """Append `block`."""
        self._opened.write(block)
        self._digest.update(block)
        self.size += len(block)

    def restart(self) -> None:
        """Forget all bytes."""
        self._opened.seek(0)
        self._opened.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def finish(self) -> None:
        """Become the target, once the bytes are safely on the disk."""
        self.close()
        self.path.replace(self.target)

    def close(self) -> None:
        """Bring what was written to the disk. May be called twice."""
        file, self._file = self._file, None
        if file is None:
            return
        with file:
            file.flush()
            os.fsync(file.fileno())

    def discard(self) -> None:
        """Close and delete."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        self.path.unlink(missing_ok=True)

    @property
    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError(f"{self.path} is not open")
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
