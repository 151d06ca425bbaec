"""What is to be played, sample by sample: queue, gain, pause, cut and positions of one reply at a time.

Pure but for one lock: whoever owns a clock calls `render` for each block; the event loop calls the rest. Nothing here
waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from localvoice.audio.samples import Samples, last_audible, silence
from localvoice.messages import Position

_EDGE_S = 0.005
"""Ramp at pauses and cuts. 5 ms takes away the click and keeps a cut on a file within 25 ms (product contract)."""


@dataclass(slots=True)
class _Reply:
    """The reply that is being played."""

    turn: int = 0
    samples: Samples = field(default_factory=lambda: silence(0))
    """Preallocated; the first `written` hold sound."""
    written: int = 0
    read: int = 0
    is_held: bool = False
    is_cut: bool = False

    def append(self, samples: Samples) -> None:
        needed = self.written + len(samples)
        if needed > len(self.samples):
            grown = silence(max(needed, 2 * len(self.samples)))
            grown[: self.written] = self.samples[: self.written]
            self.samples = grown
        self.samples[self.written : needed] = samples
        self.written = needed


@dataclass(slots=True)
class _Ramp:
    """The level, sample by sample. It moves with the clock, whether or not there is anything to play."""

    gain: float = 1.0
    target: float = 1.0
    left: int = 0
    """Frames until the target."""

    def to(self, target: float, frames: int) -> None:
        self.target = target
        self.left = 0 if target == self.gain else max(1, frames)

    def take(self, frames: int) -> Samples:
        """The gains of the next `frames` samples; the last one of a ramp is the target exactly."""
        gains = np.full(frames, self.target, dtype=np.float32)
        moving = min(self.left, frames)
        if moving:
            step = (self.target - self.gain) / self.left
            self.left -= moving
            last = self.target if not self.left else self.gain + step * moving
            gains[:moving] = self.gain + step * np.arange(1, moving + 1)
            gains[moving - 1] = self.gain = last
        return gains


@dataclass(frozen=True, slots=True)
class _Waiter:
    frame: int
    tell: Callable[[float], object]


class PlaybackQueue:
    """One reply on its way to a loudspeaker at `rate_hz`. Thread-safe; no method blocks.

    Frames of a reply count its samples; the clock counts everything rendered, silence included.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._lock = threading.Lock()
        self._reply = _Reply()
        self._ramp = _Ramp()
        self._tail = silence(0)
        """What still fades out of a place that was left while it sounded: mixed into the next blocks."""
        self._clock = 0
        self._played_to = 0
        """Clock behind the last sample of a reply that was rendered."""
        self._silent_at = 0
        """Clock behind the last sample that could be heard: a reply has silence of its own, between its words."""
        self._waiters: list[_Waiter] = []

    @property
    def _edge(self) -> int:
        return round(_EDGE_S * self.rate_hz)

    def begin(self, turn: int) -> None:
        """Start an empty reply at full level; what another one still held is dropped."""
        with self._lock:
            self._leave()
            self._reply = _Reply(turn=turn)
            self._waiters.clear()
            self._ramp = _Ramp()

    def _leave(self) -> None:
        """Go away from the present sample without a click: what sounds there fades out beside what comes next."""
        reply, edge = self._reply, self._edge
        if not reply.is_cut and not reply.is_held:
            self._ramp.to(0.0, edge)
        end = min(reply.written, reply.read + edge) if reply.read else 0  # what never sounded needs no fade
        fading = reply.samples[reply.read : end]
        tail = silence(max(edge, len(self._tail)))
        tail[: len(self._tail)] = self._tail
        tail[: len(fading)] += fading * self._ramp.take(len(fading))
        self._tail = tail
        self._ramp = _Ramp(gain=0.0, target=0.0)

    def append(self, turn: int, samples: Samples) -> int:
        """Queue samples of reply `turn`; returns its length so far. Ignored when that reply is not the current one."""
        with self._lock:
            if self._is_current(turn):
                self._reply.append(samples)
            return self._reply.written

    def _is_current(self, turn: int) -> bool:
        return turn == self._reply.turn and not self._reply.is_cut

    def queued(self, turn: int) -> int:
        """Frames of reply `turn` written and not yet rendered; none when it is not the current one."""
        with self._lock:
            return self._reply.written - self._reply.read if self._is_current(turn) else 0

    def when_reached(self, turn: int, frame: int, tell: Callable[[float], object]) -> None:
        """Call `tell(clock seconds of that sample)` as soon as sample `frame` of reply `turn` has been rendered.

        `tell` runs in the rendering thread, or at once where that lies in the past; never after a cut or a new reply.
        """
        with self._lock:
            if not self._is_current(turn):
                return
            if frame >= self._reply.read:
                self._waiters.append(_Waiter(frame, tell))
                return
            at_s = (self._played_to - (self._reply.read - frame)) / self.rate_hz
        tell(at_s)

    def duck(self, gain: float, ramp_s: float) -> None:
        """Move to linear `gain` within `ramp_s`; nothing happens to a reply that is held or cut."""
        with self._lock:
            if not self._reply.is_cut and not self._reply.is_held:
                self._ramp.to(gain, round(ramp_s * self.rate_hz))

    def pause(self) -> None:
        """Fade out over 5 ms and hold there; what has not begun to sound, or waits for more, does not begin to."""
        with self._lock:
            reply = self._reply
            if reply.is_cut:
                return
            reply.is_held = True
            if reply.read in {0, reply.written}:
                self._ramp = _Ramp(gain=0.0, target=0.0)
            self._ramp.to(0.0, self._edge)

    def resume(self, back_to: int | None = None) -> None:
        """Go on at full level, from frame `back_to` when it lies before the present one."""
        with self._lock:
            reply = self._reply
            if reply.is_cut:
                return
            if back_to is not None and back_to < reply.read:
                self._leave()
                reply.read = max(0, back_to)
            reply.is_held = False
            self._ramp.to(1.0, self._edge)

    def cut(self) -> Position:
        """Fade out over 5 ms and drop the rest; says where that will be."""
        with self._lock:
            reply = self._reply
            if not reply.is_cut:
                reply.is_cut = True
                reply.is_held = False
                self._waiters.clear()
                self._ramp.to(0.0, self._edge)
                fading = max(0, self._ramp.left - 1)  # the last sample of the ramp is silent
                reply.written = min(reply.written, reply.read + fading)
            return self._final()

    def _final(self) -> Position:
        reply = self._reply
        fading = reply.samples[reply.read : reply.written]
        coming = silence(max(len(fading), len(self._tail)))
        coming[: len(self._tail)] = self._tail
        coming[: len(fading)] += fading * replace(self._ramp).take(len(fading))
        heard = _heard(coming)
        silent_at = self._clock + heard if heard else self._silent_at
        return Position(reply.written, self.rate_hz, silent_at / self.rate_hz)

    def position(self) -> Position:
        """How far the reply has come: rendered samples."""
        with self._lock:
            if self._reply.is_cut:
                return self._final()
            return Position(self._reply.read, self.rate_hz, self._silent_at / self.rate_hz)

    def render(self, frames: int) -> Samples:
        """The next block for the loudspeaker; moves the clock by `frames`. Zeros where there is nothing to play."""
        told: list[tuple[_Waiter, float]] = []
        with self._lock:
            block = silence(frames)
            if not self._is_silent:
                self._fill(block, told)
            self._clock += frames
        for waiter, at_s in told:
            waiter.tell(at_s)
        return block

    @property
    def _is_silent(self) -> bool:
        """Whether there is nothing to play, and no level on its way."""
        return self._reply.read == self._reply.written and not len(self._tail) and not self._ramp.left

    def _fill(self, block: Samples, told: list[tuple[_Waiter, float]]) -> None:
        reply = self._reply
        gains = self._ramp.take(len(block))
        ending, self._tail = self._tail[: len(block)], self._tail[len(block) :]
        block[: len(ending)] += ending
        self._sound(block, reply, gains, told)
        heard = _heard(block)
        if heard:
            self._silent_at = self._clock + heard

    def _sound(self, block: Samples, reply: _Reply, gains: Samples, told: list[tuple[_Waiter, float]]) -> None:
        count = min(len(block), reply.written - reply.read)
        if reply.is_held:
            count = min(count, int(np.count_nonzero(gains > 0.0)))
        if count <= 0:
            return
        block[:count] += reply.samples[reply.read : reply.read + count] * gains[:count]
        self._played_to = self._clock + count
        first, reply.read = reply.read, reply.read + count
        waiting = self._waiters
        self._waiters = [waiter for waiter in waiting if waiter.frame >= reply.read]
        told.extend(
            (waiter, (self._clock + max(0, waiter.frame - first)) / self.rate_hz)
            for waiter in waiting
            if waiter.frame < reply.read
        )


def _heard(samples: Samples) -> int:
    """How many of them until the last that can be heard; 0 where none can."""
    last = last_audible(samples)
    return 0 if last is None else last + 1
