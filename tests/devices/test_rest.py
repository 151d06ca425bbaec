"""Streams that do less while nobody talks: PulseAudio is asked for longer blocks, and nothing is lost by it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from virtual_card import SoundServer

from localvoice.audio import native, native_streams
from localvoice.audio.device import DeviceInfo, find_device
from localvoice.audio.native_streams import InputStream, OutputStream
from localvoice.audio.pulse_client import means_pulse
from localvoice.audio.pulse_connection import NoServerError, PulseConnection, lets_streams_rest
from localvoice.config import AudioConfig

pytestmark = pytest.mark.devices

LEAVING = """
from localvoice.audio.device import open_capture
from localvoice.config import AudioConfig
capture = open_capture("", AudioConfig())
capture.read()
"""


@pytest.fixture
def device(card: SoundServer) -> DeviceInfo:
    found = find_device("default", "input")
    if not means_pulse(found):
        pytest.skip("ALSA's device `default` is not PulseAudio: `apt-get install libasound2-plugins` makes it that")
    return found


@pytest.fixture
def microphone(device: DeviceInfo) -> Iterator[InputStream]:
    library = native.load()
    if library is None:
        pytest.skip(f"{native.reason()}: `pip install -e .` where a C compiler is makes our own callback")
    stream = InputStream(library, device, AudioConfig())
    yield stream
    stream.close()


@pytest.fixture
def loudspeaker(microphone: InputStream) -> Iterator[OutputStream]:
    library = native.load()
    assert library is not None
    stream = OutputStream(library, find_device("default", "output"), AudioConfig())
    yield stream
    stream.close()


def steps(count: Callable[[], int], seconds: float) -> tuple[float, float]:
    """By how many frames a counter grows at a time: in one of ten times at most, and mostly.

    A look that comes late sees several blocks as one.
    """
    seen = [count()]
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        if (now := count()) != seen[-1]:
            seen.append(now)
        time.sleep(0.001)
    few, middle = np.percentile(np.diff(seen), [10, 50])
    return float(few), float(middle)


def test_blocks_are_long_while_nobody_talks_and_short_again(microphone: InputStream, loudspeaker: OutputStream) -> None:
    far = loudspeaker.played
    assert far is not None
    counts: tuple[Callable[[], int], ...] = (lambda: microphone.captured.written, lambda: far.clock)
    for count in counts:
        assert steps(count, 0.5)[0] == 480
    for stream in (microphone, loudspeaker):
        stream.rest(is_resting=True)
    time.sleep(0.3)
    for count in counts:
        assert steps(count, 1.0)[1] >= 4 * 480
    for stream in (microphone, loudspeaker):
        stream.rest(is_resting=False)
    time.sleep(0.3)
    for count in counts:
        assert steps(count, 0.5)[0] == 480


@pytest.fixture
def hears_itself(card: SoundServer) -> Iterator[None]:
    """What is played is what the microphone hears, sample by sample."""
    loop = ["load-module", "module-remap-source", "master=speaker.monitor", "source_name=loop"]
    number = subprocess.run(["pactl", *loop], env=card.environ, capture_output=True, text=True, check=True).stdout
    subprocess.run(["pactl", "set-default-source", "loop"], env=card.environ, check=True)
    yield
    subprocess.run(["pactl", "unload-module", number.strip()], env=card.environ, check=True)
    subprocess.run(["pactl", "set-default-source", "mic"], env=card.environ, check=True)


@pytest.mark.usefixtures("hears_itself")
def test_no_sound_is_lost_by_a_rest(microphone: InputStream, loudspeaker: OutputStream) -> None:
    """The way from one to the other stays as long as it was."""
    delays = []
    for is_resting in (True, False, True, False):
        delays.append(delay(microphone, loudspeaker))
        for stream in (microphone, loudspeaker):
            stream.rest(is_resting=is_resting)
        time.sleep(0.4)
    assert len(set(delays)) == 1
    assert microphone.xruns == loudspeaker.xruns == 0


def delay(microphone: InputStream, loudspeaker: OutputStream) -> int:
    """Frame of the capture clock less frame of the playback clock, of one click."""
    far = loudspeaker.played
    assert far is not None
    first_out, first_in = far.clock, microphone.captured.written
    ring = loudspeaker.new_ring()
    click = np.zeros(4800, dtype=np.float32)
    click[2400] = 0.5
    ring.append(click)
    ring.expect(more=False)
    loudspeaker.play(ring)
    time.sleep(0.6)
    played = far.at(first_out, far.clock - first_out)
    heard, _ = microphone.captured.read(first_in, microphone.captured.written - first_in)
    return (first_in + int(np.argmax(np.abs(heard)))) - (first_out + int(np.argmax(np.abs(played))))


def test_a_reply_ends_the_rest_by_itself(loudspeaker: OutputStream) -> None:
    far = loudspeaker.played
    assert far is not None
    loudspeaker.rest(is_resting=True)
    time.sleep(0.3)
    loudspeaker.play(loudspeaker.new_ring())
    time.sleep(0.3)
    assert steps(lambda: far.clock, 0.5)[0] == 480


@pytest.mark.parametrize(
    ("name", "may_rest"),
    [("pulseaudio", True), ("PulseAudio (on PipeWire 0.3.65)", False), ("PulseAudio (on PipeWire 1.4.2)", False)],
)
def test_the_name_of_the_server_decides_whether_streams_rest(name: str, may_rest: bool) -> None:
    assert lets_streams_rest(name) == may_rest


def test_a_server_tells_its_name(device: DeviceInfo) -> None:
    del device  # skips where there is no such server
    library = native.load()
    if library is None:
        pytest.skip(f"{native.reason()}: `pip install -e .` where a C compiler is makes our own callback")
    connection = PulseConnection()
    connection.connect(NoServerError)
    assert connection.server_name(library, NoServerError) == "pulseaudio"
    connection.close(None)


@pytest.fixture
def _on_pipewire(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same card, as if its server were PipeWire's."""
    monkeypatch.setattr(PulseConnection, "server_name", lambda *_: "PulseAudio (on PipeWire 0.3.65)")


@pytest.mark.usefixtures("_on_pipewire")
def test_blocks_stay_short_where_the_server_is_pipewire(microphone: InputStream, loudspeaker: OutputStream) -> None:
    far = loudspeaker.played
    assert far is not None
    for stream in (microphone, loudspeaker):
        stream.rest(is_resting=True)
    time.sleep(0.3)
    assert steps(lambda: microphone.captured.written, 0.5)[1] == 480
    assert steps(lambda: far.clock, 0.5)[1] == 480


def test_a_server_of_another_kind_is_left_to_portaudio(device: DeviceInfo) -> None:
    assert not means_pulse(replace(device, host_api="JACK Audio Connection Kit"))
    assert not means_pulse(replace(device, name="hw:0,0"))


def test_where_no_server_answers_portaudio_is_asked(
    device: DeviceInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nobody'}")
    monkeypatch.setattr(native_streams, "PortAudioStream", lambda *_: asked.append(True))
    library = native.load()
    if library is None:
        pytest.skip(f"{native.reason()}: `pip install -e .` where a C compiler is makes our own callback")
    native_streams.open_end(library, device, "input", AudioConfig())
    assert asked


def test_a_program_that_leaves_a_stream_open_ends_cleanly(card: SoundServer) -> None:
    program = subprocess.run(
        [sys.executable, "-c", LEAVING], env=card.environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert (program.returncode, program.stderr) == (0, "")
