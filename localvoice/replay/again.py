"""The decisions of a recorded session made again, and its events with them.

Rule of this file: no engine, device or clock. What they came to is read from the recording; everything that is decided
or reckoned from it (`facts.DECIDED`) is made anew, by the code that a conversation runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from localvoice.config import Config
from localvoice.event_log import Event, EventLog
from localvoice.messages import Origin, Stage, Turn, Usage
from localvoice.session.facts import (
    FullLevel,
    PreparedDropped,
    ReplyCut,
    ReplyOver,
    ReplySounds,
    SessionBegan,
    SessionOver,
    Told,
)
from localvoice.session.log import SessionLog
from localvoice.session.reply import Cut
from localvoice.session.tape import Noted
from localvoice.turn.decisions import (
    BargeIn,
    Decision,
    OverlapDismissed,
    OverlapStarted,
    SpeechStarted,
    SpeechStopped,
    StateChanged,
    TurnDropped,
    TurnEnded,
    TurnResumed,
)
from localvoice.turn.observations import Observation
from localvoice.turn.taking import TurnTaking

Place = tuple[int, ...]


def decided_again(config: Config, began: SessionBegan, noted: Iterable[Noted]) -> list[Event]:
    """The events that follow from what was noted, in their order."""
    again = _Again(config, began)
    again.run(noted)
    return again.events


def turns_ended(config: Config, began: SessionBegan, noted: Iterable[Noted]) -> list[TurnEnded]:
    """The last end of every turn, with the stretch of sound that was to be read."""
    again = _Again(config, began)
    again.run(noted)
    return list(again.ended.values())


class _Again:
    """One session."""

    def __init__(self, config: Config, began: SessionBegan) -> None:
        self.events: list[Event] = []
        self._config = config
        threshold = replace(config.vad, duck_threshold=began.duck_threshold)
        strict = replace(config, vad=threshold)
        self._taking = TurnTaking(strict, has_voice=began.has_voice, hears_sound=began.hears_sound)
        self._events = EventLog()
        self._events.subscribe(self.events.append)
        self._now_s = 0.0
        self._log = SessionLog(self._events, lambda: self._now_s)
        self.ended: dict[int, TurnEnded] = {}
        self._lines: deque[Noted] = deque()

    def run(self, noted: Iterable[Noted]) -> None:
        self._lines.extend(noted)
        while self._lines:
            self._next(None)

    def _next(self, decision: Decision | None) -> None:
        """The next line, noted while `decision` was carried out."""
        noted = self._lines.popleft()
        if isinstance(noted.seen, Observation):
            self._decide(noted.seen, noted.within)
        else:
            self._tell(noted.seen, decision)

    def _decide(self, seen: Observation, within: Place) -> None:
        for number, decision in enumerate(self._taking.step(seen)):
            self._carry_out(decision)
            self._inside((*within, number), decision)
        while self._lines and len(self._lines[0].within) > len(within):
            self._next(None)  # noted during a decision that does not follow any more

    def _inside(self, place: Place, decision: Decision) -> None:
        while self._lines and self._lines[0].within[: len(place)] == place:
            self._next(decision)

    def _carry_out(self, decision: Decision) -> None:
        """As `session/conversation.py` does, as far as it is told."""
        log = self._log
        match decision:
            case StateChanged():
                log.state(decision)
            case SpeechStarted() | SpeechStopped():
                log.speech(decision)
            case TurnEnded():
                self.ended[decision.turn] = decision
                log.turn_ended(decision)
            case TurnResumed():
                log.turn_resumed(decision.turn, decision.at_s)
            case TurnDropped():
                log.turn_dropped(decision.turn, decision.at_s, "nothing_said")
            case OverlapStarted():
                log.overlap_started(decision, self._config.turn.overlap)
            case _:
                pass

    def _tell(self, fact: object, decision: Decision | None) -> None:
        log = self._log
        match fact:
            case Told():
                self._events.emit(fact.event["type"], fact.event["t"], **_fields(fact.event))
            case ReplySounds():
                turn = self._timed(Turn(fact.turn))
                turn.times[Stage.FIRST_AUDIO] = fact.at_s
                log.first_audio(turn)
            case FullLevel() if isinstance(decision, OverlapDismissed):
                log.false_alarm(decision, fact.at_s)
            case ReplyCut() if isinstance(decision, BargeIn):
                log.barge_in(decision, Cut(fact.heard, fact.unsaid, fact.silent_at_s))
            case ReplyOver():
                self._now_s = fact.at_s
                log.reply_finished(self._turn(fact))
            case PreparedDropped():
                log.prepared_dropped(fact.characters)
            case SessionOver():
                self._now_s = fact.at_s
                log.ended(fact.reason, fact.xruns)
            case _:
                pass

    def _turn(self, over: ReplyOver) -> Turn:
        turn = Turn(over.turn, Origin(over.origin), reply_text=over.text, heard=over.heard)
        turn.interrupted, turn.characters, turn.cost_usd = over.interrupted, over.characters, over.cost_usd
        turn.usage = Usage(**{f"{name}_tokens": count for name, count in over.tokens.items()})
        turn.times = {Stage(name): at_s for name, at_s in over.times.items()}
        return self._timed(turn)

    def _timed(self, turn: Turn) -> Turn:
        """With the end of the user's words as it was decided now."""
        ended = self.ended.get(turn.id)
        if ended is not None:
            turn.times |= {Stage.SPEECH_STOPPED: ended.speech_end_s, Stage.TURN_ENDED: ended.at_s}
        return turn


def _fields(event: Mapping[str, Any]) -> Event:
    return {name: value for name, value in event.items() if name not in {"type", "t"}}
