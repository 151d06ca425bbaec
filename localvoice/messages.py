"""Plain data passed between layers: what was said, what is to be said, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from localvoice.audio.samples import Samples


class Role(StrEnum):
    """Who speaks in the conversation as a language model sees it."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as offered to a model."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments (an object)."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool to be run."""

    name: str
    arguments: Mapping[str, Any]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost, as the engine counted it: the last item of `ChatModel.reply`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the history given to a model."""

    role: Role
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a transcript."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser made of an utterance. Empty `text`: no words in it."""

    text: str
    language: str
    engine: str
    segments: tuple[Segment, ...] = ()
    rejected: bool = False
    """Speech was heard, but not understood well enough to act on; `text` is the best guess and may be empty."""
    confidence: float | None = None
    """0..1, geometric mean of the probabilities of its word pieces; None: the recogniser does not say."""


@dataclass(frozen=True, slots=True)
class Partial:
    """An utterance as recognised so far, from a streaming recogniser."""

    text: str
    stable: str
    """The beginning of `text` that will not change any more."""
    is_final: bool = False
    settled_s: float | None = None
    """Seconds of the stream's sound whose words are all in `text`, as good as they get without more speech: where that
    reaches the end of speech, nobody waits for the final one. None: what was said last may be missing."""
    end_of_turn: float | None = None
    """The recogniser's own probability that the user's turn is over, a vote; None: it does not say."""
    language: str = ""
    """Code of the language it found; empty = it was told."""
    rejected: bool = False
    """As in `Transcript`; counts where `is_final` or `settled_s` does."""
    confidence: float | None = None
    """As in `Transcript`."""


@dataclass(frozen=True, slots=True)
class WordTime:
    """When a word of a chunk sounds."""

    start: int
    """Index of its first character in the chunk's text."""
    end: int
    """Index behind its last character."""
    start_s: float
    """Seconds from the chunk's first sample."""
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class SpeechChunk:
    """A stretch of synthesised speech."""

    text: str
    """As written. The texts of all chunks of a reply, put together, are the text that was given to the synthesiser."""
    samples: Samples
    """At `rate_hz`."""
    rate_hz: int
    words: tuple[WordTime, ...] = ()
    """In order; empty where the engine does not know."""
    clause: str | None = None
    """The whole clause where this chunk is the beginning of one, empty where it goes on; None: `text` is all of it."""

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reply has come at the loudspeaker."""

    frames: int
    """Samples of the reply that sound, or have sounded, at `rate_hz`; nothing behind them will."""
    rate_hz: int
    silent_at_s: float
    """Capture time of the last sample that can be heard (above -50 dBFS)."""

    @property
    def seconds(self) -> float:
        """`frames` as seconds of the reply."""
        return self.frames / self.rate_hz


class Stage(StrEnum):
    """The points in time that every latency is computed from."""

    SPEECH_STOPPED = "speech_stopped"
    PREPARED = "prepared"
    """Work on the answer began, while it was still decided whether the turn was over."""
    TURN_ENDED = "turn_ended"
    TRANSCRIPT = "transcript"
    FIRST_TOKEN = "first_token"  # noqa: S105 - a token of a language model
    FIRST_SENTENCE = "first_sentence"
    FIRST_SPEECH = "first_speech"
    REPLY_STARTED = "reply_started"
    FIRST_AUDIO = "first_audio"
    CUT = "cut"


class Origin(StrEnum):
    """Why the assistant speaks."""

    USER = "user"
    GREETING = "greeting"
    TIMER = "timer"
    PROMPT = "prompt"
    FILLER = "filler"
    FALLBACK = "fallback"


@dataclass(slots=True)
class Turn:
    """The only record of an exchange: history, metrics, screen and events are derived from it, never the reverse."""

    id: int
    origin: Origin = Origin.USER
    user_text: str = ""
    reply_text: str = ""
    """As written, grows while the model writes."""
    heard: str = ""
    """The beginning of `reply_text` that really sounded; set when the reply ends."""
    interrupted: bool = False
    speculative: bool = False
    """Part of the reply was written before the user's turn had ended."""
    times: dict[Stage, float] = field(default_factory=dict)
    """Capture seconds."""
    usage: Usage = Usage()
    characters: int = 0
    """Given to the synthesiser."""
    cost_usd: float = 0.0
    """Of all engines since the turn before."""
    error: Exception | None = None
