"""What follows from each signal to the turn machine: its actions, carried out on the floor, as decisions.

taking.py says which observation is which signal.
"""

from __future__ import annotations

from collections.abc import Iterator

from localvoice.turn.decisions import (
    Decision,
    EndReason,
    SpeakUnasked,
    StateChanged,
    ThoughtCancelled,
    TurnDropped,
    TurnEnded,
    TurnOpened,
    TurnResumed,
    TurnState,
)
from localvoice.turn.end_of_turn import EndOfTurn
from localvoice.turn.floor import Deferred, Floor
from localvoice.turn.machine import Action, Signal, TurnMachine
from localvoice.turn.observations import Observation, SpeakRequested, Typed
from localvoice.turn.over_reply import OverReply
from localvoice.turn.overlap_sound import Verdict
from localvoice.turn.pauses import Pauses
from localvoice.turn.speech_gate import SpeechGate

_ON_REPLY = frozenset({Action.HOLD, Action.RELEASE, Action.CUT, Action.CANCEL})


class Moves:
    """The machine, and what its actions come to."""

    def __init__(self, floor: Floor, gate: SpeechGate, end: EndOfTurn, pauses: Pauses, over: OverReply) -> None:
        self._machine = TurnMachine()
        self._floor = floor
        self._gate = gate
        self._end = end
        self._pauses = pauses
        self._over = over
        self.deferred = Deferred()

    @property
    def state(self) -> TurnState:
        """Where the conversation stands."""
        return self._machine.state

    def take(
        self,
        signal: Signal,
        seen: Observation,
        *,
        reason: EndReason = EndReason.SILENCE,
        verdict: Verdict | None = None,
    ) -> Iterator[Decision]:
        """What follows from a signal that `seen` gave.

        Args:
            signal: To the machine.
            seen: What gave it.
            reason: Why the turn ended, where it did.
            verdict: On the sound over the reply, where there was one.
        """
        before = self.state
        actions = self._machine.step(signal)
        after = self.state
        changed = [StateChanged(seen.at_s, before, after)] if before is not after else []
        for action in actions:
            if action in _ON_REPLY:
                yield from self._touch_reply(action, seen, verdict)
            else:
                yield from self._open_or_answer(action, seen, reason)
        yield from changed

    def _open_or_answer(self, action: Action, seen: Observation, reason: EndReason) -> Iterator[Decision]:
        floor, at_s = self._floor, seen.at_s
        match action:
            case Action.OPEN_TURN:
                sound = floor.overlap or floor.early
                floor.overlap = None
                yield self._opened(at_s, self._over.began_s(self._gate.onset_s) if sound is None else sound.began_s)
            case Action.RESUME_TURN:
                yield from self._resume(at_s)
            case Action.START_REPLY:
                start_s, end_s = self._pauses.cut_out(floor.began_s, at_s)
                floor.words.answered_until_s = self._gate.end_s
                floor.is_committed = self._end.is_full(at_s - floor.began_s)
                floor.usual_level.turn_ended()
                self._over.go_on_after(at_s)
                yield TurnEnded(at_s, floor.turn, reason, self._end.probability, start_s, self._gate.end_s, end_s)
            case Action.ANSWER_TYPED if isinstance(seen, Typed):
                floor.overlap = None
                turn = floor.open(at_s, is_committed=True)
                self._over.go_on_after(at_s)
                yield TurnEnded(at_s, turn, EndReason.TYPED, 1.0, at_s, at_s, at_s, seen.text)
            case Action.SPEAK_UNASKED if isinstance(seen, SpeakRequested):
                yield SpeakUnasked(at_s, floor.open(at_s, seen), seen.origin, seen.text)
            case Action.DROP_TURN:
                yield TurnDropped(at_s, floor.turn)
            case Action.SPEAK_FILLER if isinstance(seen, SpeakRequested):
                yield SpeakUnasked(at_s, floor.begin_filler(), seen.origin, seen.text)
            case Action.DEFER if isinstance(seen, Typed | SpeakRequested):
                self.deferred.put(seen)

    def _touch_reply(self, action: Action, seen: Observation, verdict: Verdict | None) -> Iterator[Decision]:
        floor, at_s = self._floor, seen.at_s
        match action:
            case Action.HOLD:
                yield self._over.hold(at_s)
            case Action.RELEASE:
                yield from self._over.release(at_s, verdict)
            case Action.CUT:
                yield self._over.cut(seen)
            case Action.CANCEL:
                floor.end_filler()
                floor.early = None
                is_followed = isinstance(seen, Typed)
                if is_followed and floor.unasked is not None:  # it waits until the user has had their say
                    self.deferred.put(floor.unasked, first=True)
                yield ThoughtCancelled(at_s, floor.turn, is_followed=is_followed)

    def _resume(self, at_s: float) -> Iterator[Decision]:
        self._floor.end_filler()
        if self._floor.unasked is not None:  # it waits until the user has had their say
            self.deferred.put(self._floor.unasked, first=True)
            yield ThoughtCancelled(at_s, self._floor.turn)
            yield self._opened(at_s, self._gate.onset_s)
        else:
            yield TurnResumed(at_s, self._floor.turn)

    def _opened(self, at_s: float, onset_s: float) -> TurnOpened:
        turn = self._floor.open(onset_s)
        start_s, _ = self._pauses.cut_out(onset_s, at_s)
        return TurnOpened(at_s, turn, start_s, onset_s)
