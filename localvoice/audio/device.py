"""Sound devices: which there are, which one a flag means, and opening them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from localvoice.audio.portaudio import LIST_HINT, device_errors, load_sounddevice
from localvoice.errors import DeviceError

if TYPE_CHECKING:
    from localvoice.audio.device_capture import DeviceCapture
    from localvoice.audio.device_player import DevicePlayer
    from localvoice.config import AudioConfig

Kind = Literal["input", "output"]

NOUNS = {"input": "microphone", "output": "loudspeaker"}

_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device as PortAudio lists it; one piece of hardware appears once per host API."""

    index: int
    name: str
    host_api: str
    input_channels: int
    output_channels: int
    default_rate_hz: int
    is_default_input: bool = False
    is_default_output: bool = False

    def channels(self, kind: Kind) -> int:
        """Channels in that direction; 0 where it has none."""
        return self.input_channels if kind == "input" else self.output_channels

    def is_default(self, kind: Kind) -> bool:
        """Whether the system takes it where none is named."""
        return self.is_default_input if kind == "input" else self.is_default_output


def list_devices() -> list[DeviceInfo]:
    """Every device, as found when PortAudio was initialised: one plugged in later appears in a new process.

    Raises `DeviceError` where PortAudio is missing.
    """
    sounddevice = load_sounddevice()
    with device_errors("the list of sound devices"):
        host_apis = [api["name"] for api in sounddevice.query_hostapis()]
        default_input, default_output = sounddevice.default.device
        return [
            DeviceInfo(
                index=index,
                name=device["name"],
                host_api=host_apis[device["hostapi"]],
                input_channels=device["max_input_channels"],
                output_channels=device["max_output_channels"],
                default_rate_hz=round(device["default_samplerate"]),
                is_default_input=index == default_input,
                is_default_output=index == default_output,
            )
            for index, device in enumerate(sounddevice.query_devices())
        ]


def find_device(spec: str, kind: Kind, devices: Sequence[DeviceInfo] | None = None) -> DeviceInfo:
    """The device that `--input` or `--output` means: an index, a name or part of one, "" for the system's default.

    The whole name wins over a part, and the default device's host API over others. Raises `DeviceError` where nothing
    fits or several do.
    """
    usable = [device for device in (list_devices() if devices is None else devices) if device.channels(kind)]
    noun = NOUNS[kind]
    if not usable:
        raise DeviceError(f"there is no {noun} on this machine: connect one, or use `--{kind} FILE.wav`")
    wanted = _plain(spec)
    if not wanted:
        for device in usable:
            if device.is_default(kind):
                return device
        raise DeviceError(f"the system names no default {noun}: use `--{kind} N` with N from `localvoice devices`")
    if wanted.isdecimal():
        fitting = [device for device in usable if device.index == int(wanted)]
    else:
        fitting = _by_name(wanted, kind, usable)
    if not fitting:
        raise DeviceError(f'there is no {noun} "{spec.strip()}"; there is {_names(usable)}; {LIST_HINT}')
    if len(fitting) > 1:
        raise DeviceError(f'"{spec.strip()}" fits {_names(fitting)}: use `--{kind} N` with the index of one')
    return fitting[0]


def _plain(name: str) -> str:
    """A name as it is compared: case does not count, nor whether an accent stands apart, as macOS writes it."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def _by_name(wanted: str, kind: Kind, usable: Sequence[DeviceInfo]) -> list[DeviceInfo]:
    preferred = next((device.host_api for device in usable if device.is_default(kind)), "")
    fitting = [device for device in usable if wanted in _plain(device.name)]
    fitting = [device for device in fitting if _plain(device.name) == wanted] or fitting
    return [device for device in fitting if device.host_api == preferred] or fitting


def _names(devices: Sequence[DeviceInfo]) -> str:
    shown = ", ".join(f'"{device.name}" ({device.index})' for device in devices[:_NAMES_SHOWN])
    left = len(devices) - _NAMES_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def open_capture(spec: str, config: AudioConfig) -> DeviceCapture:
    """The microphone that `spec` means, listening already: what is said while engines load is kept.

    Raises `DeviceError`.
    """
    from localvoice.audio.device_capture import DeviceCapture
    from localvoice.audio.device_path import microphone

    return DeviceCapture(microphone(find_device(spec, "input"), config))


def open_player(spec: str, config: AudioConfig, now_s: Callable[[], float]) -> DevicePlayer:
    """The loudspeaker that `spec` means, running already; open it after the capture.

    `now_s` is the capture clock: the time, in seconds, of what sounds at the microphone at this moment. It is first
    called with the first reply. Raises `DeviceError`.
    """
    from localvoice.audio.device_path import loudspeaker
    from localvoice.audio.device_player import DevicePlayer

    return DevicePlayer(loudspeaker(find_device(spec, "output"), config), now_s)
