"""What keys do on the screen: edit the line, or ask something of the conversation (`Controls`)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from localvoice.ui.live.editor import Editor
from localvoice.ui.live.keys import Key, Keys, Pressed
from localvoice.ui.live.lines import Typing
from localvoice.ui.live.talk_key import TalkKey
from localvoice.ui.live.view import View


class Controls(Protocol):
    """What a key can ask of the conversation; nothing of it waits."""

    def interrupt(self) -> None:
        """Stop the reply, or call off the answer."""

    def mute(self, *, muted: bool) -> None:
        """Turn the microphone off, or on."""

    def send(self, text: str) -> None:
        """A typed question, or a command behind a slash."""

    def end_input(self) -> None:
        """No more lines will be typed."""

    def completions(self, text: str) -> Sequence[str]:
        """Commands that `text` may become."""


class Keyboard:
    """Keys in, a line and wishes out."""

    def __init__(self, controls: Controls, view: View) -> None:
        self._controls = controls
        self._view = view
        self._keys = Keys()
        self._editor = Editor(controls.completions)
        self._talk = TalkKey()
        self._has_help = False
        self.redraws = False
        """Ctrl-L was pressed; whoever draws takes it back."""

    @property
    def typing(self) -> Typing:
        """The line as it is shown."""
        editor = self._editor
        offers = editor.offers if editor.text.startswith("/") else ()
        return Typing(editor.text, editor.at, offers, has_help=self._has_help)

    @property
    def is_talking(self) -> bool:
        """Whether push-to-talk has the microphone open."""
        return self._talk.is_open

    @property
    def waits(self) -> bool:
        """Whether `flush` is due when nothing more comes."""
        return self._keys.waits

    def feed(self, data: bytes) -> None:
        """What the terminal sent."""
        for key in self._keys.feed(data):
            self._press(key)

    def flush(self) -> None:
        """Nothing more came: what is incomplete was an Escape."""
        for key in self._keys.flush():
            self._press(key)

    def pass_time(self, now_s: float) -> bool:
        """Whether a key was let go meanwhile."""
        before = self._talk.is_open
        self._talk.pass_time(now_s)
        if before and not self._talk.is_open:
            self._controls.mute(muted=True)
        return before != self._talk.is_open

    def _press(self, key: Pressed) -> None:
        had_help, self._has_help = self._has_help, False
        is_empty = not self._editor.text
        if key == "?" and is_empty:
            self._has_help = not had_help
        elif key == " " and is_empty:
            self._press_talk()
        elif key is Key.ESCAPE:
            if not had_help:
                self._escape()
        elif key is Key.TAB:
            self._tab()
        elif key is Key.ENTER:
            self._enter()
        elif key is Key.REDRAW:
            self.redraws = True
        elif key is Key.END_OF_INPUT:
            self._end_input()
        else:
            self._editor.press(key)

    def _escape(self) -> None:
        if self._view.is_answering:
            self._controls.interrupt()
        else:
            self._editor.clear()

    def _end_input(self) -> None:
        if self._editor.text:
            self._editor.press(Key.DELETE)  # as in a shell
        elif self._view.has_microphone:  # somebody may go on talking
            self._say("Ctrl-C ends the session")
        else:
            self._controls.end_input()

    def _tab(self) -> None:
        if self._editor.text.startswith("/"):
            self._editor.complete()
        elif self._has_microphone():
            self._talk.release()
            self._controls.mute(muted=not self._view.sound.is_muted)

    def _press_talk(self) -> None:
        if not self._has_microphone():
            return
        if not self._view.sound.is_muted and not self._talk.is_open:
            self._say("Tab mutes first, then Space talks")
            return
        was_open = self._talk.is_open
        self._talk.press(time.monotonic())
        if self._talk.is_open != was_open:
            if self._talk.is_open and self._view.is_speaking:
                self._controls.interrupt()
            self._controls.mute(muted=not self._talk.is_open)

    def _has_microphone(self) -> bool:
        if not self._view.has_microphone:
            self._say("there is no microphone in this conversation")
        return self._view.has_microphone

    def _say(self, text: str) -> None:
        self._view.say(text, "warn", time.monotonic())

    def _enter(self) -> None:
        text = self._editor.send()
        if text == "/help":
            self._has_help = True
        elif text:
            if self._view.lets_wait and not text.startswith("/"):
                self._say("your line waits for this turn")
            self._controls.send(text)
        else:
            self._controls.interrupt()
