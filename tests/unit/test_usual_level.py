"""How loud the user usually is, and who is too far away to be the user."""

from __future__ import annotations

from localvoice.turn.observations import Window
from localvoice.turn.usual_level import UsualLevel

VOICE = 0.9


def turn_at(level: UsualLevel, level_db: float, probability: float = VOICE) -> None:
    for count in range(20):
        level.hear(Window(count * 0.032, probability, level_db))
    level.turn_ended()


def is_far(level: UsualLevel, level_db: float) -> bool:
    return level.users(Window(9.0, VOICE, level_db), is_held=False).probability == 0.0


def test_nobody_is_far_before_the_user_has_spoken():
    assert not is_far(UsualLevel(), -80.0)


def test_a_voice_far_below_the_users_is_somebody_elses():
    level = UsualLevel()
    turn_at(level, -30.0)
    assert is_far(level, -41.0), "the stressed syllable of a television 15 dB lower"
    assert not is_far(level, -40.0)


def test_soft_edges_and_silence_say_nothing_about_the_user():
    level = UsualLevel()
    turn_at(level, -70.0, probability=0.6)
    turn_at(level, -30.0)
    assert is_far(level, -45.0)


def test_a_click_is_no_turn():
    level = UsualLevel()
    for count in range(3):
        level.hear(Window(count * 0.032, VOICE, -10.0))
    level.turn_ended()
    assert not is_far(level, -45.0)


def test_what_a_television_said_is_unlearned_with_the_next_word_of_the_user():
    level = UsualLevel()
    turn_at(level, -30.0)
    for _ in range(5):
        turn_at(level, -48.0)
    turn_at(level, -30.0)
    assert is_far(level, -47.0)


def test_who_raised_their_voice_is_no_stranger_when_they_speak_as_usual_again():
    level = UsualLevel()
    turn_at(level, -30.0)
    turn_at(level, -12.0)
    assert not is_far(level, -34.0)


def test_a_user_who_comes_nearer_is_followed():
    level = UsualLevel()
    turn_at(level, -30.0)
    for _ in range(5):
        turn_at(level, -12.0)
    assert is_far(level, -28.0)


def test_a_user_who_moves_away_is_followed():
    level = UsualLevel()
    turn_at(level, -30.0)
    for _ in range(10):
        turn_at(level, -39.0)
    assert not is_far(level, -46.0)


def test_a_soft_syllable_of_a_sound_that_was_noticed_is_the_users():
    level = UsualLevel()
    turn_at(level, -30.0)
    level.users(Window(9.0, VOICE, -30.0), is_held=False)
    assert level.users(Window(9.032, VOICE, -45.0), is_held=True).probability == VOICE


def test_beside_an_echo_nobody_is_far():
    level = UsualLevel()
    turn_at(level, -30.0)
    level.users(Window(9.0, VOICE, -60.0), is_held=False)
    assert level.users(Window(9.032, VOICE), is_held=False).probability == VOICE


def test_beside_a_television_a_voice_has_to_be_nearer_to_the_users():
    level = UsualLevel()
    turn_at(level, -30.0)
    window = Window(9.0, VOICE, -38.0)
    assert level.users(window, is_held=False).probability == VOICE
    assert level.users(window, is_held=False, beside_others=True).probability == 0.0


def test_a_sound_that_began_beside_our_own_voice_is_not_judged_by_what_is_heard_of_it_alone():
    level = UsualLevel()
    turn_at(level, -30.0)
    for level_db in (None, -45.0, -45.0):
        assert level.users(Window(9.0, VOICE, level_db), is_held=level_db is not None).probability == VOICE
    assert is_far(level, -45.0)
