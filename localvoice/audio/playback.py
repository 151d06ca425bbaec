"""What is to be played, sample by sample: queue, gain, pause, cut and positions of one reply at a time.

Pure but for one lock: whoever owns a clock calls `render` for each block; the event loop calls the rest. Nothing here
waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from localvoice.audio.samples import Samples, silence
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
        self._clock = 0
        self._gain = 1.0
        self._target = 1.0
        self._step = 0.0
        self._silent_at = 0
        """Clock of the sample behind the last one that sounded."""
        self._waiters: list[_Waiter] = []

    def begin(self, turn: int) -> None:
        """Start an empty reply at full level; what another one still held is dropped."""
        with self._lock:
            self._reply = _Reply(turn=turn)
            self._waiters.clear()
            self._gain = self._target = 1.0

    def append(self, turn: int, samples: Samples) -> int:
        """Queue samples of reply `turn`; returns its length so far. Ignored when that reply is not the current one."""
        with self._lock:
            if self._is_current(turn):
                self._reply.append(samples)
            return self._reply.written

    def _is_current(self, turn: int) -> bool:
        return turn == self._reply.turn and not self._reply.is_cut

    def queued(self) -> int:
        """Frames written and not yet rendered."""
        with self._lock:
            return self._reply.written - self._reply.read

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
            at_s = (self._silent_at - (self._reply.read - frame)) / self.rate_hz
        tell(at_s)

    def duck(self, gain: float, ramp_s: float) -> None:
        """Move to linear `gain` within `ramp_s`."""
        with self._lock:
            self._ramp_to(gain, ramp_s)

    def _ramp_to(self, gain: float, ramp_s: float) -> None:
        self._target = gain
        self._step = (gain - self._gain) / max(1, round(ramp_s * self.rate_hz))

    def pause(self) -> None:
        """Fade out over 5 ms and hold there."""
        with self._lock:
            self._reply.is_held = True
            self._ramp_to(0.0, _EDGE_S)

    def resume(self, back_to: int | None = None) -> None:
        """Go on at full level, from frame `back_to` when it lies before the present one."""
        with self._lock:
            self._reply.is_held = False
            if back_to is not None:
                self._reply.read = max(0, min(back_to, self._reply.read))
            self._ramp_to(1.0, _EDGE_S)

    def cut(self) -> Position:
        """Fade out over 5 ms and drop the rest; says where that will be."""
        with self._lock:
            reply = self._reply
            if not reply.is_cut:
                reply.is_cut = True
                reply.is_held = False
                self._waiters.clear()
                fading = 0 if self._gain == 0.0 else round(_EDGE_S * self.rate_hz)
                reply.written = min(reply.written, reply.read + fading)
                self._ramp_to(0.0, _EDGE_S)
            return self._final()

    def _final(self) -> Position:
        rest = self._reply.written - self._reply.read
        silent_at = self._clock + rest if rest > 0 else self._silent_at
        return Position(self._reply.written, self.rate_hz, silent_at / self.rate_hz)

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
            self._fill(block, told)
            self._clock += frames
        for waiter, at_s in told:
            waiter.tell(at_s)
        return block

    def _fill(self, block: Samples, told: list[tuple[_Waiter, float]]) -> None:
        reply = self._reply
        count = min(len(block), reply.written - reply.read)
        if count <= 0:
            return
        gains = self._gains(count)
        if reply.is_held:
            count = int(np.count_nonzero(gains > 0.0))
            gains = gains[:count]
        block[:count] = reply.samples[reply.read : reply.read + count] * gains
        if count:
            self._silent_at = self._clock + count
        first, reply.read = reply.read, reply.read + count
        waiting = self._waiters
        self._waiters = [waiter for waiter in waiting if waiter.frame >= reply.read]
        told.extend(
            (waiter, (self._clock + max(0, waiter.frame - first)) / self.rate_hz)
            for waiter in waiting
            if waiter.frame < reply.read
        )

    def _gains(self, count: int) -> Samples:
        if self._gain == self._target:
            return np.full(count, self._gain, dtype=np.float32)
        ramp = self._gain + self._step * np.arange(1, count + 1)
        low, high = sorted((self._gain, self._target))
        gains: Samples = np.clip(ramp, low, high).astype(np.float32)
        self._gain = float(gains[-1])
        if abs(self._gain - self._target) < 1e-6:
            self._gain = self._target
        return gains
