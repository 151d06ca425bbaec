"""The virtual card of this folder: made once, reached by PULSE_SERVER, gone with the test run."""

from __future__ import annotations

import ctypes.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_card import Monitor, SoundServer

from localvoice.audio import native, native_streams

_HINT = "`apt-get install pulseaudio pulseaudio-utils libportaudio2 libasound2-plugins` enables this test"


@pytest.fixture(scope="session")
def sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    require_sound_server()
    server = SoundServer(tmp_path_factory.mktemp("pulse"))
    yield server
    server.stop()


def require_sound_server() -> None:
    missing = [name for name in ("pulseaudio", "pactl", "parecord", "paplay") if shutil.which(name) is None]
    if ctypes.util.find_library("portaudio") is None:
        missing.append("PortAudio")
    if missing:
        pytest.skip(f"{missing[0]} is missing: {_HINT}")


@pytest.fixture(scope="session")
def _portaudio(sound_server: SoundServer) -> None:
    """PortAudio's list of devices as the virtual card makes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULSE_SERVER", sound_server.environ["PULSE_SERVER"])
        import sounddevice

        sounddevice._terminate()
        sounddevice._initialize()
        if not len(sounddevice.query_devices()):
            pytest.skip(f"PortAudio does not see PulseAudio: {_HINT}")


@pytest.fixture
def card(sound_server: SoundServer, _portaudio: None, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    """The running card; PortAudio in this process uses it."""
    monkeypatch.setenv("PULSE_SERVER", sound_server.environ["PULSE_SERVER"])
    return sound_server


@pytest.fixture(params=["native", "portaudio", "rtmixer"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whose callback plays and records in this test: ours, called by PulseAudio or by PortAudio, or rtmixer's."""
    if request.param == "rtmixer":
        monkeypatch.setattr(native, "load", lambda: None)
    elif native.load() is None:
        pytest.skip(f"{native.reason()}: `pip install -e .` where a C compiler is makes our own callback")
    if request.param == "portaudio":
        monkeypatch.setattr(native_streams, "means_pulse", lambda _: False)
    return "rtmixer" if request.param == "rtmixer" else "native"


@pytest.fixture
def monitor(card: SoundServer) -> Iterator[Monitor]:
    """A recording of the loudspeaker that has begun."""
    recording = Monitor(card.environ)
    yield recording
    recording.stop()


@pytest.fixture
def server_folder(tmp_path: Path) -> Path:
    """Where a server of a test's own lives."""
    require_sound_server()
    return tmp_path
