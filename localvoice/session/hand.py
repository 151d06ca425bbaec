"""One exchange in hand: who works on it, its turn and reply, where it lives, and what it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localvoice.audio.utterance import UtteranceBuffer
from localvoice.engines import ChatModel, Player, Recognizer, Synthesizer, TurnDetector
from localvoice.errors import ExitCode, LocalVoiceError
from localvoice.messages import Message, Origin, SpeechChunk, Stage, Turn
from localvoice.session.log import SessionLog
from localvoice.session.speaking import Reply
from localvoice.turn.observations import Observation, ReplyStarted


@dataclass(frozen=True, slots=True)
class Voices:
    """The engines of one session, and what they work on."""

    recognizer: Recognizer | None
    """None where nobody listens."""
    chat: ChatModel
    synthesizer: Synthesizer | None
    """None where nothing is spoken."""
    player: Player | None
    utterances: UtteranceBuffer
    now_s: Callable[[], float]
    """The capture clock."""
    phrases: Mapping[str, SpeechChunk] = field(default_factory=dict)
    """Prepared speech by its text."""
    turn_detector: TurnDetector | None = None
    """None where no such model is installed: the end of a turn is decided without hearing it."""


@dataclass(slots=True)
class Hand:
    """One exchange from the end of the user's turn to the end of the reply."""

    turn: Turn
    task: asyncio.Task[None] | None = None
    reply: Reply | None = None
    engine: str = ""
    tools: list[Message] = field(default_factory=list)
    is_remembered: bool = True
    starts_over: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """Where a reply lives: the tasks of the session, its ear for observations, and its log."""

    tasks: asyncio.TaskGroup
    observe: Callable[[Observation], None]
    log: SessionLog
    is_contested: Callable[[], bool]
    """Whether an overlap with the reply is undecided."""


class Report:
    """What becomes of one reply, told to the log and to turn-taking (`speaking.Reporter`)."""

    def __init__(self, hand: Hand, house: House, now_s: Callable[[], float]) -> None:
        self._hand = hand
        self._house = house
        self.now_s = now_s

    def reply_started(self, turn: Turn) -> None:
        """The first sample is about to be handed over."""
        turn.times[Stage.REPLY_STARTED] = self.now_s()
        self._house.log.reply_started(turn, self._hand.engine)
        self._house.observe(ReplyStarted(self.now_s(), turn.id))

    def sentence(self, text: str) -> None:
        """Another stretch of it was handed over."""
        if text:
            self._house.log.sentence(self._hand.turn, text)

    def first_audio(self, turn: Turn) -> None:
        """It sounds."""
        self._house.log.first_audio(turn)


@dataclass(slots=True)
class Outcome:
    """What the replies so far have come to."""

    has_replied: bool = False
    """A reply to the user is over."""
    exit_code: ExitCode = ExitCode.OK
    """Of the last one."""

    def take(self, turn: Turn) -> None:
        """A reply is over."""
        if turn.origin in {Origin.USER, Origin.FALLBACK}:
            self.has_replied = True
            failed = isinstance(turn.error, LocalVoiceError)
            self.exit_code = ExitCode.ENGINES if failed else ExitCode.UNEXPECTED if turn.error else ExitCode.OK
