"""Capture and playback on one clock: whatever stands at either end, it advances in blocks of 10 ms.

The clock counts captured frames at 16 kHz. Where playback is a file it is rendered block by block as capture advances,
so both files lie side by side sample for sample; a device plays by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from localvoice.audio.far_end import FarBlocks
from localvoice.audio.files import PcmSink, SoundSink
from localvoice.audio.levels import Levels
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.quiet_room import LOOK_S
from localvoice.audio.room import Room
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, numbers, silence
from localvoice.engines import Player

BLOCK_S = 0.01
BLOCK = int(SPEECH_RATE_HZ * BLOCK_S)
"""Frames of a block at 16 kHz."""

LOOK_BLOCKS = round(LOOK_S / BLOCK_S)
"""Between two looks of who would rather wait."""

_LATE_S = 0.06
"""What was waited for may be so much less than the time that it took: a device that rests gives 50 ms at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """10 ms of the conversation at 16 kHz: 160 samples of either end. While nothing is heard, several times as much."""

    near: Samples
    """What the microphone heard."""
    far: Samples | None = None
    """What was played meanwhile, or up to 400 ms before it can be heard in `near`, never after; None where that is not
    known."""
    path: int = 0
    """Another number once `far` comes to `near` another way, because a device is another one."""
    is_muted: bool = False
    """`near` is silence because the user has turned the microphone off: it says nothing of how `far` comes back."""

    def parts(self) -> Iterator[Block]:
        """It in blocks of 10 ms, for those who count them."""
        for at in range(0, len(self.near), BLOCK):
            far = None if self.far is None else self.far[at : at + BLOCK]
            yield Block(self.near[at : at + BLOCK], far, self.path, self.is_muted)


class Capture(Protocol):
    """A microphone: a device, a file or silence."""

    @property
    def ended(self) -> bool:
        """Whether no more sound will ever come (files and pipes)."""

    @property
    def latency_s(self) -> float:
        """From a sound at the microphone to the block that holds it; 0 for files."""

    @property
    def xruns(self) -> int:
        """Times the device lost sound; 0 for files."""

    def read(self, blocks: int = 1) -> Samples:
        """The next 10 ms (160 samples at 16 kHz), or up to `blocks` times as much; waits until that has been heard.

        Raises `DeviceError`.
        """

    def wait(self, blocks: int) -> int:
        """Wait for up to so many blocks, in steps of 80 ms, until something stands out or somebody calls.

        Returns for how many, which are now to be read; 80 ms of them where nobody can look. Raises `DeviceError`.
        """

    def call(self) -> None:
        """Let `wait` end within 80 ms; the next one as well, until something is read. Any thread."""

    def close(self) -> None:
        """Stop; a blocked `read` returns or raises soon."""


Tap = Callable[[Samples, int], None]
"""Takes sound and its rate in Hz."""


class FarEnd(Protocol):
    """What knows which sound the loudspeaker gave."""

    @property
    def path(self) -> int:
        """Another number where the echo takes another way from now on: from each device on, at least."""

    tap: Tap | None
    """Told of everything that is played, at the loudspeaker's own rate; must not wait."""

    def advance(self, blocks: int = 1) -> Samples:
        """What was played during the blocks captured last: 160 samples at 16 kHz for each. Must not wait."""

    def close(self) -> None:
        """Finish; may be called twice."""


class Rendering:
    """A playback queue written to a file or pipe, block by block."""

    path = 0

    def __init__(self, queue: PlaybackQueue, sink: SoundSink) -> None:
        self._queue = queue
        self._sink = sink
        self._far_blocks = FarBlocks(queue.rate_hz)
        self.tap: Tap | None = None

    @property
    def is_live(self) -> bool:
        """Whether somebody may listen at the other end."""
        return isinstance(self._sink, PcmSink)

    @property
    def delay_s(self) -> float:
        """By how much `advance` is behind what it writes."""
        return self._far_blocks.delay_s

    def advance(self, blocks: int = 1) -> Samples:
        """Render and write what sounds during the next 10 ms, or several times that; returns it at 16 kHz."""
        return self._far_blocks.convert(self.play(blocks))

    def play(self, blocks: int = 1) -> Samples:
        """The same for who does not want it at 16 kHz, which costs as much again: returns it as it was rendered."""
        played = self._queue.render(self._far_blocks.next_frames(blocks))
        self._sink.write(played)
        if self.tap is not None:
            self.tap(played, self._queue.rate_hz)
        return played

    def close(self) -> None:
        """Finish the file."""
        self._sink.close()


