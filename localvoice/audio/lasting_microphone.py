"""A microphone that outlives its device: what the conversation hears through.

Rule of this file: PortAudio is never asked here (device_life.py does), only memory that stays; nothing waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from localvoice.audio.device_news import DeviceNews, DeviceWarning
from localvoice.audio.device_path import OpenLoudspeaker, OpenMicrophone
from localvoice.audio.device_watch import Numbness, numb_microphone
from localvoice.audio.present_stream import PresentStream
from localvoice.audio.samples import Samples, silence


class Devices(Protocol):
    """Who opens devices, and opens them again (`device_life.DeviceLife`). Any thread may ask."""

    @property
    def microphone(self) -> OpenMicrophone | None:
        """None while it is lost."""

    @property
    def loudspeaker(self) -> OpenLoudspeaker | None:
        """None while it is lost."""

    @property
    def alive_s(self) -> float:
        """The last sign of life before the present loss, or before the last one (monotonic time)."""

    def tell(self, news: DeviceNews, /) -> None:
        """Let the session know."""

    def rest(self, *, is_resting: bool) -> None:
        """Let what is open do less while nobody talks."""

    def check(self) -> None:
        """Raise `DeviceError` when a loss has lasted for longer than a reply can wait."""

    def close(self) -> None:
        """Close what is open, for good; waits 0.3 s at most. May be called twice."""


class LastingMicrophone(PresentStream[OpenMicrophone]):
    """A microphone whose clock goes on while no device is there: what could not be heard is silence of that length.

    `rate_hz` may change with the device, behind a call of `take`.
    """

    def __init__(self, devices: Devices, stream: OpenMicrophone, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._devices = devices
        self._clock = clock
        self._until_s = clock()
        """Time of the last sample handed on."""
        self._is_new = False
        """Whether nothing of the present stream has been handed on yet."""
        self._xruns = 0
        self._numbness = Numbness()

    @property
    def rate_hz(self) -> int:
        """Of what `take` returns next."""
        return self._stream.rate_hz

    @property
    def xruns(self) -> int:
        """Of all devices together."""
        return self._xruns + self._stream.xruns

    def take(self) -> Samples:
        """What has been recorded since the last call, perhaps nothing."""
        fresh = self._stream.read_new()
        now_s = self._clock()
        if self._numbness.is_found(fresh, self.rate_hz):
            self._devices.tell(DeviceWarning("silent_microphone", numb_microphone(self.name)))
        present = self._devices.microphone
        if present is self._stream:
            return self._in_time(fresh, now_s)
        self._until_s = min(now_s, self._until_s + len(fresh) / self.rate_hz)  # it was recorded before the loss
        if present is not None:  # its first sound comes with the next call, at its own rate
            self._xruns += self._stream.xruns
            if present.name != self._stream.name:
                self._numbness = Numbness()
            self._stream, self._is_new = present, True
            return fresh
        lost = silence(int((now_s - self._until_s) * self.rate_hz))
        self._until_s += len(lost) / self.rate_hz
        return np.concatenate((fresh, lost)) if len(fresh) else lost

    def wait(self, first_s: float, looks: int) -> int:
        """As the present device does; for `first_s` only while there is none, or another one."""
        return self._stream.wait(first_s, looks if self._devices.microphone is self._stream else 1)

    def call(self) -> None:
        """Let `wait` end soon. Any thread."""
        self._stream.call()

    def rest(self, *, is_resting: bool) -> None:
        """Let both devices do less while nobody talks."""
        self._devices.rest(is_resting=is_resting)

    def _in_time(self, fresh: Samples, now_s: float) -> Samples:
        """`fresh`; a new device's first sound in its place: behind silence, or without what silence stood for."""
        if not len(fresh):
            return fresh
        missing = round((now_s - self._until_s) * self.rate_hz) - len(fresh) if self._is_new else 0
        self._until_s, self._is_new = now_s, False
        if missing > 0:
            return np.concatenate((silence(missing), fresh))
        return fresh[-missing:]

    def close(self) -> None:
        """Close all devices."""
        self._devices.close()
