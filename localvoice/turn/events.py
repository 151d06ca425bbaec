"""What can happen in a conversation, and what is decided about it. Times are seconds on the capture clock.

Observations go in, decisions come out; both are plain data, so that a conversation can be recorded and decided again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from localvoice.messages import Origin


class TurnState(StrEnum):
    """Where the conversation stands."""

    IDLE = "idle"
    USER_SPEAKING = "user_speaking"
    THINKING = "thinking"
    SPEAKING = "speaking"
    OVERLAP = "overlap"
    CLOSED = "closed"


# Observations


@dataclass(frozen=True, slots=True)
class Window:
    """32 ms of the microphone, ending at `at_s`, hold speech with this probability."""

    at_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Typed:
    """The user typed a line."""

    at_s: float
    text: str
    interrupts: bool
    """On a terminal a line cuts the reply; from a pipe it waits for it."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The user pressed the interrupt key."""

    at_s: float


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """The recogniser found no words in the turn."""

    at_s: float
    turn: int


@dataclass(frozen=True, slots=True)
class ToolRan:
    """A skill was run for the turn; one with an effect cannot be taken back by more speech."""

    at_s: float
    turn: int
    has_effect: bool


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The reply's first sample is handed to the player (or its first clause printed)."""

    at_s: float
    turn: int


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The reply has sounded to its end, or there is none."""

    at_s: float
    turn: int


@dataclass(frozen=True, slots=True)
class OverlapRead:
    """The words of a short sound over the reply, as far as the recogniser understood them."""

    at_s: float
    turn: int
    text: str
    rejected: bool


@dataclass(frozen=True, slots=True)
class WordsSoFar:
    """What the recogniser made of the turn up to the pause whose speech ended at `speech_end_s`."""

    at_s: float
    turn: int
    speech_end_s: float
    text: str
    """Empty where it understood nothing."""
    is_command: bool = False
    """A skill would take the whole of it."""


@dataclass(frozen=True, slots=True)
class SpeakRequested:
    """Something wants to be said that nobody asked for just now: a greeting, a timer, a prompt."""

    at_s: float
    origin: Origin
    text: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The session is about to end."""

    at_s: float


Observation = (
    Window
    | Typed
    | Interrupted
    | NothingSaid
    | ToolRan
    | ReplyStarted
    | ReplyEnded
    | OverlapRead
    | WordsSoFar
    | SpeakRequested
    | Closing
)

# Decisions


class EndReason(StrEnum):
    """Why a user's turn ended."""

    COMPLETE = "complete"
    SILENCE = "silence"
    LIMIT = "limit"
    TYPED = "typed"


class Dismissal(StrEnum):
    """Why a sound over a reply was not an interruption."""

    ECHO = "echo"
    BACKCHANNEL = "backchannel"
    NOISE = "noise"
    NOTHING_SAID = "nothing_said"


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The conversation went from one state to another."""

    at_s: float
    before: TurnState
    after: TurnState


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began to speak at `at_s`; that was known at `detected_s`."""

    at_s: float
    detected_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user's speech ended at `at_s`; that was known at `detected_s`."""

    at_s: float
    detected_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class PauseBegan:
    """The turn may be over: transcribe `start_s`..`end_s` beforehand, and answer with `WordsSoFar`."""

    at_s: float
    turn: int
    start_s: float
    speech_end_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The user has finished: transcribe `start_s`..`end_s` (or take `text`, which was typed) and answer."""

    at_s: float
    turn: int
    reason: EndReason
    probability: float
    start_s: float
    speech_end_s: float
    end_s: float
    text: str = ""

    @property
    def silence_ms(self) -> float:
        """From the end of speech to the decision."""
        return (self.at_s - self.speech_end_s) * 1000.0


@dataclass(frozen=True, slots=True)
class TurnResumed:
    """The user goes on with a turn that seemed finished: what was prepared for it is void."""

    at_s: float
    turn: int


@dataclass(frozen=True, slots=True)
class TurnDropped:
    """There was nothing in the turn to answer."""

    at_s: float
    turn: int


@dataclass(frozen=True, slots=True)
class OverlapStarted:
    """The user makes a sound over the reply: hold it until this is decided."""

    at_s: float
    turn: int
    onset_s: float


@dataclass(frozen=True, slots=True)
class ReadOverlap:
    """Transcribe the short sound `start_s`..`end_s` over the reply; answer with `OverlapRead`."""

    at_s: float
    turn: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class OverlapDismissed:
    """It was no interruption: go on with the reply."""

    at_s: float
    turn: int
    onset_s: float
    reason: Dismissal


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The user takes the turn: cut the reply. `onset_s` is when the sound, or the key, began."""

    at_s: float
    turn: int
    onset_s: float


@dataclass(frozen=True, slots=True)
class ThoughtCancelled:
    """The user called off an answer that had not begun to sound."""

    at_s: float
    turn: int


@dataclass(frozen=True, slots=True)
class SpeakUnasked:
    """Say `text`, which nobody asked for just now."""

    at_s: float
    turn: int
    origin: Origin
    text: str


Decision = (
    StateChanged
    | SpeechStarted
    | SpeechStopped
    | PauseBegan
    | TurnEnded
    | TurnResumed
    | TurnDropped
    | OverlapStarted
    | ReadOverlap
    | OverlapDismissed
    | BargeIn
    | ThoughtCancelled
    | SpeakUnasked
)
