"""A loudspeaker that outlives its device: what the conversation speaks through, and what it knows of that.

Rule of this file: PortAudio is never asked here (device_life.py does), only memory that stays; nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localvoice.audio.device_path import OpenLoudspeaker, ReplySound
from localvoice.audio.duplex import Tap
from localvoice.audio.far_end import FarBlocks
from localvoice.audio.lasting_microphone import Devices
from localvoice.audio.native_rings import FarSound
from localvoice.audio.present_stream import PresentLoudspeaker
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.stream_opening import HISTORY_S

_FAR_BLOCK = SPEECH_RATE_HZ // 100


class LastingRing:
    """The sound of one reply, on whatever loudspeaker is there; frames are counted from the reply's beginning."""

    def __init__(self, inner: Any, base: int = 0) -> None:
        self.inner: ReplySound = inner
        """The present loudspeaker's, or the last one's."""
        self._base = base
        """Frame of the reply at which `inner` begins."""
        self._left_at: int | None = None
        """Where the reply stands while no loudspeaker has it."""
        self._expects = {"more": True, "waiting": False}
        self.gain = 1.0

    @property
    def written(self) -> int:
        """Frames written so far."""
        return self._base + self.inner.written

    @property
    def taken(self) -> int:
        """Frames a device has taken; while none has it, those that sounded."""
        return self._base + self.inner.taken if self._left_at is None else self._left_at

    @property
    def unread(self) -> int:
        """Frames still to be taken."""
        return self.written - self.taken

    def append(self, samples: Samples) -> int:
        """Write mono samples, as many as fit; returns how many those were."""
        return self.inner.append(samples)

    def expect(self, *, more: bool, waiting: bool = False) -> None:
        """Say whether more is to come, and whether it waits for room already."""
        self._expects = {"more": more, "waiting": waiting}
        self.inner.expect(more=more, waiting=waiting)

    def since(self, frame: int) -> Samples:
        """A copy of what was written from `frame` on, as far back as memory goes."""
        return self.inner.since(max(0, frame - self._base))

    def rewound(self, frame: int) -> LastingRing:
        """The same reply as a ring that goes on at an earlier frame; this one must not be written any more."""
        frame = max(frame, self._base)
        ring = LastingRing(self.inner.rewound(frame - self._base), self._base)
        ring._expects, ring.gain = self._expects, self.gain
        ring._left_at = None if self._left_at is None else frame
        return ring

    def leave(self, frame: int) -> None:
        """The loudspeaker is gone; its last frame to sound was the one before `frame`."""
        self._left_at = max(frame, self._base)

    def move(self, loudspeaker: OpenLoudspeaker) -> None:
        """Go on, once it is played, on this loudspeaker: with what did not sound, and the second before it."""
        sound = self.since(self.taken - round(HISTORY_S * loudspeaker.rate_hz))
        before = len(sound) - self.unread
        fresh = loudspeaker.new_ring()
        fresh.append(sound)
        fresh.expect(**self._expects)
        self._base, self._left_at, self.inner = self.taken - before, None, fresh.rewound(before)


class LastingLoudspeaker(PresentLoudspeaker):
    """A loudspeaker that may be lost and opened again in the middle of a reply. All of it: one thread."""

    def __init__(self, devices: Devices, stream: OpenLoudspeaker) -> None:
        super().__init__(stream)
        self._devices = devices
        self.rate_hz = stream.rate_hz
        self._is_there = True
        self._xruns = 0

    @property
    def xruns(self) -> int:
        """Of all devices together."""
        return self._xruns + self._stream.xruns

    @property
    def is_playing(self) -> bool:
        """Whether the callback takes, or will take, what is appended; not while there is no device."""
        return self._is_there and self._stream.is_playing

    def new_ring(self) -> LastingRing:
        """An empty ring for a reply."""
        self._turn_to_present()
        return LastingRing(self._stream.new_ring())

    def follow(self, ring: LastingRing, lost_at: Callable[[float], int]) -> None:
        """Let `ring` stand still where the device was lost, and move to another one."""
        if self._is_there and self._devices.loudspeaker is not self._stream:
            self._stream.stop(ring.inner)
            ring.leave(lost_at(self._devices.alive_s))
        if self._turn_to_present():
            ring.move(self._stream)

    def _turn_to_present(self) -> bool:
        """Use the device that is there now; whether that is another one."""
        present = self._devices.loudspeaker
        self._is_there = present is not None
        if present is None or present is self._stream:
            return False
        self._xruns += self._stream.xruns
        self._stream = present
        return True

    def play(self, ring: LastingRing) -> None:
        """Take from `ring`, and from no other, from the next block on; nothing while there is no device."""
        if self._is_there:
            self._stream.play(ring.inner)
            if ring.gain != 1.0:
                self._stream.level(ring.inner, ring.gain, 0.0)

    def stop(self, ring: LastingRing) -> int:
        """Take nothing more, from the next block on; the first frame that does not sound."""
        ring.gain = 1.0  # as when it is played again
        if not self._is_there:
            return ring.taken
        return ring.written - ring.inner.written + self._stream.stop(ring.inner)

    def level(self, ring: LastingRing, gain: float, ramp_s: float) -> None:
        """Move to a linear gain, now or on the next device."""
        ring.gain = gain
        self._stream.level(ring.inner, gain, ramp_s)

    def check(self) -> None:
        """Raise `DeviceError` when nothing has been there for longer than a reply can wait."""
        self._devices.check()

    def close(self) -> None:
        """Close all devices."""
        self._devices.close()


class LastingFarEnd:
    """What the present loudspeaker plays. Belongs to the capture's thread."""

    def __init__(self, devices: Devices, played: FarSound) -> None:
        self._devices = devices
        self._played = played
        self._blocks = FarBlocks(played.rate_hz)
        self._before = 0
        """Ways that the echo took with earlier devices."""
        self.tap: Tap | None = None

    @property
    def path(self) -> int:
        """Another number from each device on, and where its clock has run away: the echo takes another way."""
        return self._before + self._played.steps

    def advance(self, blocks: int = 1) -> Samples:
        """What was played with the blocks captured last, some 30 ms before its echo; silence while nothing can."""
        present = self._devices.loudspeaker
        if present is None or present.played is None:
            self._tell(silence(blocks * _FAR_BLOCK), SPEECH_RATE_HZ)
            return silence(blocks * _FAR_BLOCK)
        if present.played is not self._played:
            self._before = self.path + 1
            self._played, self._blocks = present.played, FarBlocks(present.played.rate_hz)
        played = self._played.next(self._blocks.next_frames(blocks))
        self._tell(played, self._played.rate_hz)
        return self._blocks.convert(played)

    def _tell(self, played: Samples, rate_hz: int) -> None:
        if self.tap is not None:
            self.tap(played, rate_hz)

    def close(self) -> None:
        """The memory belongs to the player."""
