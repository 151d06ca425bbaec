"""What can happen in a conversation, as turn-taking sees it. Times are seconds on the capture clock.

Plain data, as the decisions are (decisions.py), so that a conversation can be recorded and decided again.
"""

from __future__ import annotations

from dataclasses import dataclass

from localvoice.messages import Origin


@dataclass(frozen=True, slots=True)
class Window:
    """32 ms of the microphone, ending at `at_s`, hold speech with this probability."""

    at_s: float
    probability: float
    level_db: float | None = None
    """Of its loudest 10 ms at the microphone, dBFS; None where our own voice may be among it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The user typed a line."""

    at_s: float
    text: str
    interrupts: bool
    """On a terminal a line cuts the reply; from a pipe it waits for it."""
    over_thought: bool = False
    """It calls off an answer, too, that does not sound yet; else it waits for that (`--text`)."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The user pressed the interrupt key."""

    at_s: float


@dataclass(frozen=True, slots=True)
class WaitsChosen:
    """The user wants other waits at the end of a turn: when sure, plain, and when it seems unfinished."""

    at_s: float
    sure_ms: int
    silence_ms: int
    limit_ms: int


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
class ReplyHeard:
    """A reply is over, or was cut: what was heard of it, and is answered next."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class OverlapRead:
    """The words of a short sound over the reply, as far as the recogniser understood them."""

    at_s: float
    turn: int
    text: str
    rejected: bool
    confidence: float | None = None
    """As in `WordsSoFar`."""


@dataclass(frozen=True, slots=True)
class OverlapJudged:
    """What a sound over the reply sounds like so far. Both are probabilities; the rest is noise, or our own voice."""

    at_s: float
    turn: int
    content: float
    """Words that want the floor."""
    backchannel: float


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """What the reply was saying when a sound over it began."""

    at_s: float
    turn: int
    words: str
    """Said within a second of it, as written."""
    has_asked: bool
    """It had just come to the end of a question."""


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
    is_settled: bool = True
    """False: words may be missing, and more news of them follows."""
    end_of_turn: float | None = None
    """0..1 that the turn is over, in the recogniser's own opinion; None: it has none."""
    read: float | None = None
    """0..1 that a sentence ends behind them, in a language model's opinion; None: none was asked, or it failed."""
    is_read: bool = True
    """False: that opinion follows."""
    confidence: float | None = None
    """0..1, how sure the recogniser is of them (`Transcript.confidence`); None: it does not say."""


@dataclass(frozen=True, slots=True)
class SoundSoFar:
    """How finished the turn sounds up to the pause whose speech ended at `speech_end_s`: 0..1 of the turn detector."""

    at_s: float
    turn: int
    speech_end_s: float
    probability: float


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
    | WaitsChosen
    | NothingSaid
    | ToolRan
    | ReplyStarted
    | ReplyEnded
    | ReplyHeard
    | OverlapRead
    | OverlapJudged
    | ReplyContext
    | WordsSoFar
    | SoundSoFar
    | SpeakRequested
    | Closing
)
