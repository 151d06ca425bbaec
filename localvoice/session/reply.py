"""What a reply is to the session, printed or spoken: how it is said, reported, held and cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from localvoice.messages import SpeechChunk, Stage, Turn
from localvoice.streams import close_iterator
from localvoice.text.clauses import clauses


class Reporter(Protocol):
    """Who is told what becomes of a reply."""

    def now_s(self) -> float:
        """Capture clock."""

    async def turn_over(self) -> None:
        """Wait until the user's turn is over."""

    async def floor(self) -> None:
        """Wait until the reply may be heard."""

    def reply_started(self, turn: Turn) -> None:
        """The first sample is about to be handed over."""

    def sentence(self, text: str) -> None:
        """The first sample of `text` was handed over (or it was printed)."""

    def unspoken(self, text: str) -> None:
        """`text` has no sound (an emoji, a fence of code): it belongs to the next `sentence`."""

    def first_audio(self, turn: Turn) -> None:
        """The first audible sample sounds; its time stands in `turn.times`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a reply came to when it was cut."""

    heard: str
    unsaid: str
    silent_at_s: float | None
    """When its last audible sample sounds; None where nothing had been handed to a player."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a reply is saying at the moment."""

    words: str
    """Within a second, as written."""
    has_asked: bool
    """It has just come to the end of a question."""
    heard: str
    """All that has sounded of it, as written."""


class Reply(Protocol):
    """A reply that can be said and cut."""

    async def say(self, text: AsyncIterator[str]) -> None:
        """Say the text to its end. Cancelling stops the engines; the sound is stopped by `cut`."""

    async def end_with(self, phrase: SpeechChunk) -> None:
        """Say `phrase` instead of whatever has not been handed over yet, to its end."""

    def hold(self, duck_db: float | None) -> None:
        """Pause, or lower by `duck_db`."""

    def moment(self) -> Moment:
        """What it is saying."""

    def release(self) -> float:
        """Go on at full level, from the beginning of the interrupted word; in how many seconds that is reached."""

    def cut(self) -> Cut:
        """Stop the sound now."""


async def written(turn: Turn, text: AsyncIterator[str], now_s: Callable[[], float]) -> AsyncIterator[str]:
    """`text`; what there is of it so far stands in the turn."""
    try:
        async for part in text:
            if part:
                turn.times.setdefault(Stage.FIRST_TOKEN, now_s())
            turn.reply_text += part
            yield part
    finally:
        await close_iterator(text)


async def clauses_of(turn: Turn, text: AsyncIterator[str], reporter: Reporter) -> AsyncIterator[str]:
    """The clauses of `text`: the first one as soon as it is there, the rest once the user's turn is over."""
    parts = clauses(text)
    try:
        async for clause in parts:
            turn.times.setdefault(Stage.FIRST_SENTENCE, reporter.now_s())
            turn.characters += len(clause)
            yield clause
            await reporter.turn_over()
    finally:
        await close_iterator(parts)
