"""The devices at both ends of a conversation: opened, seen to be lost, closed, and opened again.

Rule of this file: all of it belongs to the one thread that uses PortAudio; only `stream` and `present` are read by
others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from localvoice.audio import device_path
from localvoice.audio.device import NOUNS, DeviceInfo, Kind, find_device, list_devices
from localvoice.audio.device_news import DeviceChanged, DeviceNews, DeviceWarning
from localvoice.audio.device_path import OpenLoudspeaker, OpenMicrophone
from localvoice.audio.device_watch import LOOK_S, RESTING_LOOK_S, Pulse, Stalls
from localvoice.audio.portaudio import CLOSE_WITHIN_S, LIST_HINT, open_streams, refresh_devices
from localvoice.audio.pulse_client import means_pulse
from localvoice.audio.pulse_connection import NoServerError, wake_server
from localvoice.audio.rate_bridge import at_rate
from localvoice.audio.stream_opening import has_started, microphone_does_not_start
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError

_TELEPHONE_HZ = 16_000
"""Up to this rate a device is a telephone: Bluetooth headsets fall back to it while their microphone is open."""

_LOST = "it was unplugged, or the sound system ended"
_STALLED = "it did not answer"
_WITH_THE_OTHER = "opened again together with the other end"


@dataclass(slots=True, eq=False)
class End:
    """One end of the conversation."""

    kind: Kind
    wanted: DeviceInfo
    """The first one, which the user named or had as default."""
    device: DeviceInfo
    """The present one, or the last one."""
    stream: OpenMicrophone | OpenLoudspeaker | None = None
    """None while it is lost."""
    rate_hz: int = 0
    """Of the first stream: positions in replies are counted in a loudspeaker's frames."""
    reason: str = ""
    """Why it was lost last; "" where only the other end was."""
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def is_pulse(self) -> bool:
        """Whether it is the server's own, and no stopgap for another one."""
        is_wanted = self.device.name == self.wanted.name
        return is_wanted and device_path.path_name() == "native" and means_pulse(self.device)

    def is_lost(self, now_s: float) -> bool:
        """Take a look at the device."""
        if self.stream is None:
            return False
        has_stopped = self.pulse.has_stopped(self.stream.pulse, now_s)
        self.reason = _STALLED if has_stopped else "" if self.stream.is_active else _LOST
        return bool(self.reason)


