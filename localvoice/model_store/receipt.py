"""`.localvoice.json` in a model's folder: what was fetched, and the size and sha256 that were verified.

Rule of this file: a receipt names a file only after its bytes were checked.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from localvoice.errors import FileError

RECEIPT_FILE = ".localvoice.json"
_SCHEMA = 1
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Verified:
    """A file whose bytes were checked."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Resume:
    """What the server said of a file that is only partly here: needed to ask for the rest of the same bytes."""

    etag: str = ""
    """Strong validator of the answer the bytes came from; empty where there was none."""
    sha256: str = ""
    """As published by the server; empty where it publishes none."""


@dataclass(slots=True)
class Receipt:
    """A model's receipt; in `NAME.part/` it also says how to go on."""

    model: str
    source: str = ""
    revision: str = ""
    files: dict[str, Verified] = field(default_factory=dict)
    resume: dict[str, Resume] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Size of all verified files."""
        return sum(file.bytes for file in self.files.values())

    def save(self, folder: Path) -> None:
        """Write it into `folder`, atomically."""
        content = json.dumps({"schema": _SCHEMA, **asdict(self)}, indent=1) + "\n"
        draft = folder / (RECEIPT_FILE + ".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / RECEIPT_FILE)

    @classmethod
    def load(cls, folder: Path) -> Receipt | None:
        """The receipt in `folder`; None where there is none, or none that can be understood."""
        try:
            content = json.loads((folder / RECEIPT_FILE).read_text(encoding="utf-8"))
            return cls(
                model=str(content["model"]),
                source=str(content["source"]),
                revision=str(content["revision"]),
                files={name: Verified(**file) for name, file in content["files"].items()},
                resume={name: Resume(**file) for name, file in content["resume"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def sha256_of(path: Path, advance: Callable[[int], None] | None = None) -> str:
    """Checksum of a file, blocking; `advance` is told the bytes of each step. `FileError` when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                if advance is not None:
                    advance(len(block))
    except OSError as error:
        raise FileError(f"cannot read {path} ({error.strerror}): check the file and its rights") from error
    return digest.hexdigest()
