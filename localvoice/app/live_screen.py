"""The live screen of one conversation, put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import inf

from localvoice.app.commands_while_talking import Commands
from localvoice.app.controls import SessionControls
from localvoice.app.switching import Switching
from localvoice.audio.duplex import Duplex
from localvoice.audio.levels import Levels
from localvoice.event_log import EventLog
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import ModelStore
from localvoice.session.conversation import Session
from localvoice.session.ending import EndedBy
from localvoice.session.inbox import Inbox
from localvoice.session.replying import Replying
from localvoice.ui.live.attendance import Attendance
from localvoice.ui.live.keyboard import Keyboard
from localvoice.ui.live.painter import Painter
from localvoice.ui.live.screen import Feed, LiveScreen
from localvoice.ui.live.spans import SHADES, plain_shades
from localvoice.ui.live.terminal import open_terminal
from localvoice.ui.live.view import FLASH_S, View


class Live:
    """A screen and those who attend to it."""

    def __init__(self, inbox: Inbox, duplex: Duplex, log: EventLog, *, is_typed: bool) -> None:
        levels = duplex.levels = Levels()
        terminal = open_terminal(sys.stdin, sys.stdout)
        view = View()
        self._controls = SessionControls(inbox, duplex, log, is_typed=is_typed)
        keyboard = Keyboard(self._controls, view)
        painter = Painter(plain_shades() if os.environ.get("NO_COLOR") else SHADES)
        self._feed = Feed(levels=levels.take)
        self.screen = LiveScreen(view, terminal, painter, keyboard, self._feed)
        self._attendance = Attendance(self.screen, terminal, keyboard)
        self._make_commands: Callable[[Switching, ModelStore], Commands] = lambda switching, store: Commands(
            inbox, log, duplex.now_s, switching, _voices(store), self._tell
        )

    def attach(self, session: Session, replying: Replying, switching: Switching, store: ModelStore) -> None:
        """What keys and commands act on."""
        self._feed.saying = lambda: replying.saying
        self._controls.quit = lambda: session.end(EndedBy.GOODBYE)
        self._controls.commands = self._make_commands(switching, store)

    def start(self, stack: ExitStack) -> None:
        """Take the terminal; the stack gives it back, whatever happens."""
        stack.callback(self._attendance.close)
        self._attendance.start()

    async def run(self) -> None:
        """Draw, beside the session."""
        await self.screen.run()

    async def carry_out(self) -> None:
        """Carry out commands, beside the session."""
        if self._controls.commands is not None:
            await self._controls.commands.run()

    def _tell(self, text: str, style: str) -> None:
        """What is begun stands until it is over. A failure stays: what it says may be longer than a line of remarks."""
        if style == "bad":
            self.screen.say("", "")
            self.screen.note(text, style)
        else:
            self.screen.say(text, style, inf if style == "dim" else FLASH_S)


def _voices(store: ModelStore) -> Callable[[], Sequence[str]]:
    """Voices of this machine by name: installed models, then the languages of the starter."""

    def names() -> Sequence[str]:
        from localvoice.tts.espeak_library import espeak_library

        models = [one.name for one in store.installed() if one.kind is Kind.TTS]
        return [*models, *sorted(espeak_library().voices)]

    return names
