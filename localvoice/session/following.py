"""The user's turn recognised while it is spoken: its streams, its partials, and its words when it ends.

Rule of this file: the sound stays in the utterance buffer, so that a stream that fails or is late costs no word: the
turn is then read in one go, as it is without a recogniser that streams.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from localvoice.engines import StreamingRecognizer, author_of
from localvoice.messages import Partial, Transcript
from localvoice.session.dispensable import unless_it_fails
from localvoice.session.feed import Feed, Part
from localvoice.session.hand import Equipment, House
from localvoice.session.reading import Heard, is_invented
from localvoice.session.words_vote import WordsVote
from localvoice.streams import close_iterator
from localvoice.turn.decisions import (
    Decision,
    PauseBegan,
    SpeechStarted,
    ThoughtCancelled,
    TurnDropped,
    TurnEnded,
    TurnOpened,
    TurnResumed,
)
from localvoice.turn.observations import Observation, ReplyStarted, Window, WordsSoFar
from localvoice.turn.speech_gate import WINDOW_S

_FINAL_WITHIN_S = 1.0
"""How long the last words of a paid service are waited for behind the end of the turn. After that the whole turn is
read: by the same service, which takes about as long again, or by whoever stands behind it."""

_FINAL_WITHIN_HERE_S = 10.0
"""The same for an engine of this machine: asking it again would only make it later. As `engines.NAME.timeout_s`."""

_SPEECH = 0.35
"""Probability from which on a window counts as speech: the default of `vad.release`."""


@dataclass(slots=True)
class _Followed:
    """One turn, from its first speech until its answer begins to sound."""

    id: int
    parts: list[Part] = field(default_factory=list)
    speech_s: float = 0.0
    """Seconds of speech in it so far, by the voice detector."""
    is_open: bool = True
    """The turn has not ended: partials may be told."""
    is_lost: bool = False
    """A stream has failed, is late, or nobody hears along."""
    pause: PauseBegan | None = None
    """The present one; its words have a vote."""
    told: tuple[str, str] = ("", "")
    limit: asyncio.TimerHandle | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def words(self) -> Partial:
        """Of all its streams, one behind the other."""
        before, last = self.parts[:-1], self.parts[-1].latest
        text = _joined(*(part.latest.text for part in before), last.text)
        are_final = all(part.latest.is_final for part in before)
        stable = _joined(*(part.latest.text for part in before), last.stable) if are_final else ""
        is_rejected = any(part.latest.rejected for part in self.parts)
        if is_invented(text, self.speech_s):
            text = stable = ""
        sure = [part.latest.confidence for part in self.parts if part.latest.confidence is not None]
        return Partial(
            text, stable, last.is_final, None, last.end_of_turn, last.language, is_rejected, min(sure, default=None)
        )

    def still_stable(self, words: Partial) -> str:
        """What of `words` will not change: no less than was told before, where the words still begin so."""
        kept = self.told[1] if f"{words.text} ".startswith(f"{self.told[1]} ") else ""
        return max(words.stable, kept, key=len)

    def covers(self, end_s: float) -> bool:
        """Whether all words up to `end_s` are known."""
        return all(part.latest.is_final for part in self.parts[:-1]) and self.parts[-1].covers(end_s)

    def lose(self) -> None:
        """What the streams say is no use any more."""
        self.is_lost = True
        self.changed.set()

    def stop(self) -> None:
        """Nobody needs it any more."""
        if self.limit is not None:
            self.limit.cancel()
        for part in self.parts:
            if part.task is not None:
                part.task.cancel()


class Following:
    """One turn at a time. All methods but `words` are called from the event loop and do not wait."""

    def __init__(self, equipment: Equipment, is_command: Callable[[str], bool]) -> None:
        """`is_command`: whether a skill would take the whole of a text."""
        self._equipment = equipment
        self.words_vote = WordsVote(equipment)
        self._is_command = is_command
        self._house: House | None = None
        self._turn: _Followed | None = None
        self.heed: Callable[[str], None] = lambda _: None
        """Told the words of the open turn that will not change any more, whenever something was recognised."""

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house

    # what happens

    def see(self, seen: Observation) -> None:
        """What was observed, once the decisions that followed from it have been carried out."""
        turn = self._turn
        if isinstance(seen, ReplyStarted):
            self.stop()  # the turn cannot be resumed any more
        elif isinstance(seen, Window) and turn is not None and turn.is_open:
            turn.speech_s += WINDOW_S if seen.probability >= _SPEECH else 0.0
            if not turn.is_lost:
                turn.parts[-1].feed.extend(seen.at_s)

    def obey(self, decision: Decision) -> None:
        """What was decided, before anybody else carries it out."""
        match decision:
            case TurnOpened():
                self.stop()
                self._turn = _Followed(decision.turn, speech_s=decision.at_s - decision.onset_s)
                self._open_part(self._turn, decision.start_s)
            case SpeechStarted() if self._turn is not None:
                self._turn.pause = None
            case PauseBegan() if self.follows(decision.turn):
                self._pause(decision)
            case TurnEnded() if self.follows(decision.turn):
                self._end(decision)
            case TurnResumed() if self.follows(decision.turn):
                self._resume()
            case TurnDropped() | ThoughtCancelled():
                self.stop()

    def _pause(self, pause: PauseBegan) -> None:
        """The turn may be over: what is known of its words has a vote, and so has each change of it."""
        turn = self._followed(pause.turn)
        if turn is not None and self._house is not None:
            turn.pause = pause
            self._house.tasks.create_task(self._vote_soon(turn, self._house))

    def _end(self, ended: TurnEnded) -> None:
        """No more partials are told, and the last words are awaited, but not for ever."""
        turn = self._followed(ended.turn)
        if turn is None:
            return
        turn.is_open, turn.pause = False, None
        if not turn.covers(ended.speech_end_s):
            turn.parts[-1].feed.finish()
            is_paid = turn.parts[-1].engine in self._equipment.paid
            wait_s = _FINAL_WITHIN_S if is_paid else _FINAL_WITHIN_HERE_S
            turn.limit = asyncio.get_running_loop().call_later(wait_s, turn.lose)

    def _resume(self) -> None:
        """The user goes on: in the same stream, or in one that begins where the sound of the last one ended."""
        turn = self._turn
        if turn is None:
            return
        turn.is_open = True
        if turn.limit is not None:
            turn.limit.cancel()
        if turn.parts[-1].feed.is_over:
            self._open_part(turn, turn.parts[-1].feed.end_s)

    def stop(self) -> None:
        """Nobody goes on with that turn."""
        if self._turn is not None:
            self._turn.stop()
        self._turn = None

    # what comes of it

    def speech_s(self, number: int) -> float | None:
        """Seconds of speech in the turn; None where it is not the present one."""
        return self._turn.speech_s if self._turn is not None and self._turn.id == number else None

    def follows(self, number: int) -> bool:
        """Whether the words of the turn come from here."""
        return self._followed(number) is not None

    async def words(self, asked: PauseBegan | TurnEnded) -> Heard | None:
        """The words up to a pause or an end, as soon as all are known; None where they have to be read."""
        turn = self._followed(asked.turn)
        if turn is None:
            return None
        if not turn.covers(asked.speech_end_s):
            turn.parts[-1].feed.ask()
        while not turn.covers(asked.speech_end_s):
            if turn.is_lost:
                return None
            turn.changed.clear()
            await turn.changed.wait()
        words, engine = turn.words, turn.parts[-1].engine
        transcript = Transcript(
            words.text,
            words.language or self._language,
            engine,
            rejected=words.rejected,
            confidence=words.confidence,
        )
        return Heard(transcript, asked.end_s - asked.start_s)

    def _followed(self, number: int) -> _Followed | None:
        turn = self._turn
        return turn if turn is not None and turn.id == number and not turn.is_lost else None

    @property
    def _language(self) -> str:
        """Of a recogniser that was told one."""
        return str(getattr(self._equipment.recognizer, "language", "")) or "en"

    def _open_part(self, turn: _Followed, start_s: float) -> None:
        recognizer = self._equipment.recognizer
        if self._house is None or not isinstance(recognizer, StreamingRecognizer):
            turn.lose()
            return
        part = Part(Feed(self._equipment.utterances, start_s), recognizer.name)
        turn.parts.append(part)
        part.task = self._house.tasks.create_task(self._follow(turn, part, recognizer, self._house))

    async def _follow(self, turn: _Followed, part: Part, recognizer: StreamingRecognizer, house: House) -> None:
        partials = recognizer.stream(part.feed)
        try:
            while (partial := await unless_it_fails(anext(partials, None), "nobody hears along")) is not None:
                part.take(partial)
                part.engine = author_of(recognizer)  # the next one may have taken over
                self._take(turn, house)
        finally:
            await close_iterator(partials)
        if not part.latest.is_final:
            turn.lose()

    def _take(self, turn: _Followed, house: House) -> None:
        words = turn.words
        told = (words.text, turn.still_stable(words))
        if turn.is_open and told != turn.told:
            turn.told = told
            house.log.partial(turn.id, *told)
            self.heed(turn.told[1])
        self._vote(turn, house)
        turn.changed.set()

    async def _vote_soon(self, turn: _Followed, house: House) -> None:
        """When the decisions that led to the pause have been carried out."""
        self._vote(turn, house)

    def _vote(self, turn: _Followed, house: House) -> None:
        pause, words = turn.pause, turn.words
        if pause is None or turn.is_lost or (words == Partial("", "") and not turn.covers(pause.speech_end_s)):
            return
        text = "" if words.rejected else words.text
        vote = WordsSoFar(
            at_s=self._equipment.now_s(),
            turn=pause.turn,
            speech_end_s=pause.speech_end_s,
            text=text,
            is_command=self._is_command(text),
            is_settled=turn.covers(pause.speech_end_s),
            end_of_turn=words.end_of_turn,
            confidence=words.confidence,
        )
        self.words_vote.tell(vote, house)


def _joined(*texts: str) -> str:
    return " ".join(text for text in texts if text)
