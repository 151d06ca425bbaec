"""How loud the user usually is, and who is too far away to be the user."""

from __future__ import annotations

from localvoice.turn.observations import Window
from localvoice.turn.usual_level import UsualLevel


def turn_at(level: UsualLevel, level_db: float, probability: float = 0.9) -> None:
    for count in range(20):
        level.hear(Window(count * 0.032, probability, level_db))
    level.turn_ended()


def test_nobody_is_far_before_the_user_has_spoken():
    assert not UsualLevel().is_far(-80.0)


def test_a_voice_far_below_the_users_is_somebody_elses():
    level = UsualLevel()
    turn_at(level, -30.0)
    assert level.is_far(-45.0)
    assert not level.is_far(-38.0)
    assert not level.is_far(None)


def test_soft_edges_and_silence_say_nothing_about_the_user():
    level = UsualLevel()
    turn_at(level, -70.0, probability=0.6)
    turn_at(level, -30.0)
    assert level.is_far(-45.0)


def test_a_click_is_no_turn():
    level = UsualLevel()
    for count in range(3):
        level.hear(Window(count * 0.032, 0.9, -10.0))
    level.turn_ended()
    assert not level.is_far(-45.0)


def test_what_a_television_said_is_unlearned_with_the_next_word_of_the_user():
    level = UsualLevel()
    turn_at(level, -30.0)
    for _ in range(5):
        turn_at(level, -48.0)
    turn_at(level, -30.0)
    assert level.is_far(-46.0)


def test_a_user_who_moves_away_is_followed():
    level = UsualLevel()
    turn_at(level, -30.0)
    for _ in range(10):
        turn_at(level, -39.0)
    assert not level.is_far(-46.0)
