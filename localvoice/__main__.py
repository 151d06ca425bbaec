"""Entry point of the program and of `python -m localvoice`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from localvoice.commands import start_time

__all__ = ["main", "start_time"]


def main() -> None:
    """Run the command line and leave at once: no thread of an engine may hold up the end."""
    from localvoice.cli import run

    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(int(code))


if __name__ == "__main__":
    main()
