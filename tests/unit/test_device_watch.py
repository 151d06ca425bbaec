"""When a device counts as lost, and a microphone as silenced."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from localvoice.audio.device_watch import LOOK_S, STALLED_AFTER_S, Numbness, Pulse, Stalls, numb_microphone, pauses

RATE_HZ = 48_000


def looked_at(pulse: Pulse, numbers: list[float], start_s: float = 100.0) -> list[bool]:
    return [pulse.has_stopped(number, start_s + at * LOOK_S) for at, number in enumerate(numbers)]


def test_a_device_that_runs_is_never_lost() -> None:
    assert not any(looked_at(Pulse(), [float(block) for block in range(100)]))


def test_a_pulse_that_stands_still_is_a_loss_after_three_looks() -> None:
    pulse = Pulse()
    assert looked_at(pulse, [1.0, 2.0, 2.0, 2.0, 2.0, 2.0]) == [False] * 4 + [True] * 2
    assert pulse.alive_s == pytest.approx(100.0 + LOOK_S)


def test_a_hiccup_is_no_loss() -> None:
    assert not any(looked_at(Pulse(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0]))


def test_one_look_without_a_block_says_that_it_stands_still() -> None:
    pulse = Pulse()
    for look, (number, is_still) in enumerate([(1.0, False), (2.0, False), (2.0, True), (3.0, False)]):
        pulse.has_stopped(number, 100.0 + look)
        assert pulse.is_still == is_still


def test_a_program_that_was_stopped_itself_does_not_blame_the_device() -> None:
    pulse = Pulse()
    looked_at(pulse, [1.0, 2.0])
    assert not pulse.has_stopped(2.0, 160.0), "one look after a minute of sleep proves nothing"
    assert not pulse.has_stopped(3.0, 160.1)
    assert not pulse.has_stopped(3.0, 160.2)


def test_a_device_that_never_begins_is_lost_too() -> None:
    assert sum(looked_at(Pulse(), [0.0] * 10)) > 10 - 2 - STALLED_AFTER_S / LOOK_S


def test_a_device_that_stands_still_again_within_a_minute_has_longer() -> None:
    stalls = Stalls()
    allowed = []
    for now_s in (100.0, 110.0, 120.0, 130.0):
        allowed.append(stalls.allowed_s(now_s))
        stalls.add(now_s)
    assert allowed == [STALLED_AFTER_S, 2 * STALLED_AFTER_S, 0.9, 0.9]
    assert stalls.allowed_s(189.0) == 0.9
    assert stalls.allowed_s(191.0) == STALLED_AFTER_S, "a calm minute"


def test_a_pulse_may_have_longer() -> None:
    assert not any(looked_at(Pulse(0.9), [1.0] + [2.0] * 9))
    assert looked_at(Pulse(0.9), [1.0] + [2.0] * 11)[-1]


def test_tries_grow_apart_and_stay_close_enough_for_two_seconds() -> None:
    waits = list(islice(pauses(), 60))
    assert waits == sorted(waits)
    assert 0 < waits[0] < waits[-1] < 1.0


def zeros(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def test_only_zeros_for_five_seconds_are_told_once() -> None:
    numbness = Numbness()
    found = [numbness.is_found(zeros(0.5), RATE_HZ) for _ in range(20)]
    assert found.index(True) == 9
    assert sum(found) == 1


def test_one_sample_of_noise_is_a_microphone() -> None:
    numbness = Numbness()
    hiss = zeros(0.01)
    hiss[7] = 1e-5
    assert not numbness.is_found(hiss, RATE_HZ)
    assert not any(numbness.is_found(zeros(1.0), RATE_HZ) for _ in range(20)), "muted later, by its owner"


@pytest.mark.parametrize(
    ("platform", "advice"), [("darwin", "Privacy & Security"), ("win32", "desktop apps"), ("linux", "unmute")]
)
def test_the_remedy_is_the_platforms(platform: str, advice: str) -> None:
    message = numb_microphone("Mikrofön", platform)
    assert '"Mikrofön"' in message
    assert advice in message
    assert "--input" in message
