"""What turn-taking decides about what it saw (observations.py). Times are seconds on the capture clock."""

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
class TurnOpened:
    """The user has the floor: their turn may be recognised while it is spoken, from `start_s` on."""

    at_s: float
    turn: int
    start_s: float
    onset_s: float
    """Where its speech began."""


@dataclass(frozen=True, slots=True)
class PauseBegan:
    """The turn may be over: transcribe `start_s`..`end_s` beforehand, and answer with `WordsSoFar`.

    Where there is a turn detector, have it listen as well and answer with `SoundSoFar`.
    """

    at_s: float
    turn: int
    onset_s: float
    """Where the turn began."""
    start_s: float
    speech_end_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class PauseLikely:
    """The first window without speech: `PauseBegan` follows, or `PauseOff`. Work may begin that is easily dropped."""

    at_s: float
    pause: PauseBegan


@dataclass(frozen=True, slots=True)
class PauseOff:
    """It was no pause."""

    at_s: float
    turn: int


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
class JudgeOverlap:
    """Tell what the sound over the reply that began at `onset_s` sounds like so far, with `OverlapJudged`."""

    at_s: float
    turn: int
    onset_s: float


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
    is_followed: bool = False
    """By other words, which are answered instead: both belong together."""


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
    | TurnOpened
    | PauseLikely
    | PauseOff
    | PauseBegan
    | TurnEnded
    | TurnResumed
    | TurnDropped
    | OverlapStarted
    | ReadOverlap
    | JudgeOverlap
    | OverlapDismissed
    | BargeIn
    | ThoughtCancelled
    | SpeakUnasked
)
