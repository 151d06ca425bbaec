"""The turn machine: every (state, signal) pair is in this file, decided, deferred, ignored or impossible.

Two rules, after h11: all transitions are entries of TRANSITIONS and nothing else; the machine knows nothing of audio,
engines or time, it only says what has to be done.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from localvoice.turn.decisions import TurnState

_IDLE, _USER, _THINKING, _SPEAKING, _OVERLAP, _CLOSED = TurnState


class Signal(StrEnum):
    """What the machine is told."""

    SPEECH_STARTED = "speech_started"
    SPEECH_STOPPED = "speech_stopped"
    TURN_ENDED = "turn_ended"
    NOTHING_SAID = "nothing_said"
    REPLY_STARTED = "reply_started"
    REPLY_ENDED = "reply_ended"
    OVERLAP_CONFIRMED = "overlap_confirmed"
    OVERLAP_DISMISSED = "overlap_dismissed"
    TYPED_OVER = "typed_over"
    """A line typed on a terminal: it does not wait for the reply."""
    TYPED_BEHIND = "typed_behind"
    """A line from a pipe: it waits for the reply before it."""
    KEY = "key"
    """The interrupt key."""
    UNASKED = "unasked"
    """Something wants to be said that nobody asked for just now."""
    FILLER = "filler"
    """The answer takes long: something may be said meanwhile."""
    FILLER_ENDED = "filler_ended"
    CLOSE = "close"


class Action(Enum):
    """What has to be done about it."""

    OPEN_TURN = "remember where the user's turn begins"
    RESUME_TURN = "void what was prepared, the same turn goes on"
    START_REPLY = "transcribe and answer"
    ANSWER_TYPED = "answer the typed line"
    SPEAK_UNASKED = "say what nobody asked for"
    SPEAK_FILLER = "say something before the answer"
    DROP_TURN = "there was nothing to answer"
    HOLD = "pause or duck the reply"
    RELEASE = "let the reply go on"
    CUT = "stop the reply where it is"
    CANCEL = "call off the answer that has not begun to sound"
    DEFER = "keep the signal until the conversation is idle"
    CLOSE = "end everything"


class IllegalSignal(Exception):
    """A signal that cannot happen in this state; nothing was changed. Always a bug of ours."""

    def __init__(self, signal: Signal, state: TurnState) -> None:
        super().__init__(f"{signal} cannot happen in state {state}")
        self.signal = signal
        self.state = state


S, A = Signal, Action

TRANSITIONS: dict[tuple[TurnState, Signal], tuple[TurnState, tuple[Action, ...]]] = {
    (_IDLE, S.SPEECH_STARTED): (_USER, (A.OPEN_TURN,)),
    (_IDLE, S.TYPED_OVER): (_THINKING, (A.ANSWER_TYPED,)),
    (_IDLE, S.TYPED_BEHIND): (_THINKING, (A.ANSWER_TYPED,)),
    (_IDLE, S.UNASKED): (_THINKING, (A.SPEAK_UNASKED,)),
    (_IDLE, S.CLOSE): (_CLOSED, (A.CLOSE,)),
    # the user speaks
    (_USER, S.TURN_ENDED): (_THINKING, (A.START_REPLY,)),
    (_USER, S.TYPED_OVER): (_USER, (A.DEFER,)),
    (_USER, S.TYPED_BEHIND): (_USER, (A.DEFER,)),
    (_USER, S.UNASKED): (_USER, (A.DEFER,)),
    (_USER, S.CLOSE): (_CLOSED, (A.CLOSE,)),
    # an answer is being made
    (_THINKING, S.SPEECH_STARTED): (_USER, (A.RESUME_TURN,)),
    (_THINKING, S.NOTHING_SAID): (_IDLE, (A.DROP_TURN,)),
    (_THINKING, S.REPLY_STARTED): (_SPEAKING, ()),
    (_THINKING, S.REPLY_ENDED): (_IDLE, ()),
    (_THINKING, S.TYPED_OVER): (_THINKING, (A.CANCEL, A.ANSWER_TYPED)),
    (_THINKING, S.TYPED_BEHIND): (_THINKING, (A.DEFER,)),
    (_THINKING, S.UNASKED): (_THINKING, (A.DEFER,)),
    (_THINKING, S.FILLER): (_THINKING, (A.SPEAK_FILLER,)),
    (_THINKING, S.KEY): (_IDLE, (A.CANCEL,)),
    (_THINKING, S.CLOSE): (_CLOSED, (A.CLOSE,)),
    # the assistant speaks
    (_SPEAKING, S.SPEECH_STARTED): (_OVERLAP, (A.HOLD,)),
    (_SPEAKING, S.REPLY_ENDED): (_IDLE, ()),
    (_SPEAKING, S.FILLER_ENDED): (_THINKING, ()),
    (_SPEAKING, S.TYPED_OVER): (_THINKING, (A.CUT, A.ANSWER_TYPED)),
    (_SPEAKING, S.TYPED_BEHIND): (_SPEAKING, (A.DEFER,)),
    (_SPEAKING, S.UNASKED): (_SPEAKING, (A.DEFER,)),
    (_SPEAKING, S.KEY): (_IDLE, (A.CUT,)),
    (_SPEAKING, S.CLOSE): (_CLOSED, (A.CLOSE,)),
    # both at once, until it is decided
    (_OVERLAP, S.OVERLAP_CONFIRMED): (_USER, (A.CUT, A.OPEN_TURN)),
    (_OVERLAP, S.OVERLAP_DISMISSED): (_SPEAKING, (A.RELEASE,)),
    (_OVERLAP, S.TYPED_OVER): (_THINKING, (A.CUT, A.ANSWER_TYPED)),
    (_OVERLAP, S.TYPED_BEHIND): (_OVERLAP, (A.DEFER,)),
    (_OVERLAP, S.UNASKED): (_OVERLAP, (A.DEFER,)),
    (_OVERLAP, S.CLOSE): (_CLOSED, (A.CLOSE,)),
    # the reply was stopped by a key, or came to its end, while that was still open: the floor is the user's
    (_OVERLAP, S.KEY): (_USER, (A.CUT, A.OPEN_TURN)),
    (_OVERLAP, S.REPLY_ENDED): (_USER, (A.CUT, A.OPEN_TURN)),
    (_OVERLAP, S.FILLER_ENDED): (_USER, (A.CUT, A.OPEN_TURN)),
}

IGNORED: frozenset[tuple[TurnState, Signal]] = frozenset(
    {
        # the end of a sound that opened no turn: one that was called off by a key
        (_IDLE, S.SPEECH_STOPPED),
        (_IDLE, S.KEY),
        # late news of a reply that was called off
        (_IDLE, S.NOTHING_SAID),
        (_IDLE, S.REPLY_STARTED),
        (_IDLE, S.REPLY_ENDED),
        (_USER, S.NOTHING_SAID),
        (_USER, S.REPLY_STARTED),
        (_USER, S.REPLY_ENDED),
        (_USER, S.KEY),
        # a filler comes too late, or is over although it was called off
        *((state, S.FILLER) for state in (_IDLE, _USER, _SPEAKING, _OVERLAP)),
        *((state, S.FILLER_ENDED) for state in (_IDLE, _USER, _THINKING)),
        # a turn is made of several stretches of speech; endpointing decides when it ends
        (_USER, S.SPEECH_STARTED),
        (_USER, S.SPEECH_STOPPED),
        (_THINKING, S.SPEECH_STOPPED),
        (_SPEAKING, S.SPEECH_STOPPED),
        # the overlap policy decides, not the edges of the sound
        (_OVERLAP, S.SPEECH_STARTED),
        (_OVERLAP, S.SPEECH_STOPPED),
        *((_CLOSED, signal) for signal in Signal),
    }
)


class TurnMachine:
    """The state, and the one way to change it."""

    def __init__(self) -> None:
        self.state = TurnState.IDLE

    def step(self, signal: Signal) -> tuple[Action, ...]:
        """The actions for `signal`. Raises `IllegalSignal`, state unchanged, where the pair cannot happen."""
        key = (self.state, signal)
        if key in IGNORED:
            return ()
        if key not in TRANSITIONS:
            raise IllegalSignal(signal, self.state)
        self.state, actions = TRANSITIONS[key]
        return actions
