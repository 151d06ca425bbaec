"""Windows' console as a terminal: keys read in a thread, and told as a terminal of Unix tells them.

Rule of this file: the only one that asks Windows. What a key is called, and how it is read, is in `ConsoleKeys` and
known without Windows.
"""

from __future__ import annotations

import _thread
import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from localvoice.ui.live.window_size import window_size

_SPECIAL = {
    "H": "\x1b[A",
    "P": "\x1b[B",
    "M": "\x1b[C",
    "K": "\x1b[D",
    "G": "\x1b[H",
    "O": "\x1b[F",
    "S": "\x1b[3~",
}
"""Second half of a key that is no letter: arrows, Home, End, Delete."""

_CTRL_C = "\x03"

if sys.platform == "win32":
    import ctypes
    import msvcrt

    _STANDARD_OUTPUT, _ESCAPE_CODES = -11, 0x0004

    def takes_escape_codes() -> bool:
        """Whether the console draws by escape codes (Windows 10 and later); it does from now on."""
        kernel = ctypes.windll.kernel32
        handle, mode = kernel.GetStdHandle(_STANDARD_OUTPUT), ctypes.c_uint32()
        has_mode = kernel.GetConsoleMode(handle, ctypes.byref(mode))
        return bool(has_mode and kernel.SetConsoleMode(handle, mode.value | _ESCAPE_CODES))

    _next_unit: Callable[[], str] = msvcrt.getwch
    _has_more: Callable[[], bool] = msvcrt.kbhit

else:

    def takes_escape_codes() -> bool:
        """There is no such console here."""
        return False

    def _next_unit() -> str:
        raise OSError("there is no console of Windows here")

    def _has_more() -> bool:
        return False


class ConsoleKeys:
    """Puts together what the console hands out in halves: keys that are no letters, and letters beyond 16 bits."""

    def __init__(self, next_unit: Callable[[], str], has_more: Callable[[], bool]) -> None:
        """`next_unit` waits for the next half, as `msvcrt.getwch` does; `has_more` says whether one is there."""
        self._next = next_unit
        self._has_more = has_more

    def read(self) -> str:
        """The next key, as a terminal of Unix would send it; empty for one that nobody knows. Waits for it."""
        unit = self._next()
        if unit == "\0" or (unit == "\xe0" and self._has_more()):  # alone it is the letter à
            return _SPECIAL.get(self._next(), "")
        if "\ud800" <= unit <= "\udbff":
            unit += self._next()
        return unit.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class WindowsConsole:
    """Standard input and output of the process, as `terminal.Terminal` has them."""

    is_in_front = True
    is_gone = False
    is_ready = True

    def __init__(self, stdout: TextIO, keys: ConsoleKeys | None = None, *, is_unicode: bool) -> None:
        self.is_unicode = is_unicode
        self.is_entered = False
        self._stdout = stdout
        self._keys = keys or ConsoleKeys(_next_unit, _has_more)
        self._typed: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._came: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def enter(self) -> None:
        """Nothing is changed: keys are read one by one and unseen by the call that reads them."""
        self.is_entered = True

    def leave(self) -> None:
        """Show the cursor again."""
        if self.is_entered:
            self.is_entered = False
            self.write("\x1b[?25h")

    def watch(self, came: Callable[[], None]) -> None:
        """By a thread that waits for keys until the end of the process: that call cannot be ended."""
        self._came = came
        if self._thread is None:
            self._thread = threading.Thread(target=self._read_keys, name="keys", daemon=True)
            self._thread.start()

    def unwatch(self) -> None:
        """What is typed from now on is thrown away."""
        self._came = None

    def _read_keys(self) -> None:
        with suppress(OSError, RuntimeError):  # the console is gone, or the loop is closed
            while True:
                key = self._keys.read()
                if key == _CTRL_C:  # as where no key is waited for
                    _thread.interrupt_main()
                elif key:
                    self._loop.call_soon_threadsafe(self._arrived, key)

    def _arrived(self, key: str) -> None:
        if self._came is not None:
            self._typed.append(key)
            self._came()

    def read(self) -> bytes:
        """What was typed."""
        typed = "".join(self._typed)
        self._typed.clear()
        return typed.encode()

    def write(self, text: str) -> None:
        """All of it, at once."""
        with suppress(OSError, ValueError):
            self._stdout.write(text)
            self._stdout.flush()

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return window_size(self._stdout)