class _Clock:
    """Counts what was read; while somebody waits for a device it goes on. A file plays on from what was read."""

    def __init__(self, started_s: float) -> None:
        self._started_s = started_s
        self._state: tuple[int, tuple[float, float] | None] = 0, None
        """Frames read; since when (monotonic time) somebody waits, and for how long at most. One value: nobody may see
        the wait for what has been counted already."""

    def wait(self, most_s: float) -> None:
        """Somebody does, from now on."""
        self._state = self._state[0], (time.monotonic(), most_s)

    def read(self, frames: int) -> None:
        """So many have been."""
        self._state = self._state[0] + frames, None

    def now_s(self) -> float:
        """Any thread."""
        (frames, waits), ahead_s = self._state, 0.0
        if waits is not None:
            ahead_s = max(0.0, min(waits[1], time.monotonic() - waits[0]) - _LATE_S)
        return self._started_s + frames / SPEECH_RATE_HZ + ahead_s


class Duplex:
    """Both ends of the conversation. `read` belongs to one thread; the rest may be called from any."""

    def __init__(
        self,
        capture: Capture,
        player: Player | None,
        far_end: FarEnd | None = None,
        *,
        started_s: float = 0.0,
        room: Room | None = None,
    ) -> None:
        self.player = player
        """None where nothing is played."""
        self._capture = capture
        self._far_end = far_end
        self._room = room
        """Through which files hear each other."""
        self._clock = _Clock(started_s)
        self.is_muted = False
        """Whether the microphone is off: whatever device is behind it, silence comes in. Set from any thread."""
        self.levels: Levels | None = None
        """Told how loud both ends are, where somebody looks."""
        self.is_far_heeded = True
        """Whether who reads the blocks wants to know what was played; else that is None in them, to and from files."""

    def read(self, blocks: int = 1) -> Block:
        """The next 10 ms, or up to `blocks` times as much by one wake-up: waits until all of it has been heard.

        What was played meanwhile has been written.
        """
        near = numbers(self._capture.read(blocks))
        far, path = self._advance(len(near) // BLOCK)
        if self._room is not None and far is not None:
            near = self._in_room(self._room, near, far)
        is_muted = self.is_muted
        if is_muted:
            near = silence(len(near))
        if self.levels is not None:
            self.levels.feed(near, far)
        self._clock.read(len(near))
        return Block(near, far, path, is_muted)

    def wait(self, blocks: int) -> int:
        """Wait for up to so many blocks where nothing says that they should be read now; for how many it was."""
        if not isinstance(self._far_end, Rendering):
            self._clock.wait(blocks * BLOCK_S)
        elif self._far_end.is_live:
            blocks = min(blocks, LOOK_BLOCKS)
        return self._capture.wait(blocks)

    def call(self) -> None:
        """Let `wait` end within 80 ms: something has happened that nobody heard. Any thread."""
        self._capture.call()

    def _advance(self, blocks: int) -> tuple[Samples | None, int]:
        if self._far_end is None:
            return None, 0
        is_heeded = self.is_far_heeded or self._room is not None or self.levels is not None
        if not is_heeded and isinstance(self._far_end, Rendering):
            self._far_end.play(blocks)
            return None, 0
        return numbers(self._far_end.advance(blocks)), self._far_end.path

    @staticmethod
    def _in_room(room: Room, near: Samples, far: Samples) -> Samples:
        if len(near) == BLOCK:
            return room.hear(near, far)
        both = (signal.reshape(-1, BLOCK) for signal in (near, far))
        return np.concatenate([room.hear(*block) for block in zip(*both, strict=True)])

    @property
    def ended(self) -> bool:
        """Whether the input has come to its end."""
        return self._capture.ended

    def now_s(self) -> float:
        """Seconds on the capture clock: everything before has been heard."""
        return self._clock.now_s()

    @property
    def xruns(self) -> int:
        """Of both ends together."""
        return self._capture.xruns + (0 if self.player is None else self.player.xruns)

    @property
    def latency_s(self) -> float:
        """From a sound at the microphone to the block that holds it."""
        return self._capture.latency_s

    def close(self) -> None:
        """Finish the files and close the devices; ends a `read` that waits for one. May be called twice."""
        if self._far_end is not None:
            self._far_end.close()
        if self.player is not None:
            self.player.close()
        self._capture.close()
