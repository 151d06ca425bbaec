"""Small files that the user names: settings, keys, dictionaries.

Rule of this file: nothing is waited for that may never come. A named pipe opens only once somebody writes to it, and a
device may have no end.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path

_MOST_BYTES = 1_000_000
"""A file with every setting has 10 kB; TOML of a megabyte takes seconds to read."""
_WITHOUT_WAITING: int = getattr(os, "O_NONBLOCK", 0)
"""Windows has no such pipes among its files."""
_WRITER_S = 0.2
"""Password stores keep `.env` as a pipe, and write when they see it opened; one that is there takes some ms."""
_LOOKS_S = 0.005


def read_small_file(path: Path) -> bytes:
    """All of it; of a pipe what its writer sends until it closes, as from `<(...)`.

    Raises:
        OSError: it cannot be read, is larger than 1 MB, or is a pipe that nobody writes to.
    """
    with open(path, "rb", buffering=0, opener=_opened) as file:
        parts = [_first_of_a_pipe(file.fileno()) if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode) else b""]
        if _WITHOUT_WAITING:
            os.set_blocking(file.fileno(), True)
        left = _MOST_BYTES + 1
        while left and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
    if not left:
        raise OSError(errno.EFBIG, "it is larger than 1 MB")
    return b"".join(parts)


def at_home(path: str) -> str:
    """`path` with the user's home in place of "~", which shells leave in `--save=~/talk.txt`."""
    return os.path.expanduser(path)  # noqa: PTH111 - that of `Path` raises where there is no home


def path_at_home(path: str | Path) -> Path:
    """The same of a path."""
    return Path(at_home(str(path)))


def is_too_large(path: Path) -> bool:
    """Whether it is a file that `read_small_file` does not read to its end."""
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > _MOST_BYTES


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | _WITHOUT_WAITING)


def _first_of_a_pipe(descriptor: int) -> bytes:
    """What is there of its content, perhaps nothing yet: a writer may take any time. Raises `OSError` without one."""
    until_s = time.monotonic() + _WRITER_S
    while True:
        is_ready = bool(select.select([descriptor], [], [], max(0.0, until_s - time.monotonic()))[0])
        try:
            first = os.read(descriptor, 1)
        except BlockingIOError:
            return b""  # somebody is there, and has written nothing yet
        if first or (is_ready and time.monotonic() >= until_s):
            return first
        if not is_ready:
            raise OSError(errno.EPIPE, "nobody writes to that pipe")
        time.sleep(_LOOKS_S)  # but on Linux, a pipe without a writer has an end to be read
