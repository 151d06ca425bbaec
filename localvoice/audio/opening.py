"""From what the user named to an open duplex: devices, files, pipes or nothing at either end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from localvoice.audio.device_life import DeviceLife
from localvoice.audio.duplex import Capture, Duplex, FarEnd, Rendering
from localvoice.audio.echo_path import EchoPath, open_echo_path
from localvoice.audio.far_end import DeviceFarEnd
from localvoice.audio.files import (
    OTHER_SOUND,
    PcmSink,
    PcmSource,
    SilentSource,
    SoundSink,
    WavSink,
    WavSource,
    check_writable,
    standard_input,
    standard_output,
)
from localvoice.audio.own_voice import Bars
from localvoice.audio.paced_capture import PacedCapture
from localvoice.audio.playback import PlaybackQueue
from localvoice.audio.player import QueuePlayer
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.audio.vad import SileroVad, VoiceActivity
from localvoice.config import AudioConfig, Config
from localvoice.engines import Player

_FILE_RATE_HZ = 48_000
"""Of output files, unless `audio.sample_rate` says otherwise: what devices use."""


class EndKind(Enum):
    """What stands at one end of the conversation."""

    DEVICE = "device"
    FILE = "file"
    PIPE = "pipe"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class End:
    """One end, as the user named it."""

    kind: EndKind
    spec: str

    @property
    def is_on_clock(self) -> bool:
        """Whether it is a file or pipe, whose sample 0 is the start of the session."""
        return self.kind in {EndKind.FILE, EndKind.PIPE}

    @property
    def is_named_pipe(self) -> bool:
        """Whether opening it waits until somebody is at its other end."""
        return self.kind is EndKind.FILE and Path(self.spec).is_fifo()

    @property
    def label(self) -> str:
        """For screen and events."""
        if self.kind is EndKind.DEVICE:
            return self.spec or "default device"
        return self.spec


def parse_end(spec: str) -> End:
    """`none`, `-`, a file (of sound, or whatever looks like a path), else a device by index or part of its name."""
    if spec == "none":
        return End(EndKind.NONE, spec)
    if spec == "-":
        return End(EndKind.PIPE, spec)
    path = Path(spec)
    is_path = "/" in spec or os.sep in spec
    if spec and (is_path or path.suffix.lower() in {".wav", *OTHER_SOUND} or path.is_file()):
        return End(EndKind.FILE, spec)
    return End(EndKind.DEVICE, spec)


@dataclass(slots=True)
class Clock:
    """The capture clock, for a player that is opened before the duplex it belongs to."""

    duplex: Duplex | None = None

    def now_s(self) -> float:
        """Seconds on the capture clock, the microphone's delay included; 0 before there is a clock."""
        return 0.0 if self.duplex is None else self.duplex.now_s() + self.duplex.latency_s


def open_capture(end: End, config: AudioConfig) -> Capture:
    """The microphone. Raises `FileError` or `DeviceError`. A device starts to capture at once."""
    match end.kind:
        case EndKind.FILE:
            return PacedCapture(WavSource(Path(end.spec)), looks_ahead=not end.is_named_pipe)
        case EndKind.PIPE:
            return PacedCapture(PcmSource(standard_input()), in_step=True)
        case EndKind.NONE:
            return PacedCapture(SilentSource(), looks_ahead=True)
        case EndKind.DEVICE:
            from localvoice.audio.device import open_capture as open_device

            return open_device(end.spec, config)


async def open_device_capture(end: End, devices: DeviceLife) -> Capture:
    """The microphone, listening at once, for as long as there is one. Raises `DeviceError`."""
    from localvoice.audio.device_capture import DeviceCapture
    from localvoice.audio.lasting_microphone import LastingMicrophone

    return DeviceCapture(LastingMicrophone(devices, await devices.open_microphone(end.spec)))


async def open_device_player(end: End, devices: DeviceLife, now_s: Callable[[], float]) -> tuple[Player, FarEnd | None]:
    """The loudspeaker, behind the microphone, and what knows what it plays. Raises `DeviceError`."""
    from localvoice.audio.device_player import DevicePlayer
    from localvoice.audio.lasting_loudspeaker import LastingFarEnd, LastingLoudspeaker

    stream = await devices.open_loudspeaker(end.spec)
    far_end = None if stream.played is None else LastingFarEnd(devices, stream.played)
    return DevicePlayer(LastingLoudspeaker(devices, stream), now_s), far_end


def open_room(spec: RoomSpec | None, rendering: FarEnd | None) -> Room | None:
    """The room between two files; it counts from what is written to what is heard."""
    if spec is None or not isinstance(rendering, Rendering):
        return None
    known_later_ms = rendering.delay_s * 1000
    return Room(replace(spec, delay_ms=max(0.0, spec.delay_ms - known_later_ms)))


def echo_path_for(
    config: Config,
    output: End,
    far_end: FarEnd | None,
    room: Room | None,
    bars: Bars | None = None,
    vad: VoiceActivity | None = None,
) -> EchoPath | None:
    """The echo canceller; None where our own voice cannot be heard, is not known, or is left in (`audio.echo`).

    `vad` is the conversation's: a second one beside it hears what a linear canceller leaves, if it is Silero, with
    which that was measured. Raises `DeviceError` where no canceller is installed.
    """
    is_heard = room is not None or output.kind is EndKind.DEVICE
    if config.audio.echo == "off" or far_end is None or not is_heard:
        return None
    second = vad.another() if isinstance(vad, SileroVad) else None
    return open_echo_path(config.vad.duck_threshold, bars, second)


def check_output(end: End) -> None:
    """Raise `FileError` when it is a file that cannot be written. Leaves no trace."""
    if end.kind is EndKind.FILE:
        check_writable(Path(end.spec))


def open_player(end: End, config: AudioConfig, now_s: Callable[[], float]) -> tuple[Player | None, FarEnd | None]:
    """The loudspeaker, and what knows what it played. Raises `FileError` or `DeviceError`."""
    if end.kind is EndKind.NONE:
        return None, None
    if end.kind is EndKind.DEVICE:
        from localvoice.audio.device import open_player as open_device

        player = open_device(end.spec, config, now_s)
        return player, None if player.played is None else DeviceFarEnd(player.played, player.rate_hz)
    rate_hz = SPEECH_RATE_HZ if end.kind is EndKind.PIPE else config.sample_rate or _FILE_RATE_HZ
    queue = PlaybackQueue(rate_hz)
    sink: SoundSink = PcmSink(standard_output()) if end.kind is EndKind.PIPE else WavSink(Path(end.spec), rate_hz)
    return QueuePlayer(queue), Rendering(queue, sink)
