"""What the keyboard of the live screen can ask of a conversation."""

from __future__ import annotations

from collections.abc import Sequence

from localvoice.audio.duplex import Duplex
from localvoice.event_log import EventLog
from localvoice.session.inbox import Inbox
from localvoice.turn.observations import Interrupted, Typed


class SessionControls:
    """Wishes become observations; the microphone is switched where its sound comes in."""

    def __init__(self, inbox: Inbox, duplex: Duplex, log: EventLog, *, is_typed: bool) -> None:
        """`is_typed`: nobody listens, and a line waits while the answer before it is made."""
        self._inbox = inbox
        self._duplex = duplex
        self._log = log
        self._is_typed = is_typed

    def interrupt(self) -> None:
        """Stop the reply, or call off the answer."""
        self._inbox.post(Interrupted(self._duplex.now_s()))

    def mute(self, *, muted: bool) -> None:
        """Turn the microphone off, or on: from the next block on nobody hears it."""
        if self._duplex.is_muted != muted:
            self._duplex.is_muted = muted
            self._log.emit("microphone", self._duplex.now_s(), muted=muted)

    def send(self, text: str) -> None:
        """A typed question."""
        self._inbox.post(Typed(self._duplex.now_s(), text, interrupts=True, over_thought=not self._is_typed))

    def completions(self, text: str) -> Sequence[str]:
        """Commands that `text` may become."""
        return [one for one in ("/help", "/mute") if one.startswith(text)]
