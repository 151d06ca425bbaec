"""The live screen: listens to the event log, looks at levels and the reply now and then, and passes keys on.

Rule of this file: it decides nothing about the conversation; what a key means there is `Controls`' business. Nothing is
drawn while nothing changes, and never more than ten times a second but for keys.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from localvoice.event_log import Event
from localvoice.session.hand import Saying
from localvoice.ui.live.keyboard import Keyboard
from localvoice.ui.live.lines import Frame, ascii_only, frame, paragraph
from localvoice.ui.live.meters import Meters
from localvoice.ui.live.painter import Painter
from localvoice.ui.live.spans import Line
from localvoice.ui.live.terminal import Terminal
from localvoice.ui.live.view import FLASH_S, View

_BUSY_S, _IDLE_S = 0.1, 0.25
"""Between two looks at levels and reply. Levels need no more, and each look costs a wake-up."""
_KEPT = 200
"""Paragraphs that a window of another size shows again: more than any window holds."""


@dataclass(slots=True)
class Feed:
    """What the screen looks at, beside the events."""

    saying: Callable[[], Saying | None] = lambda: None
    levels: Callable[[], tuple[float, float]] | None = None
    """Microphone and loudspeaker in dBFS since the last look; None where there is no sound."""


class LiveScreen:
    """Drawn from `run` on until `close`. All methods are called from the event loop."""

    def __init__(self, view: View, terminal: Terminal, painter: Painter, keyboard: Keyboard, feed: Feed) -> None:
        self.view = view
        self._terminal = terminal
        self._painter = painter
        self._keyboard = keyboard
        self._feed = feed
        self._meters = Meters()
        self._told: deque[Line] = deque(maxlen=_KEPT)
        self._changed = asyncio.Event()

    def __call__(self, event: Event) -> None:
        """An event has happened."""
        self.view.take(event, time.monotonic())
        self._changed.set()

    def note(self, text: str, style: str = "dim") -> None:
        """A line that stays."""
        self.view.note(text, style)
        self._changed.set()

    def say(self, text: str, style: str, for_s: float = FLASH_S) -> None:
        """A passing remark; an empty one takes the present one away."""
        self.view.say(text, style, time.monotonic(), for_s)
        self._changed.set()

    async def run(self) -> None:
        """Draw what changes until cancelled."""
        while True:
            self.look()
            if self._changed.is_set():
                self._changed.clear()
                self.draw()
                if self._changed.is_set():  # the terminal takes nothing just now
                    await asyncio.sleep(_IDLE_S)
            if self.view.state == "idle" and not self.view.has_microphone and not self.view.flash[0]:
                await self._changed.wait()
            else:
                await asyncio.sleep(_IDLE_S if self.view.state == "idle" else _BUSY_S)

    def look(self) -> None:
        """See whether levels, reply or time have changed anything."""
        view, now_s = self.view, time.monotonic()
        before = (view.flash, view.sound.near, view.sound.far, view.reply)
        view.pass_time(now_s)
        if self._feed.levels is not None:
            view.sound.near, view.sound.far = self._meters.step(*self._feed.levels())
        if (saying := self._feed.saying()) is not None:
            view.follow(saying.turn, saying.text, len(saying.heard))
        is_new = self._keyboard.pass_time(now_s)
        view.sound.is_talk_key = self._keyboard.is_talking
        if is_new or (view.flash, view.sound.near, view.sound.far, view.reply) != before:
            self._changed.set()

    def draw(self) -> None:
        """Write what differs from the screen as it is; later, where the terminal takes nothing now."""
        if not self._terminal.is_entered:
            return
        if self._terminal.is_ready:
            self._terminal.write(self._painter.paint(self._news(), *self._frame()))
        else:
            self._changed.set()

    def keys_came(self) -> None:
        """Show at once what was typed."""
        self.view.sound.is_talk_key = self._keyboard.is_talking
        if self._keyboard.redraws:
            self._keyboard.redraws = False
            self.redraw()
        else:
            self.draw()

    def enter(self) -> None:
        """Take the terminal, with everything on it out of the way, into its memory."""
        if not self._terminal.is_in_front:
            return
        self._terminal.enter()
        self._terminal.write(self._painter.clear_away(self._terminal.size()))
        self.redraw()

    def resized(self) -> None:
        """The window has another size."""
        if self._terminal.is_entered and self._painter.stays_in(self._terminal.size()):
            self._terminal.write(self._painter.draw_over(self._news(), *self._frame()))
        else:
            self.redraw()

    def redraw(self) -> None:
        """Draw all of it anew, with as much of what was said before as there is room for."""
        if not self._terminal.is_entered:
            return
        width, height = self._size()
        before = [line for told in self._told for line in self._shaped(told, width)]
        news, shown = self._news(), self._frame()
        room = max(0, height - len(shown[0]) - len(news))
        self._terminal.write(self._painter.begin_again((before[-room:] if room else []) + news, *shown))

    def leave(self) -> None:
        """Give the terminal back; what was said stays on it."""
        if self._terminal.is_entered:
            self._terminal.write(self._painter.paint(self._news(), [[]], (0, 0)) + self._painter.end())
            self._terminal.leave()

    def close(self) -> None:
        """The end, with what was still to be told."""
        self.leave()
        for line in self.view.finished:
            self._terminal.write("".join(text for text, _ in line) + "\n")
        self.view.finished.clear()

    def _news(self) -> list[Line]:
        """What has been said since the last time, wrapped."""
        news, self.view.finished = self.view.finished, []
        self._told.extend(news)
        width, _ = self._size()
        return [line for told in news for line in self._shaped(told, width)]

    def _frame(self) -> tuple[list[Line], tuple[int, int]]:
        width, height = self._size()
        made: Frame = frame(self.view, self._keyboard.typing, width, max(1, height - 1))
        return [self._encodable(line) for line in made.lines], made.cursor

    def _shaped(self, told: Line, width: int) -> list[Line]:
        return [self._encodable(line) for line in paragraph(told, width)]

    def _encodable(self, line: Line) -> Line:
        return line if self._terminal.is_unicode else ascii_only(line)

    def _size(self) -> tuple[int, int]:
        """The last column stays empty: a terminal waits there in ways of its own."""
        columns, rows = self._terminal.size()
        return max(1, columns - 1), rows
