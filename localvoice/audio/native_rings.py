"""The rings of our own callbacks: the sound of a reply on its way out, and what really went out.

Rule of this file: frames are counted from a beginning and never start again; nothing here waits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from localvoice.audio.device import Kind
from localvoice.audio.native import Library, RingReader
from localvoice.audio.samples import Samples
from localvoice.audio.stream_opening import CAPTURE_RING_S, EDGE_S, HISTORY_S, REPLY_RING_S, power_of_2, ring_memory

_MARGIN_S = 0.02
"""The reference begins so far behind what the device has got: a playback block may be late against a captured one."""

_QUIET_S = 3.0
"""Of silence until the place of the reference is looked at: its step is another path for the canceller."""

_AWAKE_S = 0.7
"""The same behind a rest, in which nobody looks, and `_WAKES_S`: a user who speaks does so for as long."""

_LEAST_S = 0.005
"""Behind the device's clock from which it is put right, less than the block by which looks at both clocks differ."""

_LATE_S = 0.015
"""By how much further behind than at first it may be, more than that block. It leads its echo by some 50 ms, which
clocks 100 ppm apart use up in 8 minutes; one that comes late ruins the canceller (audio.md 3)."""

_WAKES_S = 0.3
"""Behind a rest, in which nobody looks: a device is given nothing until what lay ready for longer blocks is used up."""

_SETTLED_S = 1.0
_MISSING_S = 0.3
"""What the device has not got yet may be wanted for so long, once the reference has kept its place for the other time:
it wakes, or its thread is late on a busy machine, and goes on where it was. Going back at once is another way."""


def init_ring(library: Library, ring: Any, seconds: float, rate_hz: int, block: int) -> Samples:
    """Give a ring its memory, which the caller keeps."""
    memory = ring_memory(power_of_2(seconds * rate_hz))
    ring.data, ring.size, ring.max_block = library.pointer(memory), len(memory), block
    return memory


def new_state(library: Library, kind: Kind, rate_hz: int, block: int) -> tuple[Any, Samples]:
    """What the callback of a microphone or loudspeaker works on, and its memory; whoever has the first keeps both."""
    if kind == "input":
        state = library.ffi.new("lv_capture *")
        return state, init_ring(library, state.ring, CAPTURE_RING_S, rate_hz, block)
    state = library.ffi.new("lv_output *")
    state.edge = min(round(EDGE_S * rate_hz), library.lib.LV_TAIL)
    return state, init_ring(library, state.played, CAPTURE_RING_S, rate_hz, block)


class ReplyRing:
    """The sound of one reply, written by us and read by the callback; frames are counted from its beginning."""

    def __init__(self, library: Library, rate_hz: int, memory: Samples | None = None) -> None:
        self._library = library
        self._rate_hz = rate_hz
        self._memory = ring_memory(power_of_2(REPLY_RING_S * rate_hz)) if memory is None else memory
        self.written = 0
        """Frames written so far."""
        self.state = library.ffi.new("lv_reply *")
        """What the callback reads."""
        self.is_stopped = False
        """Whether it was told to stand still."""
        self.state.data, self.state.size = library.pointer(self._memory), len(self._memory)
        self.state.gain = 1.0
        self.state.expects = library.lib.LV_OPEN
        library.lib.lv_level(self.state, 1.0, round(EDGE_S * rate_hz))

    @property
    def taken(self) -> int:
        """Frames the callback has taken."""
        frames: int = self.state.read
        return frames

    @property
    def unread(self) -> int:
        """Frames the callback has not yet taken."""
        return self.written - self.taken

    def append(self, samples: Samples) -> int:
        """Write mono samples, as many as fit; returns how many those were."""
        room = len(self._memory) - round(HISTORY_S * self._rate_hz) - self.unread
        count = max(0, min(len(samples), room))
        if count:
            part = np.ascontiguousarray(samples[:count], dtype=np.float32)
            self._library.lib.lv_append(self.state, self._library.pointer(part), count)
            self.written += count
        return count

    def expect(self, *, more: bool, waiting: bool = False) -> None:
        """Say whether more is to come, and whether it waits for room already: what running empty then means."""
        lib = self._library.lib
        self.state.expects = lib.LV_WAITING if waiting else lib.LV_OPEN if more else lib.LV_COMPLETE

    def since(self, frame: int) -> Samples:
        """A copy of what was written from `frame` on, as far back as memory goes."""
        first = max(frame, self.written - len(self._memory), 0)
        return self._memory.take(np.arange(first, self.written), mode="wrap")

    def rewound(self, frame: int) -> ReplyRing:
        """The same reply as a ring that goes on at an earlier frame; this one must not be written any more.

        The samples are shared: the callback may still read here.
        """
        ring = ReplyRing(self._library, self._rate_hz, self._memory)
        ring.written = ring.state.written = self.written
        ring.state.read = ring.state.end_if_held = max(frame, self.written - len(self._memory), 0)
        ring.state.gain = 0.0  # it fades in while the other one fades out
        ring.state.expects = self.state.expects
        return ring


