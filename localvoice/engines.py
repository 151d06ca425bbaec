"""The protocols the session is written against. Every engine, starter, fake or cloud, implements one of these.

The contract shared by all of them:

- Construction loads the model, so that the first call is not slower than the second. It raises `ModelError` for a
  missing or corrupt file, and imports what is heavy inside itself.
- Closing an iterator, or cancelling an await, stops the work: within 100 ms for streams, at the next step of a blocking
  call otherwise. The caller never waits for that; a late result is dropped.
- Inputs are never modified.
- Failures are `ProviderError`s.
- `close()` frees the model; it does not block and may be called twice.
- Engines are used from one event loop. What blocks runs in the engine's own `Worker`; no model is called from two
  threads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from localvoice.audio.samples import Samples
from localvoice.messages import Message, Partial, Position, SpeechChunk, ToolCall, ToolSpec, Transcript, Usage

ReplyPart = str | ToolCall | Usage
"""What a model's reply is made of: text as it comes, tool calls, and at the end what it cost."""


class Recognizer(Protocol):
    """Speech to text, a whole utterance at a time."""

    @property
    def name(self) -> str:
        """As in the flag `--stt`."""

    async def transcribe(self, samples: Samples) -> Transcript:
        """The words of one utterance (16 kHz). Silence or noise gives an empty text."""

    def close(self) -> None:
        """Free the model."""


@runtime_checkable
class Prompted(Protocol):
    """A recogniser that is helped by knowing what was said before."""

    prompt: str
    """What was said last, before the words that come next: a hint to spelling and topic, of which the engine takes as
    much as it can use."""


@runtime_checkable
class StreamingRecognizer(Recognizer, Protocol):
    """Speech to text while one speaks. `transcribe` reads what a stream has failed at."""

    def stream(self, blocks: AsyncIterator[Samples]) -> AsyncIterator[Partial]:
        """Partials while `blocks` arrive (16 kHz, any length); after their end one with `is_final`, then the end.

        The blocks are the sound of one turn or of its rest, without gaps, silence included. An empty block is a hint:
        the user pauses, and the words up to here are wanted now, with `settled_s`; speech may follow. A stream without
        a final one means that nobody hears along: the turn is transcribed when it is over.
        """


@runtime_checkable
class BreaksOff(Protocol):
    """A streaming recogniser for which a pause that was none costs nothing: what it reads for it ends at once."""

    breaks_off: bool


class ChatModel(Protocol):
    """Text to text."""

    @property
    def name(self) -> str:
        """As in the flag `--llm`."""

    def reply(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncIterator[ReplyPart]:
        """The answer to `history`, whose last message is the user's or a tool's result.

        Text comes as it is written, "thinking" left out. A `ToolCall` ends the text; the caller runs the tool, appends
        call and result to the history and asks again. The last item is the `Usage`. Closing the iterator aborts.
        """

    async def prefill(self, history: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Bring `history` into the model's cache, so that a later `reply` that begins with it starts sooner.

        A hint: doing nothing is allowed. Cancelling the await aborts.
        """

    def close(self) -> None:
        """Free the model."""


class Synthesizer(Protocol):
    """Text to speech."""

    rate: float
    """Pace, 1 = the voice's own; a change counts from the next clause on. Engines bound it to what they can."""

    @property
    def name(self) -> str:
        """As in the flag `--tts`."""

    def synthesize(self, text: AsyncIterator[str]) -> AsyncIterator[SpeechChunk]:
        """Speech for clauses as they arrive, in order, one chunk or more per clause.

        Lossless: the chunks' texts put together are the clauses put together, character for character. A clause without
        anything to say gives a chunk without samples. Closing the iterator stops the work.
        """

    def close(self) -> None:
        """Free the model."""


class TurnDetector(Protocol):
    """Hears whether a turn is finished."""

    @property
    def name(self) -> str:
        """As in `session_started.engines.turn`."""

    async def probability(self, turn: Samples) -> float:
        """0..1 that the turn (16 kHz, up to a pause) sounds finished. Not to be asked about what holds no speech."""

    def close(self) -> None:
        """Free the model."""


class TurnReader(Protocol):
    """Reads whether a turn is finished."""

    async def probability(self, words: str) -> float:
        """0..1 that a sentence ends behind `words`, those of the turn up to a pause: 0 where there are none."""

    def close(self) -> None:
        """Free the model."""


class Player(Protocol):
    """The loudspeaker: a local device, a file, or a remote browser. One reply at a time.

    All methods are called from the event loop; none but `write`, `reached` and `drain` waits.
    """

    @property
    def rate_hz(self) -> int:
        """Rate at which positions are counted."""

    @property
    def xruns(self) -> int:
        """Times the device ran out of sound that was there; 0 for files."""

    def begin(self, turn: int) -> None:
        """Start an empty reply. Whatever an earlier one still held is dropped; gain and pause are reset."""

    async def write(self, turn: int, chunk: SpeechChunk) -> int:
        """Queue `chunk` and return the reply's length in frames so far.

        Waits while more than about 400 ms are queued: the only brake on synthesiser and model. A `turn` that is not the
        current reply is ignored: stale audio cannot follow a cut.
        """

    async def reached(self, turn: int, frame: int) -> float:
        """Wait until sample `frame` of the reply sounds; returns its capture time in seconds.

        Never returns after a cut before it: the caller is cancelled then.
        """

    async def drain(self, turn: int) -> Position:
        """Wait until everything written has sounded, the device's tail included."""

    def position(self) -> Position:
        """How far the current reply has come now."""

    def duck(self, gain_db: float, ramp_ms: float) -> None:
        """Lower (or restore, 0 dB) the level, ramped. Where a device has no gain this is a pause."""

    def pause(self) -> None:
        """Hold the reply at the present sample, ramped; what is queued stays."""

    def resume(self, back_to: int | None = None) -> None:
        """Go on at full level: at the next sample, or from the earlier frame `back_to` (a word's edge)."""

    def cut(self) -> Position:
        """Stop now and drop what is queued. Idempotent: after the end or a first cut it says the same again."""

    def close(self) -> None:
        """Free the device; at most a fraction of a second, whatever it does."""


def author_of(engine: Recognizer | ChatModel) -> str:
    """Who made what `engine` gave last: of several behind one protocol another one may be in use by now."""
    return str(getattr(engine, "author", "")) or engine.name
