"""A loudspeaker that insists on its own rate, for replies whose frames are counted at another."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from localvoice.audio.device_path import OpenLoudspeaker, ReplySound
from localvoice.audio.low_delay import LowDelayResampler
from localvoice.audio.present_stream import PresentLoudspeaker
from localvoice.audio.samples import Samples

_SLICE_S = 0.1
_HELD_S = 25.0
"""Sound let into the device's ring, which holds 29 s: what is converted is never refused."""


def at_rate(loudspeaker: OpenLoudspeaker, rate_hz: int) -> OpenLoudspeaker:
    """The loudspeaker at that rate."""
    return loudspeaker if loudspeaker.rate_hz == rate_hz else BridgedLoudspeaker(loudspeaker, rate_hz)


class BridgedRing:
    """The sound of one reply, counted at `rate_hz`, kept at the device's."""

    def __init__(self, inner: Any, rate_hz: int, device_hz: int) -> None:
        self.inner: ReplySound = inner
        self.written = 0
        """Frames written so far."""
        self._rate_hz = rate_hz
        self._device_hz = device_hz
        self._resampler = LowDelayResampler(rate_hz, device_hz)

    @property
    def taken(self) -> int:
        """Frames the callback has taken."""
        return self._outer(self.inner.taken) if self.inner.unread else self.written

    @property
    def unread(self) -> int:
        """Frames the callback has not yet taken."""
        return self.written - self.taken

    def append(self, samples: Samples) -> int:
        """Write mono samples, as many as fit; returns how many those were."""
        size, count = round(_SLICE_S * self._rate_hz), 0
        while count < len(samples) and self.inner.unread < _HELD_S * self._device_hz:
            part = samples[count : count + size]
            self.inner.append(self._resampler.feed(part))
            count += len(part)
        self.written += count
        return count

    def expect(self, *, more: bool, waiting: bool = False) -> None:
        """Say whether more is to come, and whether it waits for room already."""
        self.inner.expect(more=more, waiting=waiting)

    def since(self, frame: int) -> Samples:
        """A copy of what was written from `frame` on, as far back as memory goes."""
        back = LowDelayResampler(self._device_hz, self._rate_hz)
        sound = back.feed(self.inner.since(self._inner(frame)))
        return sound[-(self.written - frame) :] if self.written > frame else sound[:0]

    def rewound(self, frame: int) -> BridgedRing:
        """The same reply as a ring that goes on at an earlier frame; this one must not be written any more."""
        ring = BridgedRing(self.inner.rewound(self._inner(frame)), self._rate_hz, self._device_hz)
        ring.written, ring._resampler = self.written, self._resampler
        return ring

    def _outer(self, frame: int) -> int:
        return min(self.written, round(frame * self._rate_hz / self._device_hz))

    def _inner(self, frame: int) -> int:
        return round(frame * self._device_hz / self._rate_hz)


class BridgedLoudspeaker(PresentLoudspeaker):
    """A loudspeaker seen at another rate than its own."""

    def __init__(self, inner: OpenLoudspeaker, rate_hz: int) -> None:
        super().__init__(inner)
        self.rate_hz = rate_hz

    @property
    def xruns(self) -> int:
        """Times it ran out of sound that was there, as far as it was noticed."""
        return self._stream.xruns

    @property
    def is_playing(self) -> bool:
        """Whether the callback takes, or will take, what is appended to the reply played last."""
        return self._stream.is_playing

    def new_ring(self) -> BridgedRing:
        """An empty ring for a reply."""
        return BridgedRing(self._stream.new_ring(), self.rate_hz, self._stream.rate_hz)

    def play(self, ring: BridgedRing) -> None:
        """Take from `ring`, and from no other, from the next block on."""
        self._stream.play(ring.inner)

    def stop(self, ring: BridgedRing) -> int:
        """Take nothing more from `ring`; the first frame that does not sound."""
        return min(ring.written, round(self._stream.stop(ring.inner) * self.rate_hz / self._stream.rate_hz))

    def level(self, ring: BridgedRing, gain: float, ramp_s: float) -> None:
        """Move to a linear gain; only where `has_gain`."""
        self._stream.level(ring.inner, gain, ramp_s)

    def check(self) -> None:
        """Raise `DeviceError` when the device is gone."""
        self._stream.check()

    def follow(self, ring: BridgedRing, lost_at: Callable[[float], int]) -> None:
        """Nothing: this is always the same loudspeaker."""

    def rest(self, *, is_resting: bool) -> None:
        """Say whether nothing will be played soon."""
        self._stream.rest(is_resting=is_resting)

    @property
    def pulse(self) -> float:
        """Another number as long as the device runs."""
        return self._stream.pulse

    @property
    def is_active(self) -> bool:
        """Whether PortAudio says that it runs."""
        return self._stream.is_active

    def start_closing(self) -> Thread:
        """Stop, in a thread that ends when the device has answered."""
        return self._stream.start_closing()

    def close(self) -> None:
        """Stop; waits 0.3 s at most."""
        self._stream.close()
