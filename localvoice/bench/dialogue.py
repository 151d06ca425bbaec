"""The fixed dialogue: what the user of the benchmark says, when, and the microphone that says it.

The words are spoken by espeak-ng, whatever engines are measured: on every machine they are the same sound, but for its
version. A line waits for the answer to the line before it, or is said over it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from localvoice.audio.samples import AUDIBLE, SPEECH_RATE_HZ, Samples, resample
from localvoice.event_log import Event
from localvoice.tts.espeak import EspeakSynthesizer

_GAP_S = 0.8
"""From the end of a reply to the next line; longer than turns in conversation (0.2 s), so that nothing overlaps."""

_OVER_AFTER_S = 1.0
"""From a reply's first sound to the line that is said over it."""

_ROOM = 10 ** (-70 / 20)
"""Noise of a quiet room, far below what counts as sound. No microphone gives digital silence, in which pocketsphinx
understood none of five commands; with this noise it was four (2026-11-21)."""

_UNANSWERED_AFTER_S = 40.0
"""Silence after which the next line is said all the same: beyond any engine that can be talked with."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the user says."""

    text: str
    is_over: bool = False
    """Said over the reply to the line before it."""


QUESTIONS = (
    Line("What is the capital of France?"),
    Line("Please tell me something about the moon."),
    Line("Wait, how far away is it?", is_over=True),
    Line("How does a bicycle stay upright?"),
    Line("Uh huh.", is_over=True),
    Line("What do you need to bake bread?"),
    Line("Hold on, how long does that take?", is_over=True),
    Line("Which animal is the largest?"),
)
"""For a language model: eight lines, three of them over a reply, one of these a mere backchannel."""

COMMANDS = (
    Line("what time is it"),
    Line("what can you do"),
    Line("what time is it", is_over=True),
    Line("what is twenty plus thirty"),
    Line("what can you do"),
    Line("uh huh", is_over=True),
    Line("what can you do"),
    Line("what is the date", is_over=True),
    Line("what is two plus two"),
)
"""For the starters, which know these and little else."""


@dataclass(slots=True)
class Said:
    """A line and its place on the capture clock, in frames of 16 kHz."""

    line: Line
    sound: Samples
    onset: int = -1
    """Its first sample that can be heard; -1: never said."""
    end: int = -1
    """Behind the last one."""

    def place(self, frame: int) -> None:
        """It is said from `frame` on."""
        audible = np.flatnonzero(np.abs(self.sound) > AUDIBLE)
        self.onset, self.end = frame + int(audible[0]), frame + int(audible[-1]) + 1


class Dialogue:
    """A microphone (`files.SoundSource`) before which the lines are said. `hear` belongs to the event loop."""

    def __init__(self, questions: Sequence[Said], commands: Sequence[Said], told: Callable[[int, int], None]) -> None:
        """`told` is told how many lines of how many are over, from the thread that reads."""
        self._choice = questions, commands
        self._told = told
        self.lines: Sequence[Said] = questions
        """Which ones are said depends on the engines, known with `session_started`."""
        self._next = 0
        self._frame = 0
        self._said_to = 0
        """Behind the line that was begun last."""
        self._random = np.random.default_rng(0)
        self._due: int | None = round(_GAP_S * SPEECH_RATE_HZ)
        """When the next line begins; None: nobody knows yet."""

    @property
    def ended(self) -> bool:
        """Whether every line was said and answered."""
        return self._next == len(self.lines) and self._due is not None and self._frame >= self._due

    def read(self, frames: int) -> Samples:
        """The next `frames` at 16 kHz."""
        if self._due is not None and self._frame >= self._due and self._next < len(self.lines):
            self._begin(self.lines[self._next])
        block: Samples = np.float32(_ROOM) * self._random.standard_normal(frames, dtype=np.float32)
        if self._frame < self._said_to:
            said = self.lines[self._next - 1].sound
            part = said[len(said) - (self._said_to - self._frame) :][:frames]
            block[: len(part)] += part
        self._frame += frames
        if self._due is None and self._frame - self._said_to > _UNANSWERED_AFTER_S * SPEECH_RATE_HZ:
            self._due = self._frame
        return block

    def _begin(self, said: Said) -> None:
        said.place(self._frame)
        self._said_to, self._due = self._frame + len(said.sound), None
        self._next += 1
        self._told(self._next, len(self.lines))

    def hear(self, event: Event) -> None:
        """What the assistant does decides when the next line is said."""
        kind = event["type"]
        is_silent = self._frame >= self._said_to and self._due is None
        if kind == "session_started":
            is_starter = {"skills", "pocketsphinx"} & set(event["engines"].values())
            self.lines = self._choice[1 if is_starter else 0]
        elif (
            kind == "first_audio" and is_silent and self._next < len(self.lines) and self.lines[self._next].line.is_over
        ):
            self._wait(_OVER_AFTER_S)
        elif is_silent and (kind == "turn_dropped" or (kind == "reply_finished" and not event["interrupted"])):
            self._wait(_GAP_S)

    def _wait(self, seconds: float) -> None:
        self._due = self._frame + round(seconds * SPEECH_RATE_HZ)

    def close(self) -> None:
        """Nothing to close."""


async def spoken(lines: Sequence[Line]) -> list[Said]:
    """The lines as sound."""
    voice = EspeakSynthesizer(voice="en-us")
    try:
        return [Said(line, await _sound(voice, line.text)) for line in lines]
    finally:
        voice.close()


async def _sound(voice: EspeakSynthesizer, text: str) -> Samples:
    async def once() -> AsyncIterator[str]:
        yield text

    chunks = [chunk async for chunk in voice.synthesize(once())]
    return np.concatenate([resample(chunk.samples, chunk.rate_hz, SPEECH_RATE_HZ) for chunk in chunks])
