"""A reply as it was played, with its pauses and steps back, beside the same reply spoken alone: sample by sample."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from localvoice.audio.samples import AUDIBLE, Samples, resample
from localvoice.text.clauses import clauses
from localvoice.tts.piper import PiperSynthesizer

_SAME = 2.5e-4
"""Difference of two samples up to which they are the same: a file of 16 bits, resampled once."""

_RAMP_S = 0.006
"""Lowered before a pause and raised behind it within 5 ms; that much is not compared."""

_SOUGHT_S = 0.04
"""Sound by which the place of a resume is found."""

_BACK_S = 0.7
"""How far a resume may go back, and a little more."""


@dataclass(frozen=True, eq=False)
class Alone:
    """A reply that nobody interrupts. Its voice has to speak the same way twice, as the test voice of Piper does."""

    samples: Samples
    rate_hz: int
    ends_s: list[float]
    """Of its words."""

    def words_until(self, frame: int) -> tuple[int, int]:
        """How many words have sounded to their ends at `frame`: at least, and at most for all that a ramp tells."""
        ends = np.array(self.ends_s) * self.rate_hz
        slack = _RAMP_S * self.rate_hz
        return int(np.sum(ends <= frame - 0.1 * slack)), int(np.sum(ends <= frame + slack))


def alone(text: str, model: Path, rate_hz: int) -> Alone:
    """`text` by a Piper voice, clause by clause as a session speaks it."""
    synthesizer = PiperSynthesizer(model)

    async def parts() -> AsyncIterator[str]:
        for part in re.findall(r"\s*\S+", text):
            yield part

    async def spoken() -> Alone:
        sound: list[Samples] = []
        ends_s: list[float] = []
        async for chunk in synthesizer.synthesize(clauses(parts())):
            began_s = sum(map(len, sound)) / rate_hz
            for word in chunk.words or ():
                ends_s += [began_s + word.end_s] * len(chunk.text[word.start : word.end].split())
            sound.append(resample(chunk.samples, chunk.rate_hz, rate_hz))
        return Alone(np.concatenate(sound), rate_hz, ends_s)

    try:
        return asyncio.run(spoken())
    finally:
        synthesizer.close()


@dataclass(frozen=True)
class Stretch:
    """Frames `at` to `at + length` of what was played are those from `place` on of the reply alone."""

    at: int
    place: int
    length: int

    @property
    def ends(self) -> int:
        """The frame of the reply behind it."""
        return self.place + self.length


def stretches(played: Samples, reply: Alone, first: int, last: int) -> Iterator[Stretch]:
    """All of one reply, whose first audible frame is played at `first`, until `last`.

    Raises:
        LookupError: something sounds that is not the reply.
    """
    at, place = first, int(np.flatnonzero(np.abs(reply.samples) > AUDIBLE)[0])
    ramp, sought = round(_RAMP_S * reply.rate_hz), round(_SOUGHT_S * reply.rate_hz)
    while True:
        stretch = Stretch(at, place, _same(played[at:last], reply.samples[place:]))
        yield stretch
        quiet_from = at + stretch.length + ramp
        sounding = np.flatnonzero(np.abs(played[quiet_from:last]) > AUDIBLE)
        if not len(sounding) or quiet_from + sounding[0] + ramp + sought > last:
            return
        at = quiet_from + int(sounding[0]) + ramp
        place = _place(played[at : at + sought], reply, stretch.ends)


def _same(played: Samples, expected: Samples) -> int:
    length = min(len(played), len(expected))
    differs = np.abs(played[:length] - expected[:length]) > _SAME
    return int(np.argmax(differs)) if differs.any() else length


def _place(part: Samples, reply: Alone, near: int) -> int:
    back = round(_BACK_S * reply.rate_hz)
    first = max(0, near - back)
    windows = np.lib.stride_tricks.sliding_window_view(reply.samples[first : near + back], len(part))
    likely = np.flatnonzero(np.abs(windows[:, 0] - part[0]) <= _SAME)
    off = np.abs(windows[likely] - part).max(axis=1)
    if not len(off) or off.min() > _SAME:
        raise LookupError("not a part of the reply")
    return first + int(likely[np.argmin(off)])
