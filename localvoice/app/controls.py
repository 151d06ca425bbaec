"""What the keyboard of the live screen can ask of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from localvoice.app.commands_while_talking import Commands
from localvoice.audio.duplex import Duplex
from localvoice.event_log import EventLog
from localvoice.session.inbox import Inbox, InputDone
from localvoice.turn.observations import Interrupted, Typed


class SessionControls:
    """Wishes become observations; the microphone is switched where its sound comes in."""

    def __init__(self, inbox: Inbox, duplex: Duplex, log: EventLog, *, is_typed: bool) -> None:
        """`is_typed`: nobody listens, and a line waits while the answer before it is made."""
        self._inbox = inbox
        self._duplex = duplex
        self._log = log
        self._is_typed = is_typed
        self.commands: Commands | None = None
        """Present from the beginning of the session on."""
        self.quit: Callable[[], None] = _nothing
        """Ends the session."""

    def interrupt(self) -> None:
        """Stop the reply, or call off the answer."""
        self._inbox.post(Interrupted(self._duplex.now_s()))

    def mute(self, *, muted: bool) -> None:
        """Turn the microphone off, or on: from the next block on nobody hears it."""
        if self._duplex.is_muted != muted:
            self._duplex.is_muted = muted
            self._log.emit("microphone", self._duplex.now_s(), muted=muted)

    def send(self, text: str) -> None:
        """A typed question, or a command behind a slash."""
        if text == "/quit":
            self.quit()
        elif text == "/mute":
            self.mute(muted=not self._duplex.is_muted)
        elif text.startswith("/") and self.commands is not None:
            self.commands.put(text)
        else:
            now_s = self._duplex.now_s()
            self._inbox.post(Typed(now_s, text, interrupts=True, over_thought=not self._is_typed))

    def end_input(self) -> None:
        """No more lines will be typed."""
        self._inbox.post(InputDone())

    def completions(self, text: str) -> Sequence[str]:
        """Commands that `text` may become."""
        return () if self.commands is None or not text.startswith("/") else self.commands.completions(text)


def _nothing() -> None:
    """Before there is a session."""
