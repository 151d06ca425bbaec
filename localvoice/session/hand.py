"""One exchange in hand: who works on it, its turn and reply, where it lives, and what it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping, MutableSet
from dataclasses import dataclass, field

from localvoice.audio.backchannel import SoundJudge
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.engines import ChatModel, Player, Recognizer, Synthesizer, TurnDetector, TurnReader
from localvoice.errors import DeviceError, ExitCode, LocalVoiceError
from localvoice.messages import Message, Origin, SpeechChunk, Stage, Turn
from localvoice.session.gate import Gate
from localvoice.session.log import SessionLog
from localvoice.session.reading import Heard
from localvoice.session.reply import Reply
from localvoice.turn.decisions import PauseBegan, TurnEnded
from localvoice.turn.observations import Observation, ReplyStarted


@dataclass(frozen=True, slots=True)
class Equipment:
    """What one session works with: engines, player, and the user's sound."""

    recognizer: Recognizer | None
    """None where nobody listens."""
    chat: ChatModel
    synthesizer: Synthesizer | None
    """None where nothing is spoken."""
    player: Player | None
    utterances: UtteranceBuffer
    now_s: Callable[[], float]
    """The capture clock."""
    phrases: MutableMapping[str, SpeechChunk] = field(default_factory=dict)
    """Prepared speech by its text."""
    paid: MutableSet[str] = field(default_factory=set)
    """Names of the engines that cost money with each use."""
    cost_usd: Callable[[], float] = float
    """What they have cost since this was last asked; nothing where nobody counts."""
    turn_detector: TurnDetector | None = None
    """None where no such model is installed: the end of a turn is decided without hearing it."""
    turn_reader: TurnReader | None = None
    """The same of its words: None leaves them to the small model of the package."""
    sound_judge: SoundJudge | None = None
    """Tells backchannels by their sound; None: by their words only."""
    second_ear: UtteranceBuffer | None = None
    """The same sound as `utterances` with our own voice taken out otherwise; None where it is not taken out."""


@dataclass(slots=True)
class Hand:
    """One exchange, to the end of the reply; from the first pause on that may be the end of the user's turn.

    Until the turn is over it is a preparation: transcript, answer so far (`turn.reply_text`) and first speech. Nothing
    of it is told, heard or remembered, and cancelling its task is all that it takes to drop it.
    """

    turn: Turn
    asked: PauseBegan | TurnEnded | None = None
    """Where the user's words are; None for speech of ours that nobody asked for."""
    gate: Gate = field(default_factory=Gate)
    vote: Gate = field(default_factory=Gate)
    """Shut while the pause is not certain: the words have no vote before."""
    task: asyncio.Task[None] | None = None
    heard: Heard | None = None
    engine: str = ""
    reply: Reply | None = None
    filler: Hand | None = None
    """What is said while the answer is being made."""
    tools: list[Message] = field(default_factory=list)
    has_run_tool: bool = False
    is_remembered: bool = True
    starts_over: bool = False

    @property
    def sounding(self) -> Hand:
        """What is heard, or will be next."""
        return self if self.filler is None or self.gate.has_floor else self.filler

    def begin_filler(self, filler: Hand) -> None:
        """Something is said first."""
        self.filler = filler
        self.gate.give_floor()

    @property
    def was_prepared(self) -> bool:
        """Whether it was begun before the user's turn was over."""
        return Stage.PREPARED in self.turn.times

    def is_preparation_of(self, words: PauseBegan | TurnEnded) -> bool:
        """Whether it was begun for these words, and is waiting for the end of their turn."""
        asked = self.asked
        is_same = asked is not None and (asked.turn, asked.speech_end_s) == (words.turn, words.speech_end_s)
        return is_same and not self.gate.is_open

    @property
    def may_begin_again(self) -> bool:
        """Whether a failure of what was prepared can be mended: nothing of it was told, and no tool ran."""
        return self.was_prepared and not self.has_run_tool and Stage.REPLY_STARTED not in self.turn.times

    def begin_again(self) -> None:
        """What was written so far failed before anything of it was told."""
        turn = self.turn
        for stage in (Stage.PREPARED, Stage.FIRST_TOKEN, Stage.FIRST_SENTENCE, Stage.FIRST_SPEECH):
            turn.times.pop(stage, None)
        turn.reply_text, turn.characters, turn.speculative = "", 0, False
        self.reply = None


@dataclass(frozen=True, slots=True)
class Saying:
    """A reply that is being said."""

    turn: int
    text: str
    """As far as it is written."""
    heard: str
    """The beginning of it that has sounded."""


@dataclass(frozen=True, slots=True)
class House:
    """Where a reply lives: the tasks of the session, its ear for observations, and its log."""

    tasks: asyncio.TaskGroup
    observe: Callable[[Observation], None]
    log: SessionLog
    is_contested: Callable[[], bool]
    """Whether an overlap with the reply is undecided."""


class Report:
    """What becomes of one reply, told to the log and to turn-taking (`reply.Reporter`)."""

    def __init__(self, hand: Hand, house: House, now_s: Callable[[], float]) -> None:
        self._hand = hand
        self._house = house
        self.now_s = now_s
        self.turn_over = hand.gate.turn_over
        self.floor = hand.gate.floor
        self._has_told = False
        self._unspoken = ""

    def reply_started(self, turn: Turn) -> None:
        """The first sample is about to be handed over."""
        turn.times[Stage.REPLY_STARTED] = self.now_s()
        self._house.log.reply_started(turn, self._hand.engine)
        self._house.observe(ReplyStarted(self.now_s(), turn.id))

    def unspoken(self, text: str) -> None:
        """A stretch of it has no sound: it is told with the next one that has, or at the end."""
        self._unspoken += text

    def sentence(self, text: str) -> None:
        """Another stretch of it was handed over; with the first one the reply had begun, and may sound by now."""
        text, self._unspoken = f"{self._unspoken}{text}".strip(), ""
        if text:
            at_s = self.now_s() if self._has_told else self._hand.turn.times[Stage.REPLY_STARTED]
            self._has_told = True
            self._house.log.sentence(self._hand.turn, text, at_s)

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
            self.exit_code = _exit_code(turn.error)


def _exit_code(error: Exception | None) -> ExitCode:
    match error:
        case None:
            return ExitCode.OK
        case DeviceError():
            return ExitCode.DEVICE
        case LocalVoiceError():
            return ExitCode.ENGINES
        case _:
            return ExitCode.UNEXPECTED
