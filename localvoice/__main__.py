"""Entry point of the program and of `python -m localvoice`."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from localvoice.commands import start_time

TYPE_CHECKING = False
"""Not from `typing`: what is imported up here takes a moment in which nobody catches Ctrl-C yet."""
if TYPE_CHECKING:
    import threading
    from typing import TextIO

    from _typeshed import ReadableBuffer as Buffer

_INTERRUPTED = 130
"""The exit code of `localvoice.errors`, which Ctrl-C does not wait for."""

__all__ = ["main", "start_time"]


def main() -> None:
    """Run the command line and leave at once: no thread of an engine may hold up the end."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's second thread spins for 40 ms behind each product
    try:
        from localvoice import first_signals

        first_signals.take()
        code = _run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    from localvoice import first_signals

    first_signals.finish()  # what is flushed below may wait for a reader
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(int(code))


def _run() -> int:
    import threading
    import warnings

    from localvoice import first_signals
    from localvoice.cli import run

    sys.stdout, sys.stderr = _writable(sys.stdout), _apart(_writable(sys.stderr))
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # bytes in another encoding become signs that can be written again
    if "--debug" not in sys.argv and not sys.warnoptions:
        warnings.simplefilter("ignore")  # of a library, or of a call that Ctrl-C has left unmade: of no use to a user
    threading.excepthook = sys.unraisablehook = _untold
    first_signals.begin()
    return run(sys.argv[1:])


def _untold(failed: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
    """What failed where nobody could be told: in a thread of its own it is a line, where Python goes on nothing."""
    import threading

    from localvoice import first_signals

    if failed.exc_value is not None and first_signals.raise_again(failed.exc_value):
        return
    if "--debug" in sys.argv:
        import traceback

        traceback.print_exception(failed.exc_value, file=sys.stderr)
    elif isinstance(failed, threading.ExceptHookArgs) and failed.exc_type is not SystemExit:
        what = f"{failed.exc_type.__name__}: {failed.exc_value}"
        sys.stderr.write(f"localvoice: unexpected {what}; run again with --debug to see where it came from\n")


def _writable(stream: TextIO | None) -> TextIO:
    """A stream that takes any text; one that was closed by the caller takes it nowhere."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - a device, open to the end
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _apart(stream: TextIO) -> TextIO:
    """Standard error on a descriptor of its own: what C libraries print on 2 can be dropped (audio/portaudio.py)."""
    with suppress(OSError, ValueError, AttributeError):
        if stream.fileno() == 2:
            raw = io.BufferedWriter(_Heedless(os.dup(2), "w"))
            return io.TextIOWrapper(raw, encoding=stream.encoding, errors="backslashreplace", line_buffering=True)
    return stream


class _Heedless(io.FileIO):
    """Notes that nobody can take, as on a full disk or a closed terminal, are lost and stop nothing."""

    def write(self, data: Buffer, /) -> int:
        """All of it is done with, written or not."""
        with suppress(OSError):
            super().write(data)
        return memoryview(data).nbytes


if __name__ == "__main__":
    main()
