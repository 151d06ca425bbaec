"""Ties the screen to the event loop: keys that arrive, a window that changes its size, Ctrl-Z and the way back."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

from localvoice.ui.live.keyboard import Keyboard
from localvoice.ui.live.screen import LiveScreen
from localvoice.ui.live.terminal import Terminal

_ESCAPE_S = 0.04
"""A lone Escape is known when nothing has followed it for so long; terminals send a sequence at once."""
_LOOKS_S = 0.25
"""Between two looks, in the background whether we are in front again (`fg` tells a program only that was stopped), and
where no signal tells of it whether the window has another size."""


class Attendance:
    """From `start` to `close` the terminal is ours, but for the time in which we are stopped."""

    def __init__(self, screen: LiveScreen, terminal: Terminal, keyboard: Keyboard) -> None:
        self._screen = screen
        self._terminal = terminal
        self._keyboard = keyboard
        self._loop = asyncio.get_running_loop()
        self._flush: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        acts = {"SIGWINCH": screen.resized, "SIGTSTP": self._stop, "SIGCONT": self._go_on}
        self._signals = {getattr(signal, name): act for name, act in acts.items() if hasattr(signal, name)}
        """On Windows none: the size of the window is looked at instead."""
        self._before_quit: Any = None
        self._size = terminal.size()

    def start(self) -> None:
        """Take the terminal."""
        for number, act in self._signals.items():
            with suppress(ValueError, RuntimeError):  # not the main thread: then nobody can stop us either
                self._loop.add_signal_handler(number, act)
        if hasattr(signal, "SIGQUIT"):
            with suppress(ValueError):
                self._before_quit = signal.signal(signal.SIGQUIT, self._quit)
        self._take()
        if not hasattr(signal, "SIGWINCH"):
            self._look_at_size()

    def close(self) -> None:
        """Give it back for good."""
        self._let_go()
        for number in self._signals:
            with suppress(ValueError, RuntimeError):
                self._loop.remove_signal_handler(number)
        if self._before_quit is not None:
            signal.signal(signal.SIGQUIT, self._before_quit)
        self._screen.close()

    def _look_at_size(self) -> None:
        before, self._size = self._size, self._terminal.size()
        if self._size != before:
            self._screen.resized()
        self._look = self._loop.call_later(_LOOKS_S, self._look_at_size)

    def _take(self) -> None:
        if self._terminal.is_in_front:
            self._screen.enter()
            self._terminal.watch(self._read)
        elif not self._terminal.is_gone:
            self._look = self._loop.call_later(_LOOKS_S, self._take)

    def _let_go(self) -> None:
        for timer in (self._flush, self._look):
            if timer is not None:
                timer.cancel()
        self._terminal.unwatch()
        self._screen.leave()

    def _read(self) -> None:
        data = self._terminal.read()
        if not data:  # the terminal is gone, which is no end of the session
            self._terminal.unwatch()
            return
        if self._flush is not None:
            self._flush.cancel()
        self._keyboard.feed(data)
        self._flush = self._loop.call_later(_ESCAPE_S, self._nothing_more) if self._keyboard.waits else None
        self._screen.keys_came()

    def _nothing_more(self) -> None:
        self._keyboard.flush()
        self._screen.keys_came()

    def _stop(self) -> None:
        """Ctrl-Z: leave the terminal as it was, and stop as any other program does."""
        self._let_go()
        self._loop.remove_signal_handler(signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGTSTP)
        self._loop.add_signal_handler(signal.SIGTSTP, self._stop)  # here somebody has sent us on

    def _quit(self, *_: object) -> None:
        """SIGQUIT: at once and whatever the loop is at: no file is finished, but the terminal is given back."""
        self._screen.leave()
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGQUIT)

    def _go_on(self) -> None:
        """In front again: draw. In the background: look again."""
        self._let_go()
        self._take()
