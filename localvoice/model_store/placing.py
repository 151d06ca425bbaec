"""Putting models into the store: rights, room, one writer at a time, and the rename that makes a model appear whole."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from localvoice.errors import FileError, ModelError
from localvoice.model_store.catalogue import size_text
from localvoice.model_store.receipt import RECEIPT_FILE, Receipt

_LOCK_FILE = ".lock"
_SPARE_BYTES = 64_000_000
"""Room left over, and the small files whose size the catalogue does not know."""


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """The disk's refusals as one line each."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise FileError(
                f"the disk of {root} is full; what has come is kept: make room, then run the same command again"
            ) from error
        raise FileError(
            f"cannot write to {error.filename or root} ({error.strerror}): set LOCALVOICE_MODELS to a folder of yours"
        ) from error


def require_room(root: Path, needed_bytes: int) -> None:
    """Raise `FileError` unless the disk of `root`, which need not exist yet, has room."""
    needed_bytes += _SPARE_BYTES
    place = next(folder for folder in (root, *root.absolute().parents) if folder.exists())
    free_bytes = shutil.disk_usage(place).free
    if free_bytes < needed_bytes:
        raise FileError(
            f"{root} has {size_text(free_bytes)} free, {size_text(needed_bytes)} are needed: make room, or set "
            f"LOCALVOICE_MODELS to another disk"
        )


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Create `folder` and hold it against other processes; the lock ends with the process, however that ends.

    Raises:
        ModelError: another process holds it.
        OSError: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK_FILE).open("wb") as file:
        try:
            _lock(file)
        except OSError as error:
            raise ModelError(f"another localvoice is fetching {folder.stem}: wait until it has ended") from error
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def clear(folder: Path, keep: Collection[str] = (_LOCK_FILE,)) -> None:
    """Delete the files of `folder` but those in `keep`."""
    for file in folder.iterdir():
        if file.name not in keep:
            file.unlink()


def publish(part: Path, folder: Path, receipt: Receipt) -> None:
    """Make the complete model in `part` appear as `folder`; an incomplete or damaged one there is replaced.

    Raises:
        OSError: the disk refuses.
    """
    receipt.resume.clear()
    receipt.save(part)
    clear(part, keep={RECEIPT_FILE, *receipt.files})
    _sync(part)
    old = part.with_name(f".{folder.name}.old")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    part.replace(folder)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Bring a folder's entries to the disk; where folders cannot be synced (Windows) the system does it itself."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
