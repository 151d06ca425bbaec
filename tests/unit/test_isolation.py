"""Whether our own voice comes back to the microphone at all."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.block_work import PythonWork
from localvoice.audio.duplex import Block
from localvoice.audio.duplex_mode import BARS
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.isolation import Isolation
from localvoice.audio.own_voice import Bars
from localvoice.audio.samples import Samples, silence

RANDOM = np.random.default_rng(11)
SPEAKS, SILENT = -20.0, None


def noise(level_db: float | None) -> Samples:
    if level_db is None:
        return silence(160)
    return (RANDOM.standard_normal(160) * 10 ** (level_db / 20)).astype(np.float32)


def feed(isolation: Isolation, seconds: float, near_db: float | None, far_db: float | None) -> None:
    for _ in range(round(seconds * 100)):
        isolation.feed(noise(near_db), noise(far_db), is_audible=far_db is not None)


@pytest.mark.parametrize("room_db", [None, -70.0, -50.0])
def test_a_microphone_that_stays_quiet_under_our_voice_is_isolated(room_db):
    isolation = Isolation()
    feed(isolation, 1.0, room_db, SILENT)
    feed(isolation, 1.1, room_db, SPEAKS)
    assert not isolation.holds
    feed(isolation, 0.2, room_db, SPEAKS)
    assert isolation.holds


@pytest.mark.parametrize("echo_db", [-60.0, -40.0, -20.0])
def test_an_echo_that_comes_back_late_is_one(echo_db):
    isolation = Isolation()
    feed(isolation, 1.0, -70.0, SILENT)
    feed(isolation, 0.7, -70.0, SPEAKS)
    feed(isolation, 10.0, echo_db, SPEAKS)
    assert not isolation.holds


@pytest.mark.parametrize(("room_db", "holds"), [(-60.0, True), (-52.0, False)])
def test_what_the_room_is_like_is_learned_in_a_rest(room_db: float, *, holds: bool):
    isolation = Isolation()
    for _ in range(10):
        isolation.rest(np.concatenate([noise(-60.0) for _ in range(32)]))
    feed(isolation, 1.4, room_db, SPEAKS)
    assert isolation.holds == holds


def test_without_a_silence_before_our_voice_nothing_is_known():
    isolation = Isolation()
    feed(isolation, 10.0, -40.0, SPEAKS)
    assert not isolation.holds


def test_a_user_who_begins_to_talk_into_a_headset_does_not_end_it():
    isolation = Isolation()
    feed(isolation, 1.0, -70.0, SILENT)
    feed(isolation, 1.5, -70.0, SPEAKS)
    for _ in range(5):
        feed(isolation, 0.15, -30.0, SPEAKS)
        feed(isolation, 1.0, -30.0, SILENT)
        feed(isolation, 2.0, -70.0, SPEAKS)
    assert isolation.holds


def test_what_goes_on_under_our_voice_is_an_echo():
    isolation = Isolation()
    feed(isolation, 1.0, -70.0, SILENT)
    feed(isolation, 1.5, -70.0, SPEAKS)
    for _ in range(20):
        feed(isolation, 0.05, -50.0, SPEAKS)
        feed(isolation, 0.05, -70.0, SPEAKS)
    assert not isolation.holds


class Deafening:
    """A canceller that takes everything away."""

    def process(self, near, far):
        return np.zeros_like(near)

    def forget(self):
        """There is nothing to forget."""


def headset(bars: Bars | None = None) -> EchoPath:
    """After a second of quiet and one and a half of our own voice, none of which came back."""
    path = EchoPath(PythonWork(Deafening(), Deafening()), 0.3, bars or Bars())
    for far_db in [SILENT] * 100 + [SPEAKS] * 150:
        path.clean(Block(noise(-70.0), noise(far_db)))
    return path


def test_with_headphones_the_user_is_heard_as_the_microphone_hears_them():
    path = headset()
    assert path.is_isolated
    user = noise(-25.0)
    clean = path.clean(Block(user, noise(SPEAKS)))
    assert clean.for_detection is user
    assert clean.for_recognition is user
    assert path.users(0.4) == 0.4


def test_other_devices_are_canceled_again():
    path = headset()
    clean = path.clean(Block(noise(-25.0), noise(SPEAKS), path=1))
    assert not clean.for_detection.any()
    assert path.users(0.4) < 0.3


def test_half_duplex_stays_half_with_headphones():
    path = headset(BARS["half"])
    assert path.is_isolated
    assert path.users(0.95) < 0.3
