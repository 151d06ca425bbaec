"""Turn-taking: observations in, decisions out. The one place where gate, endpointing, overlap and machine meet.

Rule of this file: no clock, thread, loop or device; time is what the observations say. Feeding the same observations
gives the same decisions, which is what `replay` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from localvoice.config import Config
from localvoice.messages import Origin
from localvoice.turn.decisions import Decision, SpeechStarted, SpeechStopped, TurnState
from localvoice.turn.end_of_turn import EndOfTurn
from localvoice.turn.floor import Floor
from localvoice.turn.loudness import Loudness
from localvoice.turn.machine import Signal
from localvoice.turn.moves import Moves
from localvoice.turn.observations import (
    Closing,
    Interrupted,
    NothingSaid,
    Observation,
    OverlapJudged,
    OverlapRead,
    ReplyContext,
    ReplyEnded,
    ReplyHeard,
    ReplyStarted,
    SoundSoFar,
    SpeakRequested,
    ToolRan,
    Typed,
    WaitsChosen,
    Window,
    WordsSoFar,
)
from localvoice.turn.other_voices import OtherVoices
from localvoice.turn.over_reply import OverReply
from localvoice.turn.overlap_sound import Verdict
from localvoice.turn.pauses import Pauses
from localvoice.turn.speech_gate import Edge, SpeechGate

_NEWS = (
    *(NothingSaid, ToolRan, ReplyStarted, ReplyEnded, OverlapRead, OverlapJudged, ReplyContext, WordsSoFar, SoundSoFar),
)
"""Observations about one turn; void when another one is in hand."""

_PLAIN: dict[type[Observation], Signal] = {
    SpeakRequested: Signal.UNASKED,
    Interrupted: Signal.KEY,
    NothingSaid: Signal.NOTHING_SAID,
    ReplyEnded: Signal.REPLY_ENDED,
    Closing: Signal.CLOSE,
}
"""Observations that are one signal and nothing more."""

_OF_EDGE = {Edge.STARTED: Signal.SPEECH_STARTED, Edge.STOPPED: Signal.SPEECH_STOPPED}


class TurnTaking:
    """The decisions of one conversation."""

    def __init__(self, config: Config, *, has_voice: bool = True, hears_sound: bool = False) -> None:
        """`hears_sound`: a turn detector answers at every pause."""
        self._gate = SpeechGate(config.vad)
        self._end = EndOfTurn(config, hears_sound=hears_sound)
        self._floor = Floor()
        self._loudness = Loudness()
        self._other_voices = OtherVoices(self._gate)
        self._pauses = Pauses(self._floor, self._gate, config.vad.preroll_ms / 1000)
        self._over = OverReply(config, self._floor, self._gate)
        self._moves = Moves(self._floor, self._gate, self._end, self._pauses, self._over)
        self._can_barge_in = has_voice

    @property
    def state(self) -> TurnState:
        """Where the conversation stands."""
        return self._moves.state

    @property
    def turn(self) -> int:
        """The turn that is open or being answered; the last one while idle."""
        return self._floor.turn

    @property
    def is_settled(self) -> bool:
        """Whether nothing is open, waiting or beginning: a file may end here."""
        return self.state is TurnState.IDLE and self._gate.is_quiet and not self._moves.deferred

    def step(self, seen: Observation) -> list[Decision]:
        """Every decision that follows from `seen`, in the order in which it has to be carried out."""
        decisions = list(self._decide(seen))
        while self._moves.deferred and self.state is TurnState.IDLE and self._gate.is_quiet:
            decisions += self._decide(replace(self._moves.deferred.popleft(), at_s=seen.at_s))
        return decisions

    def _decide(self, seen: Observation) -> Iterator[Decision]:
        if isinstance(seen, _NEWS) and seen.turn not in {self._floor.turn, self._floor.awaited}:
            return  # of a turn that is over
        match seen:
            case Window():
                yield from self._on_window(seen)
            case Typed():
                waits = not seen.interrupts or (self.state is TurnState.THINKING and not seen.over_thought)
                yield from self._moves.take(Signal.TYPED_BEHIND if waits else Signal.TYPED_OVER, seen)
            case WaitsChosen():
                self._end.choose_waits(seen)
            case ToolRan() | WordsSoFar() | SoundSoFar() | ReplyHeard():
                yield from self._take_note(seen)
            case ReplyStarted():
                yield from self._moves.take(Signal.REPLY_STARTED, seen)
                if self._can_barge_in:
                    yield from self._hear_early(seen)
            case OverlapRead() | OverlapJudged() | ReplyContext():
                yield from self._on_overlap_news(seen)
            case SpeakRequested() if not self._gate.is_quiet:
                self._moves.deferred.put(seen)
            case _:
                yield from self._on_plain(seen, _plain(seen, self._floor))

    def _on_plain(self, seen: Observation, signal: Signal) -> Iterator[Decision]:
        yield from self._moves.take(signal, seen)
        if signal is Signal.FILLER_ENDED:
            self._floor.end_filler()
        elif isinstance(seen, NothingSaid | ReplyEnded) and self.state is TurnState.IDLE:
            yield from self._hear_early(seen)

    # what the microphone says

    def _on_window(self, window: Window) -> Iterator[Decision]:
        self._loudness.hear(window)
        self._other_voices.hear(window)
        hears_reply = self.state in {TurnState.SPEAKING, TurnState.OVERLAP}
        if hears_reply and not self._can_barge_in:
            return
        if hears_reply:
            is_held, beside_others = self.state is TurnState.OVERLAP, self._other_voices.are_there(window.at_s)
            window = self._floor.usual_level.users(window, is_held=is_held, beside_others=beside_others)
        else:
            is_open = self.state is TurnState.USER_SPEAKING
            window = self._other_voices.users(window, self._floor.turn if is_open else None)
        if self.state is TurnState.USER_SPEAKING:
            self._floor.usual_level.hear(window)
        edge = self._gate.step(window.at_s, window.probability, eager=hears_reply)
        is_kept = self.state is TurnState.THINKING and self._floor.is_committed
        if edge is not None:
            yield from self._on_edge(edge, window, is_kept=is_kept)
        if is_kept:
            yield from self._over.keep_early(edge, window)
        if self._floor.overlap is not None and edge is Edge.STARTED:
            self._floor.overlap.goes_on()
        elif self._floor.overlap is not None:
            asked, verdict = self._over.judge(self._floor.overlap, window)
            yield from asked
            yield from self._settle_overlap(verdict, window)
        elif self.state is TurnState.USER_SPEAKING:
            yield from self._pauses.step(window.at_s)
            yield from self._judge_end(window)

    def _on_edge(self, edge: Edge, window: Window, *, is_kept: bool) -> Iterator[Decision]:
        if edge is Edge.STARTED:
            yield SpeechStarted(self._gate.onset_s, window.at_s, self._gate.probability)
        else:
            yield SpeechStopped(self._gate.end_s, window.at_s, self._gate.probability)
        if not is_kept:
            yield from self._moves.take(_OF_EDGE[edge], window)
        is_open = self.state is TurnState.USER_SPEAKING
        if edge is Edge.STARTED:
            self._end.speech_goes_on(self._floor.turn if is_open else None, self._gate.onset_s)
        elif is_open:
            yield self._begin_pause(window.at_s)

    def _begin_pause(self, at_s: float) -> Decision:
        began_s, ended_s = self._floor.began_s, self._gate.end_s
        loudness_db = self._loudness.at_pause(began_s, ended_s)
        self._end.pause_begins(self._floor.turn, began_s, ended_s, loudness_db=loudness_db)
        return self._pauses.begin(at_s)

    def _hear_early(self, seen: Observation) -> Iterator[Decision]:
        if self._floor.early is not None:
            yield from self._moves.take(Signal.SPEECH_STARTED, seen)

    def _judge_end(self, seen: Observation) -> Iterator[Decision]:
        # a sound that begins may be the user going on: it is known within two windows, and would else cut the reply
        silence_s = seen.at_s - self._gate.end_s if self._gate.is_quiet else None
        reason = self._end.decide(silence_s, seen.at_s - self._floor.began_s)
        if reason is not None:
            yield from self._moves.take(Signal.TURN_ENDED, seen, reason=reason)

    def _take_note(self, seen: ToolRan | WordsSoFar | SoundSoFar | ReplyHeard) -> Iterator[Decision]:
        if isinstance(seen, ToolRan):
            self._floor.is_committed |= seen.has_effect
        elif self._end.take(seen) and self.state is TurnState.USER_SPEAKING:
            yield from self._judge_end(seen)  # the wait may be over, between two windows

    def _on_overlap_news(self, seen: OverlapRead | OverlapJudged | ReplyContext) -> Iterator[Decision]:
        is_late = self.state is TurnState.SPEAKING
        if is_late and isinstance(seen, OverlapRead) and self._over.comes_back(seen):
            yield from self._moves.take(Signal.SPEECH_STARTED, seen)
            yield from self._settle_overlap(True, seen)
        else:
            yield from self._settle_overlap(self._over.take(seen), seen)

    def _settle_overlap(self, verdict: Verdict | None, seen: Observation) -> Iterator[Decision]:
        if verdict is not None:
            signal = Signal.OVERLAP_CONFIRMED if verdict is True else Signal.OVERLAP_DISMISSED
            yield from self._moves.take(signal, seen, verdict=verdict)
            if self.state is TurnState.USER_SPEAKING and not self._gate.is_speech:
                yield self._begin_pause(seen.at_s)  # it was over before it was decided


def _plain(seen: Observation, floor: Floor) -> Signal:
    """The one signal that `seen` is."""
    if isinstance(seen, SpeakRequested) and seen.origin is Origin.FILLER:
        return Signal.FILLER
    if isinstance(seen, ReplyEnded) and floor.awaited:
        return Signal.FILLER_ENDED
    return _PLAIN[type(seen)]
