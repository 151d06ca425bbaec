"""Both packages that carry WebRTC's canceller, in simulated rooms."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from localvoice.audio.block_work import PythonWork, load_work
from localvoice.audio.duplex import Block
from localvoice.audio.echo import AudioProcessing, CompactProcessing, EchoCanceller, LiveKitProcessing, load_processing
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import DeviceError
from tests.e2e.spoken import speech

BLOCK = 160
ROOM = RoomSpec(60.0, -10.0, 200.0)


@pytest.fixture(params=[LiveKitProcessing, CompactProcessing])
def processing(request) -> AudioProcessing:
    return request.param(suppress_noise=True)


@pytest.fixture(scope="module")
def own_speech() -> Samples:
    said = speech("Once upon a time there was a little fox. One day the fox found a golden key under a tree.")
    return 0.3 * said / np.abs(said).max()


def blocks(sound: Samples) -> list[Samples]:
    return [sound[at : at + BLOCK] for at in range(0, len(sound) - BLOCK + 1, BLOCK)]


def through(processing: AudioProcessing, spec: RoomSpec, played: Samples, user: Samples) -> tuple[Samples, Samples]:
    room, canceller = Room(spec), EchoCanceller(processing)
    near = [room.hear(said, far) for said, far in zip(blocks(user), blocks(played), strict=True)]
    clean = [canceller.process(heard, far) for heard, far in zip(near, blocks(played), strict=True)]
    return np.concatenate(near), np.concatenate(clean)


def energy_db(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


def test_our_own_voice_is_taken_out(processing, own_speech):
    near, clean = through(processing, ROOM, own_speech, silence(len(own_speech)))
    assert energy_db(near[16000:]) - energy_db(clean[16000:]) > 25.0


@pytest.mark.parametrize("delay_ms", [10.0, 300.0])
def test_the_path_need_not_be_known(processing, own_speech, delay_ms):
    near, clean = through(processing, RoomSpec(delay_ms, -10.0, 200.0), own_speech, silence(len(own_speech)))
    assert energy_db(near[32000:]) - energy_db(clean[32000:]) > 25.0


def test_the_user_s_voice_stays(processing, own_speech):
    user = silence(len(own_speech))
    said = speech("Wait, I meant something else.", "en-gb+m1")
    said *= 10 ** (-10 / 20) * 0.3 / np.abs(said).max()
    at = 3 * SPEECH_RATE_HZ
    user[at : at + len(said)] = said[: len(user) - at]
    _, clean = through(processing, ROOM, own_speech, user)
    while_both = slice(at, at + len(said))
    assert energy_db(clean[while_both]) > energy_db(user[while_both]) - 12.0


@pytest.mark.parametrize("package", [LiveKitProcessing, CompactProcessing, None])
def test_a_canceller_that_is_told_of_another_path_takes_our_voice_out_at_once(package, own_speech):
    """What it knew of the old one lets all of it through for 2 s (docs/echo.md)."""
    work = PythonWork(*(package(suppress_noise=noise) for noise in (True, False))) if package else load_work()
    path = EchoPath(work, noticed_from=0.3)

    def hear(played: Samples, delay: int, number: int) -> tuple[Samples, Samples]:
        noise = np.random.default_rng(number).normal(0.0, 1e-4, len(played)).astype(np.float32)
        near = noise + 0.2 * np.concatenate((silence(delay), played))[: len(played)]
        parts = zip(blocks(near), blocks(played), strict=True)
        return near, np.concatenate([path.clean(Block(*both, number)).for_detection for both in parts])

    hear(np.concatenate((own_speech, silence(2 * SPEECH_RATE_HZ))), 1312, 0)
    near, clean = hear(own_speech[:SPEECH_RATE_HZ], 672, 1)
    assert energy_db(near) - energy_db(clean) > 15.0


class Counting:
    """A canceller that hears its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def process(self, near, far):
        self.calls += 1
        return np.zeros_like(near)


def test_it_sleeps_until_something_is_played_and_two_seconds_after():
    counting = Counting()
    canceller = EchoCanceller(counting)
    near, loud = np.full(BLOCK, 0.25, dtype=np.float32), np.full(BLOCK, 0.1, dtype=np.float32)
    assert canceller.process(near, silence(BLOCK)) is near
    assert counting.calls == 0
    assert not canceller.process(near, loud).any(), "awake in the block that is played"
    for _ in range(199):
        canceller.process(near, silence(BLOCK))
    assert (counting.calls, canceller.is_awake) == (200, True)
    assert canceller.process(near, silence(BLOCK)) is near
    assert (counting.calls, canceller.is_awake) == (200, False)


def test_without_both_packages_it_says_what_to_do(monkeypatch):
    for package in ("livekit", "aec_audio_processing"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DeviceError, match="pip install livekit"):
        load_processing()


def test_the_second_package_stands_in_for_the_first(monkeypatch):
    monkeypatch.setitem(sys.modules, "livekit", None)
    assert isinstance(load_processing(), CompactProcessing)
