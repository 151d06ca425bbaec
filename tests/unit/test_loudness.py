"""How loud the end of a turn is against the rest of it."""

from __future__ import annotations

from itertools import count

import pytest

from localvoice.turn.loudness import LOUDEST_DB, Loudness
from localvoice.turn.observations import Window
from localvoice.turn.speech_gate import WINDOW_S

VOICE = 0.95
STRESSED_DB, SOFT_DB = -25.0, -35.0


class Microphone:
    """Windows one after another."""

    def __init__(self) -> None:
        self.loudness = Loudness()
        self._numbers = count(1)
        self.now_s = 0.0

    def hear(self, seconds: float, level_db: float | None, probability: float = VOICE) -> None:
        for _ in range(round(seconds / WINDOW_S)):
            self.now_s = next(self._numbers) * WINDOW_S
            self.loudness.hear(Window(self.now_s, probability, level_db))

    def speak(self, seconds: float) -> None:
        """Every fourth window is stressed."""
        for _ in range(round(seconds / WINDOW_S / 4)):
            self.hear(WINDOW_S, STRESSED_DB)
            self.hear(3 * WINDOW_S, SOFT_DB)

    def asked(self, began_s: float = 0.0) -> float | None:
        return self.loudness.at_pause(began_s, self.now_s)


@pytest.fixture
def heard() -> Microphone:
    return Microphone()


def test_who_goes_on_as_loud_as_before_has_not_faded(heard):
    heard.speak(3.0)
    assert heard.asked() == pytest.approx(0.0)


def test_who_ends_softer_than_the_stressed_syllables_has_faded(heard):
    heard.speak(3.0)
    heard.hear(0.55, STRESSED_DB - 4.0)
    assert heard.asked() == pytest.approx(-4.0)


def test_half_a_second_is_listened_to_so_that_the_last_stressed_syllable_is_among_it(heard):
    heard.speak(3.0)
    heard.hear(0.3, SOFT_DB)
    assert heard.asked() == pytest.approx(0.0)


def test_what_was_said_before_the_turn_does_not_count(heard):
    heard.hear(1.0, -10.0)
    began_s = heard.now_s
    heard.speak(3.0)
    assert heard.asked(began_s) == pytest.approx(0.0)


def test_the_silence_since_the_end_of_speech_does_not_count(heard):
    heard.speak(3.0)
    ended_s = heard.now_s
    heard.hear(0.1, -10.0, probability=0.1)
    assert heard.loudness.at_pause(0.0, ended_s) == pytest.approx(0.0)


def test_soft_edges_of_words_are_not_what_the_end_is_compared_with(heard):
    heard.hear(2.0, -60.0, probability=0.6)
    heard.speak(3.0)
    assert heard.asked() == pytest.approx(0.0)


@pytest.mark.parametrize(("last_db", "told_db"), [(-90.0, -LOUDEST_DB), (0.0, LOUDEST_DB)])
def test_it_counts_no_further_than_its_bound(heard, last_db, told_db):
    heard.speak(3.0)
    heard.hear(0.55, last_db, probability=0.7)
    assert heard.asked() == told_db


def test_where_our_own_voice_may_be_among_it_nothing_is_known(heard):
    heard.speak(1.0)
    heard.hear(WINDOW_S, None)
    heard.speak(2.0)
    assert heard.asked() is None


def test_of_a_sound_without_voice_nothing_is_known(heard):
    heard.hear(3.0, STRESSED_DB, probability=0.6)
    heard.hear(3 * WINDOW_S, STRESSED_DB)
    assert heard.asked() is None
