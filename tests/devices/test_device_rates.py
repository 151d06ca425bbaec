"""Rates from 8 to 192 kHz and any number of channels, on both paths."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from virtual_card import RATE_HZ, Monitor, SoundServer, feed_microphone

from localvoice.audio import native_streams
from localvoice.audio.device import DeviceInfo, find_device
from localvoice.audio.device_capture import DeviceCapture
from localvoice.audio.device_path import loudspeaker, microphone
from localvoice.audio.device_player import DevicePlayer
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.config import AudioConfig
from localvoice.errors import DeviceError
from localvoice.messages import SpeechChunk

pytestmark = pytest.mark.devices

RATES = [8_000, 192_000]
TRIES = 3
"""The machine may be shared, and its card stall: what is heard has to be right in one of three tries."""

TONE_HZ = 440
SECONDS = 0.5


def tone(rate_hz: int) -> np.ndarray:
    return (0.25 * np.sin(2 * np.pi * TONE_HZ * np.arange(round(SECONDS * rate_hz)) / rate_hz)).astype(np.float32)


def hears_the_tone(device: DeviceInfo, card: SoundServer, wav: Path) -> None:
    """Feed it and listen."""
    soundfile.write(wav, tone(RATE_HZ), RATE_HZ, subtype="PCM_16")
    for left in reversed(range(TRIES)):
        try:
            capture = DeviceCapture(microphone(device, AudioConfig()))
            feeding = threading.Thread(target=feed_microphone, args=(wav, card.environ))
            feeding.start()
            samples = np.concatenate([capture.read() for _ in range(150)])
            feeding.join()
            capture.close()
            return assert_holds_the_tone(samples, SPEECH_RATE_HZ)
        except (AssertionError, DeviceError, IndexError):
            if not left:
                raise
    return None


def assert_holds_the_tone(samples: np.ndarray, rate_hz: int) -> None:
    loud = np.flatnonzero(np.abs(samples) > 0.06)
    assert (loud[-1] - loud[0]) / rate_hz == pytest.approx(SECONDS, abs=0.03)
    middle = samples[loud[0] + rate_hz // 10 : loud[0] + 4 * rate_hz // 10]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * rate_hz / len(middle) == pytest.approx(TONE_HZ, abs=8)
    assert np.std(middle) * np.sqrt(2) == pytest.approx(0.25, rel=0.2), "PulseAudio leaves out one channel of six"


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("rate_hz", RATES)
def test_a_microphone_of_any_rate_is_heard(card: SoundServer, tmp_path: Path, rate_hz: int) -> None:
    device = replace(find_device("default", "input"), default_rate_hz=rate_hz)
    hears_the_tone(device, card, tmp_path / "tone.wav")


def asks_the_server(device: DeviceInfo, path: str) -> bool:
    """Whether PulseAudio's own client opens it: the server says the rate of its card, and mixes channels."""
    return path == "native" and native_streams.means_pulse(device)


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("rate_hz", RATES)
async def test_a_loudspeaker_of_any_rate_is_spoken_through(monitor: Monitor, path: str, rate_hz: int) -> None:
    device = replace(find_device("default", "output"), default_rate_hz=rate_hz)
    config = AudioConfig(sample_rate=rate_hz if asks_the_server(device, path) else 0)
    for left in reversed(range(TRIES)):
        try:
            return await says_the_tone(device, monitor, config)
        except (AssertionError, DeviceError, IndexError):
            if not left:
                raise
    return None


@pytest.mark.usefixtures("card", "path")
def test_blocks_of_any_length_are_played_at_any_rate() -> None:
    """PulseAudio's own client takes 64 KiB at once."""
    device = replace(find_device("default", "output"), default_rate_hz=192_000)
    loudspeaker(device, AudioConfig(sample_rate=192_000, block_ms=100)).close()


async def says_the_tone(device: DeviceInfo, monitor: Monitor, config: AudioConfig) -> None:
    start_s = time.monotonic()
    player = DevicePlayer(loudspeaker(device, config), time.monotonic)
    player.begin(1)
    await player.write(1, SpeechChunk("x", tone(24_000), 24_000))
    position = await player.drain(1)
    await monitor.silence()
    player.close()
    assert position.rate_hz == device.default_rate_hz
    assert position.frames == pytest.approx(SECONDS * position.rate_hz, abs=2)
    assert_holds_the_tone(monitor.samples(start_s).astype(np.float32) / 32768, RATE_HZ)


@pytest.mark.parametrize("channels", [2, 6])
def test_what_all_channels_hear_is_heard(
    card: SoundServer, tmp_path: Path, path: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that knows no fewer channels is opened with all of them."""
    refusing = NotFewer(channels)
    monkeypatch.setattr("localvoice.audio.native_streams.open_stream", refusing)
    monkeypatch.setattr("localvoice.audio.device_streams.open_stream", refusing)
    device = replace(find_device("default", "input"), input_channels=channels)
    hears_the_tone(device, card, tmp_path / "tone.wav")
    assert refusing.opened == (0 if asks_the_server(device, path) else channels)


class NotFewer:
    """Opens streams on hardware that has so many channels and refuses fewer."""

    def __init__(self, channels: int) -> None:
        self.opened = 0
        self._channels = channels

    def __call__(self, stream_type, channels: int, most_channels: int, **options):
        from localvoice.audio.portaudio import load_sounddevice
        from localvoice.audio.stream_opening import open_stream

        def of(*, channels: int, **rest):
            if channels < self._channels:
                raise load_sounddevice().PortAudioError("Invalid number of channels", -9998)
            self.opened = channels
            return stream_type(channels=channels, **rest)

        return open_stream(of, channels, most_channels, **options)
