"""Replies that move to another loudspeaker: real callbacks without a device, a counter as signal."""

from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np
import pytest

from localvoice.audio.block_work import PythonWork
from localvoice.audio.duplex import Block
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.lasting_loudspeaker import LastingFarEnd, LastingLoudspeaker
from localvoice.audio.native_rings import FarSound, ReplyRing
from localvoice.audio.rate_bridge import BridgedLoudspeaker, at_rate
from localvoice.errors import DeviceError
from tests.unit.callback_rig import EDGE, RATE_HZ, Playback, numbered, ones

LONG = RATE_HZ
"""Frames of the test's reply."""


class Speaker:
    """A loudspeaker on our own callback, whose blocks the test asks for."""

    path = "native"
    name = "speaker"
    block_s = 0.01
    latency_s = 0.05
    has_gain = True
    is_active = True

    def __init__(self, rate_hz: int = RATE_HZ) -> None:
        self.rate_hz = rate_hz
        self.playback = Playback()
        self.played: FarSound | None = FarSound(self.playback.played, rate_hz)
        self.xruns = 1
        self.is_playing = False

    @property
    def pulse(self) -> float:
        return int(self.playback.state.done)

    def new_ring(self) -> ReplyRing:
        return ReplyRing(self.playback.library, self.rate_hz)

    def play(self, ring: ReplyRing) -> None:
        self.is_playing = True
        if ring.is_stopped:
            self.playback.level(ring, 1.0)
        ring.is_stopped = False
        self.playback.want(ring)

    def stop(self, ring: ReplyRing) -> int:
        ring.is_stopped = True
        return self.playback.hold(ring)

    def level(self, ring: ReplyRing, gain: float, ramp_s: float) -> None:
        self.playback.level(ring, gain, round(ramp_s * self.rate_hz))

    def render(self, blocks: int) -> np.ndarray:
        return np.concatenate([self.playback.render(self.rate_hz // 100) for _ in range(blocks)])

    def check(self) -> None: ...

    def gone(self) -> Exception:
        return DeviceError("gone")

    def start_closing(self) -> Thread:
        raise NotImplementedError

    def close(self) -> None: ...

    def follow(self, *_: Any) -> None: ...


class Devices:
    """One loudspeaker at a time."""

    alive_s = 7.0

    def __init__(self) -> None:
        self.loudspeaker: Any = Speaker()
        self.closed = 0

    def check(self) -> None:
        if self.loudspeaker is None:
            raise DeviceError("nothing is there")

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def devices() -> Devices:
    return Devices()


@pytest.fixture
def lasting(devices: Devices) -> LastingLoudspeaker:
    return LastingLoudspeaker(devices, devices.loudspeaker)


def lose(devices: Devices, lasting: LastingLoudspeaker, ring: Any, heard: int) -> None:
    """The device goes; `heard` frames had sounded."""
    devices.loudspeaker = None
    lasting.follow(ring, lambda alive_s: heard if alive_s == Devices.alive_s else -1)


def find(devices: Devices, lasting: LastingLoudspeaker, ring: Any, speaker: Any = None) -> Speaker:
    """Another device comes."""
    devices.loudspeaker = speaker or Speaker()
    lasting.follow(ring, lambda _: -1)
    return devices.loudspeaker


def playing(lasting: LastingLoudspeaker) -> Any:
    ring = lasting.new_ring()
    ring.append(numbered(LONG))
    lasting.play(ring)
    return ring


def test_a_reply_goes_on_where_it_was_heard_last(devices: Devices, lasting: LastingLoudspeaker) -> None:
    first, ring = devices.loudspeaker, playing(lasting)
    first.render(10)
    lose(devices, lasting, ring, 1000)
    assert not lasting.is_playing
    assert (ring.taken, ring.unread, ring.written) == (1000, LONG - 1000, LONG)
    second = find(devices, lasting, ring)
    assert not lasting.is_playing, "whoever watches the reply starts it"
    lasting.play(ring)
    sound = second.render(20)
    assert np.array_equal(sound[EDGE:], numbered(len(sound) - EDGE, 1000 + EDGE))
    assert (sound[:EDGE] <= numbered(EDGE, 1000)).all(), "it fades in"
    assert ring.taken == 1000 + len(sound)


def test_the_lost_device_says_nothing_more_when_it_comes_back(devices: Devices, lasting: LastingLoudspeaker) -> None:
    first, ring = devices.loudspeaker, playing(lasting)
    first.render(10)
    lose(devices, lasting, ring, 1000)
    assert not first.render(5)[EDGE:].any()


def test_what_is_written_meanwhile_follows_and_the_whole_reply_can_be_gone_back_into(
    devices: Devices, lasting: LastingLoudspeaker
) -> None:
    first, ring = devices.loudspeaker, playing(lasting)
    first.render(60)
    lose(devices, lasting, ring, 9000)
    ring.append(numbered(500, LONG))
    ring.expect(more=False)
    second = find(devices, lasting, ring)
    assert ring.inner.state.expects == second.playback.lib.LV_COMPLETE, "running empty is no underrun"
    ring.append(numbered(500, LONG + 500))
    assert ring.written == LONG + 1000
    lasting.stop(ring)
    ring = ring.rewound(8000)
    lasting.play(ring)
    sound = second.render(60)
    assert np.array_equal(sound[EDGE:9000], numbered(9000 - EDGE, 8000 + EDGE))
    assert ring.unread == 0


def test_a_held_reply_stays_silent_on_the_next_device(devices: Devices, lasting: LastingLoudspeaker) -> None:
    first, ring = devices.loudspeaker, playing(lasting)
    first.render(10)
    frame = lasting.stop(ring)
    first.render(2)
    lose(devices, lasting, ring, frame)
    assert lasting.stop(ring) == frame
    second = find(devices, lasting, ring)
    assert not second.render(5).any()
    lasting.play(ring)
    assert np.array_equal(second.render(5)[EDGE:], numbered(5 * 160 - EDGE, frame + EDGE))


def test_a_second_loss_counts_on(devices: Devices, lasting: LastingLoudspeaker) -> None:
    ring = playing(lasting)
    devices.loudspeaker.render(10)
    for heard in (1000, 2000, 3000):
        lose(devices, lasting, ring, heard)
        speaker = find(devices, lasting, ring)
        lasting.play(ring)
        sound = speaker.render(10)
        assert np.array_equal(sound[EDGE:], numbered(1600 - EDGE, heard + EDGE))
    assert lasting.xruns == 4


def test_a_change_that_was_never_noticed_as_a_loss_is_one(devices: Devices, lasting: LastingLoudspeaker) -> None:
    first, ring = devices.loudspeaker, playing(lasting)
    first.render(10)
    devices.loudspeaker = Speaker()
    lasting.follow(ring, lambda _: 700)
    assert ring.taken == 700


def test_a_lowered_reply_is_lowered_on_the_next_device(devices: Devices, lasting: LastingLoudspeaker) -> None:
    ring = lasting.new_ring()
    ring.append(ones(LONG))
    lasting.play(ring)
    lasting.level(ring, 0.1, 0.005)
    devices.loudspeaker.render(10)
    lose(devices, lasting, ring, 1000)
    second = find(devices, lasting, ring)
    lasting.play(ring)
    assert second.render(5)[-100:] == pytest.approx(0.1)


def test_a_reply_that_begins_while_nothing_is_there_waits_for_a_device(
    devices: Devices, lasting: LastingLoudspeaker
) -> None:
    devices.loudspeaker = None
    ring = lasting.new_ring()
    ring.append(numbered(LONG))
    lasting.play(ring)
    assert ring.taken == 0
    with pytest.raises(DeviceError, match="nothing is there"):
        lasting.check()
    speaker = find(devices, lasting, ring)
    lasting.play(ring)
    assert np.array_equal(speaker.render(5)[EDGE:], numbered(800 - EDGE, EDGE))


def test_a_new_reply_has_nothing_of_the_old_one(devices: Devices, lasting: LastingLoudspeaker) -> None:
    ring = playing(lasting)
    devices.loudspeaker.render(10)
    lose(devices, lasting, ring, 1000)
    devices.loudspeaker = Speaker()
    fresh = lasting.new_ring()
    lasting.follow(fresh, lambda _: -1)
    fresh.append(ones(1600))
    lasting.play(fresh)
    assert np.array_equal(devices.loudspeaker.render(10), ones(1600))


@pytest.mark.parametrize("device_hz", [8_000, 44_100, 48_000])
def test_a_device_that_insists_on_another_rate_plays_the_rest_in_time(
    devices: Devices, lasting: LastingLoudspeaker, device_hz: int
) -> None:
    first, ring = devices.loudspeaker, lasting.new_ring()
    tone = np.sin(2 * np.pi * 500 / RATE_HZ * np.arange(LONG)).astype(np.float32)
    ring.append(tone)
    lasting.play(ring)
    first.render(30)
    lose(devices, lasting, ring, 4000)
    inner = Speaker(device_hz)
    find(devices, lasting, ring, at_rate(inner, RATE_HZ))
    lasting.play(ring)
    sound = inner.render(90)
    assert ring.taken == ring.written == LONG, "positions are the reply's own"
    heard = np.flatnonzero(np.abs(sound) > 0.01)
    assert (heard[-1] - heard[0]) / device_hz == pytest.approx((LONG - 4000) / RATE_HZ, abs=0.005)
    middle = sound[len(sound) // 4 : len(sound) // 2]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * device_hz / len(middle) == pytest.approx(500, abs=5)


def test_at_its_own_rate_nothing_stands_between() -> None:
    speaker: Any = Speaker()
    assert at_rate(speaker, RATE_HZ) is speaker


def test_a_bridged_reply_takes_more_than_the_ring_holds_in_parts() -> None:
    ring = BridgedLoudspeaker(Speaker(8_000), RATE_HZ).new_ring()
    first = ring.append(ones(60 * RATE_HZ))
    assert 20 * RATE_HZ < first < 30 * RATE_HZ
    assert ring.append(ones(RATE_HZ)) == 0


class Silent:
    def process(self, near: Any, far: Any) -> Any:
        return near

    def forget(self) -> None:
        """There is nothing to forget."""


def test_the_far_end_follows_and_the_canceller_begins_anew(devices: Devices, lasting: LastingLoudspeaker) -> None:
    far_end = LastingFarEnd(devices, devices.loudspeaker.played)
    path = EchoPath(PythonWork(Silent(), Silent()), 0.3)

    def hear() -> np.ndarray:
        far = far_end.advance()
        path.clean(Block(ones(160), far, far_end.path))
        return far

    ring = lasting.new_ring()
    ring.append(ones(LONG))
    lasting.play(ring)
    for _ in range(4 * 100):
        devices.loudspeaker.render(1)
        ring.append(ones(160))
        far = hear()
    assert far.mean() > 0.9
    assert not path.own_voice.is_cold
    lose(devices, lasting, ring, 1000)
    assert not hear().any()
    assert len(hear()) == 160
    find(devices, lasting, ring)
    assert len(hear()) == 160
    assert path.own_voice.is_cold, "another path"
    assert path.alignment.delay is None


def test_closing_it_closes_the_devices(devices: Devices, lasting: LastingLoudspeaker) -> None:
    lasting.close()
    assert devices.closed == 1