class DeviceEnds:
    """At most one microphone and one loudspeaker."""

    def __init__(self, config: AudioConfig) -> None:
        self._config = config
        self._ends: dict[Kind, End] = {}
        self._stalls = Stalls()
        self._is_resting = False

    def stream(self, kind: Kind) -> OpenMicrophone | OpenLoudspeaker | None:
        """What is open there. Any thread may ask."""
        end = self._ends.get(kind)
        return None if end is None else end.stream

    @property
    def present(self) -> tuple[DeviceInfo, DeviceInfo] | None:
        """Microphone and loudspeaker, the present ones or the last; None where one was never opened. Any thread."""
        ends = self._ends.get("input"), self._ends.get("output")
        return None if ends[0] is None or ends[1] is None else (ends[0].device, ends[1].device)

    @property
    def names(self) -> str:
        """Of the devices, in words."""
        return " and ".join(f'the {NOUNS[end.kind]} "{end.device.name}"' for end in self._ends.values())

    @property
    def alive_s(self) -> float:
        """When all of them were last seen to run (monotonic time)."""
        return min((end.pulse.alive_s for end in self._ends.values()), default=0.0)

    def open(self, kind: Kind, spec: str) -> list[DeviceNews]:
        """Open the device that `spec` means; the microphone first. Raises `DeviceError`."""
        device = find_device(spec, kind)
        end = End(kind, device, device)
        self._start(end, [device])
        self._ends[kind] = end
        return _warnings(end)

    def rest(self, *, is_resting: bool) -> None:
        """Let all of them do less while nobody talks. Any thread."""
        self._is_resting = is_resting
        for end in self._ends.values():
            if (stream := end.stream) is not None:
                stream.rest(is_resting=is_resting)

    @property
    def look_s(self) -> float:
        """How long the next look at them may wait."""
        may_wait = self._is_resting and not any(end.pulse.is_still for end in self._ends.values())
        return RESTING_LOOK_S if may_wait else LOOK_S

    def are_lost(self) -> bool:
        """Look whether one of them is gone or stands still."""
        now_s = time.monotonic()
        lost = [end.is_lost(now_s) for end in self._ends.values()]  # each is looked at
        if any(end.reason == _STALLED for end in self._ends.values()):
            self._stalls.add(now_s)
        return any(lost)

    def release(self, within_s: float) -> bool:
        """Close all, and wait up to `within_s` for devices that hang; whether PortAudio has nothing open any more."""
        streams = [end.stream for end in self._ends.values() if end.stream is not None]
        for end in self._ends.values():
            end.stream = None
        closing = [stream.start_closing() for stream in streams]
        deadline_s = time.monotonic() + within_s
        for thread in closing:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return not len(open_streams)

    def reopen(self, *, only_the_same: bool) -> list[DeviceNews]:
        """Open both ends again, each on its first device, the last one, or else the default one. Raises `DeviceError`.

        PulseAudio's server knows what stands behind its own devices; else PortAudio looks for them anew where nothing
        hangs, which takes 0.4 to 1.7 s on a busy machine.
        """
        if all(end.is_pulse for end in self._ends.values()):
            try:
                return self._reopen_on_server()
            except DeviceError:
                if only_the_same:
                    raise
                self.release(CLOSE_WITHIN_S)
        refresh_devices()
        return self._reopen_among(list_devices(), only_the_same=only_the_same)

    def _reopen_on_server(self) -> list[DeviceNews]:
        try:
            wake_server()
        except NoServerError as error:
            raise DeviceError(f"no sound server answers; {LIST_HINT}") from error
        return self._reopen_among([end.device for end in self._ends.values()], only_the_same=True)

    def _reopen_among(self, devices: Sequence[DeviceInfo], *, only_the_same: bool) -> list[DeviceNews]:
        news: list[DeviceNews] = []
        for kind in sorted(self._ends):  # the input first
            end = self._ends[kind]
            before, reason = end.device.name, end.reason or _WITH_THE_OTHER
            self._start(end, _candidates(end, devices, only_the_same=only_the_same))
            news.append(DeviceChanged(kind, before, end.device.name, reason))
            if end.device.name != before:
                news += _warnings(end)
        return news

    def _start(self, end: End, candidates: Sequence[DeviceInfo]) -> None:
        """Open the first candidate that runs. Raises the `DeviceError` of the last one."""
        for left, device in reversed(list(enumerate(reversed(candidates)))):
            try:
                end.stream = self._opened(end, device)
            except DeviceError:
                if not left:
                    raise
            else:
                now_s = time.monotonic()
                end.device, end.pulse = device, Pulse(self._stalls.allowed_s(now_s))
                end.rate_hz = end.rate_hz or end.stream.rate_hz
                end.is_lost(now_s)
                return

    def _opened(self, end: End, device: DeviceInfo) -> OpenMicrophone | OpenLoudspeaker:
        if end.kind == "input":
            microphone = device_path.microphone(device, self._config)
            first = microphone.pulse
            if not has_started(lambda: microphone.pulse != first, LOOK_S / 10):
                microphone.start_closing()
                raise microphone_does_not_start(device.name)
            return microphone
        if not end.rate_hz:
            return device_path.loudspeaker(device, self._config)
        try:
            return device_path.loudspeaker(device, replace(self._config, sample_rate=end.rate_hz))
        except DeviceError:
            own_rate = device_path.loudspeaker(device, replace(self._config, sample_rate=0))
            return at_rate(own_rate, end.rate_hz)


def _candidates(end: End, devices: Sequence[DeviceInfo], *, only_the_same: bool) -> list[DeviceInfo]:
    """The devices that were there before, by their names, and the default one. Raises `DeviceError` for none."""
    usable = [device for device in devices if device.channels(end.kind)]
    fitting = [
        one
        for known in (end.wanted, end.device)
        for one in usable
        if (one.name, one.host_api) == (known.name, known.host_api)
    ]
    if not only_the_same:
        fitting += [one for one in usable if one.is_default(end.kind)]
    if not fitting:
        raise DeviceError(f"there is no {NOUNS[end.kind]} on this machine; {LIST_HINT}")
    return list(dict.fromkeys(fitting))


def _warnings(end: End) -> list[DeviceNews]:
    rate_hz = end.device.default_rate_hz
    if rate_hz > _TELEPHONE_HZ:
        return []
    message = (
        f'the {NOUNS[end.kind]} "{end.device.name}" runs at {rate_hz / 1000:g} kHz, as Bluetooth headsets do while '
        "their microphone is used: `--input` with another microphone (`localvoice devices`) sounds better"
    )
    return [DeviceWarning("low_rate", message)]
