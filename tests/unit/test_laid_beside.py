"""Laying what was played beside the reply spoken alone: what is lost or foreign is noticed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.turns.laid_beside import Alone, stretches

RATE_HZ = 16_000
EDGE = 80


@pytest.fixture
def reply() -> Alone:
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, 3 * RATE_HZ).astype(np.float32)
    return Alone(sound, RATE_HZ, [0.5, 1.0, 1.5, 2.0])


def paused(reply: Alone, at_s: float, goes_on_s: float, quiet_s: float = 0.4) -> np.ndarray:
    """The reply held at one place, and going on at another, with ramps as the player has them."""
    samples, at, on = reply.samples, round(at_s * RATE_HZ), round(goes_on_s * RATE_HZ)
    ramp = np.linspace(1.0, 0.0, EDGE, dtype=np.float32)
    rest = samples[on:].copy()
    rest[:EDGE] *= ramp[::-1]
    silence = np.zeros(round(quiet_s * RATE_HZ), np.float32)
    return np.concatenate((samples[:at], samples[at : at + EDGE] * ramp, silence, rest))


def lost_s(reply: Alone, played: np.ndarray) -> float:
    """The most that lies between two stretches."""
    found = list(stretches(played, reply, 0, len(played)))
    return max((after.place - before.ends) / RATE_HZ for before, after in pairwise(found))


def test_a_reply_that_goes_back_to_a_words_edge_has_lost_nothing(reply):
    assert lost_s(reply, paused(reply, 1.2, 1.0)) < 0
    assert lost_s(reply, paused(reply, 1.2, 1.2 + EDGE / RATE_HZ)) <= 0.014, "the ramps"


def test_what_is_left_out_is_noticed(reply):
    assert lost_s(reply, paused(reply, 1.2, 1.3)) == pytest.approx(0.1, abs=0.01)


def test_another_sound_is_no_part_of_the_reply(reply):
    played = paused(reply, 1.2, 1.0)
    played[-RATE_HZ:] *= np.float32(0.9)
    played[round(1.7 * RATE_HZ) :] += np.float32(0.01)
    with pytest.raises(LookupError):
        list(stretches(played, reply, 0, len(played)))


def test_a_word_counts_with_its_last_sample(reply):
    assert reply.words_until(round(0.9 * RATE_HZ)) == (1, 1)
    assert reply.words_until(round(0.996 * RATE_HZ)) == (1, 2), "within the ramp"
    assert reply.words_until(round(1.01 * RATE_HZ)) == (2, 2)
