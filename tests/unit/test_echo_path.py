"""What the echo path tells about itself."""

from __future__ import annotations

import numpy as np
import pytest

from localvoice.audio.block_work import PythonWork
from localvoice.audio.duplex import Block
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.room import Room, RoomSpec
from localvoice.audio.samples import SPEECH_RATE_HZ, silence


class Untouched:
    """A canceller that does nothing."""

    def process(self, near, far):
        return near

    def forget(self):
        """There is nothing to forget."""


def heard(path: EchoPath, delay_ms: float, seconds: float, seed: int, number: int = 0) -> None:
    random, room = np.random.default_rng(seed), Room(RoomSpec(delay_ms, -10.0))
    for _ in range(round(100 * seconds)):
        far = (0.1 * random.standard_normal(SPEECH_RATE_HZ // 100)).astype(np.float32)
        path.clean(Block(room.hear(silence(len(far)), far), far, number))


@pytest.fixture
def told() -> list[tuple[float, float]]:
    return []


@pytest.fixture
def path(told) -> EchoPath:
    path = EchoPath(PythonWork(Untouched(), Untouched()), 0.3)
    path.delay_jumped = lambda before_ms, after_ms: told.append((before_ms, after_ms))
    return path


def test_a_delay_that_jumps_is_told_once_with_both_values(path, told):
    heard(path, 60.0, 4.0, seed=1)
    assert told == []
    heard(path, 90.0, 5.0, seed=2)
    assert told == [(pytest.approx(60.0, abs=0.1), pytest.approx(90.0, abs=0.1))]


class Silent:
    """A detector that hears nobody."""

    name = "silent"

    def probability(self, window):
        return 0.0

    def reset(self) -> None:
        pass


def power(sound) -> float:
    return float(np.mean(np.square(sound)))


def test_a_sound_over_the_reply_is_judged_by_what_the_linear_model_leaves_once_it_knows_the_delay():
    path = EchoPath(PythonWork(Untouched(), Untouched()), 0.3, vad=Silent())
    room, random = Room(RoomSpec(60.0, -10.0)), np.random.default_rng(1)
    judged = []
    for _ in range(600):
        far = (0.1 * random.standard_normal(SPEECH_RATE_HZ // 100)).astype(np.float32)
        clean = path.clean(Block(room.hear(silence(len(far)), far), far))
        judged.append((power(clean.for_judging), power(clean.for_recognition)))
    assert all(left == with_echo for left, with_echo in judged[100:150])
    assert all(left < 0.01 * with_echo for left, with_echo in judged[-50:])


def test_another_device_is_no_jump(path, told):
    heard(path, 60.0, 4.0, seed=1)
    heard(path, 90.0, 5.0, seed=2, number=1)
    assert told == []


def test_while_nothing_is_played_the_clocks_go_on_running_apart(path):
    room, random = Room(RoomSpec(60.0, -10.0, drift_ppm=100.0)), np.random.default_rng(3)

    def hear(seconds: int, level: float) -> None:
        for _ in range(100 * seconds):
            far = (level * random.standard_normal(SPEECH_RATE_HZ // 100)).astype(np.float32)
            path.clean(Block(room.hear(silence(len(far)), far), far))

    hear(8, 0.1)
    before = path.alignment.place
    hear(20, 0.0)
    assert path.alignment.place - before == pytest.approx(20 * SPEECH_RATE_HZ * 100e-6, abs=2.0)
    hear(1, 0.1)
    assert path.alignment.jumps == 0


class Loud(Silent):
    """A detector that takes whatever is loud for a voice."""

    def probability(self, window):
        return 0.95 if power(window) > 1e-4 else 0.0


def test_a_user_who_turns_the_microphone_off_in_a_word_is_not_heard_any_more():
    path = EchoPath(PythonWork(Untouched(), Untouched()), 0.3, vad=Loud())
    room, random = Room(RoomSpec(60.0, -20.0)), np.random.default_rng(1)
    users = []
    for block in range(800):
        far, said = (0.1 * random.standard_normal((2, SPEECH_RATE_HZ // 100))).astype(np.float32)
        near = room.hear(said if block >= 700 else silence(len(far)), far)
        is_muted = block >= 730
        path.clean(Block(silence(len(far)) if is_muted else near, far, 0, is_muted))
        if block % 3 == 0:
            users.append(path.users(0.0 if is_muted else 0.2))
    assert max(users[-100:-33]) < 0.3
    assert max(users[-33:-24]) >= 0.3
    assert max(users[-22:]) < 0.3
