"""Takes our own voice out of the near end: alignment, two cancellers, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from localvoice.audio.alignment import Alignment
from localvoice.audio.block_work import BlockWork, load_work
from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.isolation import Isolation
from localvoice.audio.linear_branch import LinearBranch
from localvoice.audio.own_voice import Bars, OwnVoice
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples
from localvoice.audio.vad import VoiceActivity

_FRAMES_PER_MS = SPEECH_RATE_HZ / 1000

_TOLD_FROM_MS = 1.0
"""Smaller ones are drift that the alignment has had enough of."""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """10 ms of the microphone without our own voice."""

    for_detection: Samples
    """Noise is suppressed as well: what is left of the echo looks like noise."""
    for_recognition: Samples
    """Noise is left in: taking it out costs the starter recogniser half of its sentences (docs/echo.md)."""
    for_judging: Samples
    """What the linear model leaves, our voice suppressed and under noise: of a short sound over the reply it tells more
    (docs/echo.md). `for_recognition` where there is no such model, or nothing to take out."""

    @classmethod
    def untouched(cls, near: Samples) -> Cleaned:
        """Nothing was taken out."""
        return cls(near, near, near)

    @classmethod
    def joined(cls, parts: Sequence[Cleaned]) -> Cleaned:
        """One after the other."""
        rows = ((part.for_detection, part.for_recognition, part.for_judging) for part in parts)
        return cls(*(np.concatenate(signal) for signal in zip(*rows, strict=True)))


class PathWatch(Protocol):
    """Somebody who looks on; its methods are called from the thread that listens and must not wait."""

    def block(self, near: Samples, far: Samples, clean: Samples) -> None:
        """10 ms of both ends, and what is left for detection."""

    def window(self, probability: float) -> None:
        """The probability of a voice in the next 32 ms of what is left, before it is judged."""

    def moved(self) -> None:
        """From the next block on our voice comes back another way: devices were opened again."""


class EchoPath:
    """Takes our own voice out of what the microphone hears, and knows how far that can be trusted."""

    def __init__(
        self,
        work: BlockWork,
        noticed_from: float,
        bars: Bars | None = None,
        vad: VoiceActivity | None = None,
    ) -> None:
        self.alignment = Alignment()
        self.own_voice = OwnVoice(noticed_from, self.alignment, bars or Bars())
        self._work = work
        self._linear = None if vad is None else LinearBranch(self.alignment, vad)
        """None where there is no second detector for it."""
        self._isolation = Isolation()
        self._path = 0
        self.watch: PathWatch | None = None
        """Looks on until it is taken away."""
        self.delay_jumped: Callable[[float, float], None] | None = None
        """Told how many ms our voice took and takes to come back, from the thread that listens; must not wait."""

    @property
    def runtime(self) -> str:
        """What takes our voice out: `native` or `python`."""
        return self._work.runtime

    @property
    def is_isolated(self) -> bool:
        """Whether our voice is known not to come back, as with headphones."""
        return self._isolation.holds

    def clean(self, block: Block) -> Cleaned:
        """The near end without our own voice; as it is where nothing is known of the far end."""
        if block.far is None:
            return Cleaned.untouched(block.near)
        if len(block.near) > BLOCK and not self._rests_with(block):
            return Cleaned.joined([self.clean(part) for part in block.parts()])
        if block.is_muted:  # a canceller taught that nothing comes back would let our voice through afterwards
            self._work.mute()
            self.own_voice.play(block.far)
            if self._linear is not None:  # the last word would be heard for as long as it is off
                self._linear.mute(block.near)
            return Cleaned.untouched(block.near)
        if block.path != self._path:
            self._path = block.path
            self._work.forget()  # what they know lets our voice through for 2 s (docs/echo.md)
            self.alignment.restart()
            self._isolation.end()
            if self.watch is not None:
                self.watch.moved()
        is_needed = self._work.is_awake or bool(block.far.any())
        clean = self._cancelled(block.near, block.far) if is_needed else self._rest(block.near, block.far)
        if self.watch is not None:
            for at in range(0, len(block.near), BLOCK):
                signals = (signal[at : at + BLOCK] for signal in (block.near, block.far, clean.for_detection))
                self.watch.block(*signals)
        return clean

    def _rests_with(self, block: Block) -> bool:
        """Whether all of it is silence that nobody learns from."""
        is_as_before = block.path == self._path and not block.is_muted
        return is_as_before and not self._work.is_awake and block.far is not None and not block.far.any()

    def _cancelled(self, near: Samples, played: Samples) -> Cleaned:
        far = self._align(near, played)
        self.own_voice.play(played)
        self._isolation.feed(near, played, is_audible=self.own_voice.is_audible)
        worked = self._work.process(near, far, None if self._linear is None else self._linear.reference(played))
        if self._linear is not None:
            self._linear.feed(worked, played, is_awake=self._work.is_awake)
        if self._isolation.holds:
            return Cleaned.untouched(near)
        has_model = self._linear is not None and self._linear.has_reference
        judging = worked.left if has_model else worked.for_recognition
        return Cleaned(worked.for_detection, worked.for_recognition, judging)

    def _rest(self, near: Samples, played: Samples) -> Cleaned:
        """Nothing has been played for 2 s, and none of it can be heard any more: only clock and noise go on."""
        self.alignment.rest(near, played)
        self._work.rest(near)
        self._isolation.rest(near)
        if self._linear is not None:
            self._linear.rest(near)
        return Cleaned.untouched(near)

    def _align(self, near: Samples, far: Samples) -> Samples:
        before, jumps = self.alignment.delay, self.alignment.jumps
        aligned = self.alignment.feed(near, far)
        after = self.alignment.delay
        if after is not None and (before is None or self.alignment.jumps != jumps):
            self._isolation.end()
        if self.delay_jumped is None or self.alignment.jumps == jumps or before is None or after is None:
            return aligned
        before_ms, after_ms = before / _FRAMES_PER_MS, after / _FRAMES_PER_MS
        if abs(after_ms - before_ms) >= _TOLD_FROM_MS:
            self.delay_jumped(before_ms, after_ms)
        return aligned

    def users(self, probability: float) -> float:
        """The probability that it is the user's voice, given that of a voice in the next window for detection."""
        if self.watch is not None:
            self.watch.window(probability)
        if self._isolation.holds and not self.own_voice.bars.is_deaf:
            return probability
        hint = None if self._linear is None else self._linear.hear(is_audible=self.own_voice.is_audible)
        return self.own_voice.users(probability, hint)


def open_echo_path(noticed_from: float, bars: Bars | None = None, vad: VoiceActivity | None = None) -> EchoPath:
    """The path with the installed canceller. Raises `DeviceError` where there is none.

    Args:
        noticed_from: Where turn-taking notices a voice over a reply.
        bars: Other ones than the program's.
        vad: A detector of its own for a second branch, which notices a user sooner; None: the canceller alone.
    """
    return EchoPath(load_work(), noticed_from, bars, vad)