class FarSound:
    """What a loudspeaker was given, sample by sample: after gain, pause and gaps. The reference of echo cancellation.

    Playback frames count everything since the stream's first block, silence included. Belongs to one thread, which need
    not be the player's.
    """

    def __init__(self, reader: RingReader, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._reader = reader
        self._margin = round(_MARGIN_S * rate_hz)
        self._next: int | None = None
        self._kept = self._missing = 0
        """Frames since its first place that was not left at once, and for how long it has wanted what was not there."""
        self.steps = 0
        """How often its place was put right, since both clocks run apart: each is another way for the echo."""
        self._stay = _Stay(round(_QUIET_S * rate_hz))
        self._is_resting = False

    @property
    def clock(self) -> int:
        """Playback frames handed to the device so far; they sound about its latency later."""
        return self._reader.written

    def at(self, first: int, frames: int) -> Samples:
        """Playback frames `first` to `first + frames`; zeros before the first, after the last, and 8 s ago."""
        return self._reader.read(first, frames)[0]

    def next(self, frames: int) -> Samples:
        """The next `frames` of the playback clock: for whoever takes as many captured ones.

        The first call begins two blocks behind the clock, some 30 ms ahead of the echo: a reference may lead, not lag.
        So does a call that would come before the clock, where nothing has been played yet: captured blocks that had
        waited were read at once, as at every start, or the capture clock is the faster one. Once it has kept its place
        it does so only if that lasts; meanwhile what is not there is silence. In silence, where the clocks have run too
        far apart, it goes on at that distance again.
        """
        newest = self.clock - frames
        first = self._place(newest, frames)
        self._next = first + frames
        self._kept += frames
        sound = self.at(first, frames)
        if self._is_resting:
            return sound
        strayed = self._stay.look(newest - first, frames, is_silent=not sound.any())
        if strayed is not None and not _LEAST_S * self.rate_hz <= strayed <= self._margin + _LATE_S * self.rate_hz:
            self._next = self._other_place(self._next + strayed - self._margin)
        return sound

    def _place(self, newest: int, frames: int) -> int:
        """Where to read the next `frames`, of which all is there up to `newest`."""
        if self._next is not None and self._next <= newest:
            self._missing = 0
            return self._next
        self._missing += frames
        if self._next is not None and self._is_settled and self._missing <= _MISSING_S * self.rate_hz:
            return self._next
        return self._other_place(newest - self._margin)

    @property
    def _is_settled(self) -> bool:
        return self._kept >= _SETTLED_S * self.rate_hz

    def _other_place(self, frame: int) -> int:
        """It; the echo takes another way from there on, unless nobody had come to know the one before."""
        self.steps += self._is_settled
        self._kept, self._missing = self._kept if self._is_settled else 0, 0
        return max(0, frame)

    def rest(self, *, is_resting: bool) -> None:
        """While the loudspeaker rests it is given more at once, and more lies ready: its clock is further ahead."""
        self._is_resting = is_resting
        if not is_resting:
            self._stay.hurry(round(_WAKES_S * self.rate_hz), round(_AWAKE_S * self.rate_hz))


class _Stay:
    """How far a reader stays behind a writer, in frames: the least in a silence, since either may be late."""

    def __init__(self, enough: int) -> None:
        self._enough = enough
        """Frames of silence until it is said."""
        self._silent = 0
        self._least: int | None = None
        self._passed_over = 0
        """Frames that are not looked at yet."""

    def hurry(self, passed_over: int, enough: int) -> None:
        """Begin anew, so many frames later; this time so many of silence are enough."""
        self._passed_over = passed_over
        self._silent, self._least = self._enough - enough, None

    def look(self, behind: int, frames: int, *, is_silent: bool) -> int | None:
        """After a read of so many frames: the least once there was enough silence, and again after as much."""
        self._passed_over = max(0, self._passed_over - frames)
        if self._passed_over:
            return None
        if not is_silent:
            self._silent, self._least = 0, None
            return None
        self._least = behind if self._least is None else min(behind, self._least)
        self._silent += frames
        if self._silent < self._enough:
            return None
        least, self._silent, self._least = self._least, 0, None
        return least
