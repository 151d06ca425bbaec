"""When samples sound, reckoned from late looks at what the device has taken."""

from __future__ import annotations

import pytest

from localvoice.audio.playout import Playout

RATE_HZ = 1000
LATENCY_S = 0.05


@pytest.fixture
def playout() -> Playout:
    """A reply whose first sample was taken at 10.0 s, in blocks of 10 ms, looked at a little late."""
    playout = Playout(RATE_HZ)
    playout.start(0, LATENCY_S)
    for taken, late_s in ((10, 0.009), (20, 0.001), (30, 0.004), (40, 0.007)):
        playout.look(taken, 10.0 + taken / RATE_HZ + late_s)
    return playout


def test_a_sample_sounds_the_latency_after_it_was_taken(playout: Playout) -> None:
    assert playout.when(0) == pytest.approx(10.051)
    assert playout.when(39) == pytest.approx(10.090)


def test_a_sample_not_taken_has_no_time(playout: Playout) -> None:
    assert playout.when(40) is None
    assert Playout(RATE_HZ).when(0) is None


def test_nothing_has_sounded_before_the_latency_and_no_more_than_was_taken_after(playout: Playout) -> None:
    assert playout.sounded(10.04) == 0
    assert playout.sounded(10.0615) == 11
    assert playout.sounded(11.0) == 40


def test_what_has_sounded_never_becomes_less(playout: Playout) -> None:
    assert playout.sounded(10.0615) == 11
    for taken in range(50, 500, 10):
        playout.look(taken, 10.1 + taken / RATE_HZ)  # a gap of 100 ms: later samples sound later than reckoned
    assert playout.sounded(10.062) == 11
    assert playout.when(489) == pytest.approx(10.1 + 0.489 + LATENCY_S)


def test_a_look_at_a_standing_device_changes_nothing(playout: Playout) -> None:
    playout.look(40, 12.0)
    assert playout.when(39) == pytest.approx(10.090)


def test_after_a_pause_the_rest_sounds_later_and_the_beginning_when_it_did(playout: Playout) -> None:
    playout.start(40, LATENCY_S)
    assert playout.sounded(10.0615) == 11
    assert playout.sounded(12.0) == 40
    playout.look(50, 13.01)
    assert playout.when(45) == pytest.approx(13.0 + 0.005 + LATENCY_S)
    assert playout.when(39) == pytest.approx(10.090)
    assert playout.sounded(13.01) == 40


def test_going_back_forgets_what_was_played_from_there(playout: Playout) -> None:
    assert playout.sounded(11.0) == 40
    playout.start(20, LATENCY_S)
    assert playout.sounded(11.0) == 20
    assert playout.when(25) is None
    playout.look(30, 12.01)
    assert playout.when(25) == pytest.approx(12.0 + 0.005 + LATENCY_S)


def test_a_device_of_another_latency_is_believed_from_there_on(playout: Playout) -> None:
    playout.start(40, 0.2)
    playout.look(50, 13.01)
    assert playout.when(45) == pytest.approx(13.0 + 0.005 + 0.2)
    assert playout.when(39) == pytest.approx(10.090)


def test_a_lost_device_keeps_to_itself_what_it_had_taken_and_not_yet_played(playout: Playout) -> None:
    playout.look(200, 10.201)
    assert playout.sounded_at_loss(10.1, was_taking=False) == pytest.approx(200 - 50, abs=2)
    ran_empty_s = 10.221  # and lived on
    assert playout.sounded_at_loss(ran_empty_s, was_taking=False) == pytest.approx(200 - 30, abs=2)
    assert playout.sounded_at_loss(11.0, was_taking=False) == 200


def test_a_device_that_took_no_more_of_a_reply_was_dead_whatever_a_later_look_says(playout: Playout) -> None:
    playout.look(200, 10.201)
    assert playout.sounded_at_loss(10.3, was_taking=True) == pytest.approx(200 - 50, abs=2)


def test_nothing_sounded_on_a_device_that_was_lost_before_it_began() -> None:
    playout = Playout(RATE_HZ)
    playout.start(0, LATENCY_S)
    assert playout.sounded_at_loss(10.0, was_taking=False) == 0
    playout.look(30, 10.0)
    assert playout.sounded_at_loss(10.0, was_taking=False) == 0
