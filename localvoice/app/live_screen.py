"""The live screen of one conversation, put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack

from localvoice.audio.duplex import Duplex
from localvoice.audio.levels import Levels
from localvoice.session.hand import Saying
from localvoice.ui.live.attendance import Attendance
from localvoice.ui.live.keyboard import Controls, Keyboard
from localvoice.ui.live.painter import Painter
from localvoice.ui.live.screen import Feed, LiveScreen
from localvoice.ui.live.spans import SHADES, plain_shades
from localvoice.ui.live.terminal import Terminal
from localvoice.ui.live.view import View


class Live:
    """A screen and those who attend to it."""

    def __init__(self, controls: Controls, duplex: Duplex) -> None:
        levels = duplex.levels = Levels()
        terminal = Terminal(sys.stdin, sys.stdout)
        view = View()
        keyboard = Keyboard(controls, view)
        painter = Painter(plain_shades() if os.environ.get("NO_COLOR") else SHADES)
        self._feed = Feed(levels=levels.take)
        self.screen = LiveScreen(view, terminal, painter, keyboard, self._feed)
        self.run = self.screen.run
        self._attendance = Attendance(self.screen, terminal, keyboard)

    def start(self, saying: Callable[[], Saying | None], stack: ExitStack) -> None:
        """Take the terminal; the stack gives it back, whatever happens."""
        self._feed.saying = saying
        stack.callback(self._attendance.close)
        self._attendance.start()
