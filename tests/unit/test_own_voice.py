"""What a probability counts for while our own voice may be in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from localvoice.audio.alignment import Alignment
from localvoice.audio.linear_branch import Hint
from localvoice.audio.own_voice import Bars, OwnVoice
from localvoice.audio.samples import silence

QUIET = silence(160)
LOUD = np.full(160, 0.1, dtype=np.float32)
NOTICED_FROM = 0.3
BARS = Bars(warm=0.5, cold=0.8)


def found() -> Alignment:
    """Our voice comes back after 10 ms."""
    alignment = Alignment()
    alignment.delay = 160
    return alignment


def played(seconds: float, alignment: Alignment | None = None) -> OwnVoice:
    voice = OwnVoice(NOTICED_FROM, alignment or found(), BARS)
    play(voice, seconds)
    return voice


def play(voice: OwnVoice, seconds: float, block=LOUD) -> None:
    for _ in range(round(seconds * 100)):
        voice.play(block)


@pytest.mark.parametrize("probability", [0.0, 0.25, 0.3, 0.9, 1.0])
def test_in_silence_nothing_is_changed(probability):
    assert played(0.0).users(probability) == probability


@pytest.mark.parametrize(("seconds", "bar"), [(1.0, BARS.cold), (3.1, BARS.warm)])
def test_while_we_speak_the_bar_takes_the_threshold_s_place(seconds, bar):
    voice = played(seconds)
    assert voice.users(bar) == pytest.approx(NOTICED_FROM)
    assert voice.users(bar - 0.01) < NOTICED_FROM < voice.users(bar + 0.01)


def hear(voice: OwnVoice, *probabilities: float) -> float:
    return [voice.users(probability) for probability in probabilities][-1]


def test_a_sound_that_comes_again_over_an_unknown_path_has_to_be_surer_each_time():
    voice = played(1.0)
    voice.bars = Bars(warm=0.5, cold=0.65)
    for bar in (0.65, 0.75, 0.85):
        assert hear(voice, bar - 0.01) < NOTICED_FROM < hear(voice, bar + 0.01)
        hear(voice, *[0.5] * 4)
    play(voice, 1.1)
    assert hear(voice, 0.89) < NOTICED_FROM < hear(voice, 0.91)
    play(voice, 3.0)
    assert voice.users(0.5) == pytest.approx(NOTICED_FROM), "a path that is known begins at its own bar"


def test_after_three_sounds_over_an_unknown_path_we_speak_on_for_a_second_so_that_it_is_learnt():
    voice = played(0.5)
    for _ in range(3):
        assert hear(voice, 0.95) > NOTICED_FROM
        hear(voice, *[0.5] * 4)
    play(voice, 0.9)
    play(voice, 5.0, QUIET)
    play(voice, 0.05)
    assert hear(voice, 1.0) < NOTICED_FROM
    play(voice, 0.1)
    assert hear(voice, 0.95) > NOTICED_FROM


def test_a_short_dip_is_no_second_sound():
    voice = played(1.0)
    assert hear(voice, 0.85, 0.5, 0.5, 0.5, 0.85) > NOTICED_FROM


def test_judging_keeps_the_order_and_both_ends():
    voice = played(1.0)
    judged = [voice.users(probability) for probability in np.linspace(0, 1, 51)]
    assert judged == sorted(judged)
    assert (judged[0], judged[-1]) == (0.0, 1.0)


def test_after_the_echo_has_died_away_nothing_is_changed():
    alignment = Alignment()
    alignment.delay = 1600
    voice = played(1.0, alignment)
    play(voice, 0.38, QUIET)
    assert voice.users(0.2) < 0.15
    play(voice, 0.03, QUIET)
    assert voice.users(0.2) == 0.2


def test_an_unknown_path_is_waited_for_longer():
    voice = played(1.0, Alignment())
    play(voice, 0.5, QUIET)
    assert voice.users(0.5) < NOTICED_FROM


def test_silence_does_not_warm():
    voice = played(2.0)
    play(voice, 5.0, QUIET)
    assert voice.is_cold


def test_another_path_is_cold_again():
    alignment = Alignment()
    voice = played(4.0, alignment)
    assert not voice.is_cold
    alignment.jumps += 1
    play(voice, 0.01)
    assert voice.is_cold
    play(voice, 3.1)
    assert not voice.is_cold


def test_a_threshold_above_the_bar_is_kept():
    voice = OwnVoice(0.9, found(), BARS)
    play(voice, 1.0)
    assert voice.users(0.7) == pytest.approx(0.7)


def test_a_bar_of_one_lets_nothing_through():
    voice = OwnVoice(NOTICED_FROM, found(), Bars(1.0, 1.0))
    play(voice, 1.0)
    assert voice.users(0.99) < NOTICED_FROM
    assert voice.users(1.0) == 1.0


USER = Hint(voice=0.95, excess=0.8, against_usual=3.0, loudness=0.3)
ECHO = Hint(voice=0.05, excess=0.05, against_usual=0.5, loudness=0.3)


def listened(voice: OwnVoice, windows: int, probability: float, hint: Hint | None) -> list[float]:
    """While we speak."""
    judged = []
    for _ in range(windows):
        play(voice, 0.03)
        judged.append(voice.users(probability, hint))
    return judged


def test_a_hint_notices_a_user_whom_the_canceller_hides():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 1.0)
    assert voice.users(0.1, USER) < NOTICED_FROM, "not yet known to the linear branch"
    play(voice, 2.0)
    assert voice.users(0.1, ECHO) < NOTICED_FROM
    assert voice.users(0.1, USER) >= NOTICED_FROM


@pytest.mark.parametrize(("seconds", "is_noticed"), [(1.9, False), (2.1, True)])
def test_hints_count_from_two_seconds_of_our_own_speech_on(seconds, is_noticed):
    assert (played(seconds).users(0.3, USER) >= NOTICED_FROM) is is_noticed


def test_a_model_that_has_lost_its_path_makes_it_unknown_at_once():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)
    assert voice.users(0.1, replace(USER, is_lost=True)) < NOTICED_FROM
    assert voice.is_cold
    assert voice.users(Bars().cold - 0.01, USER) < NOTICED_FROM, "as if it had never been known"
    play(voice, 3.9)
    assert voice.users(0.1, USER) < NOTICED_FROM
    play(voice, 0.2)
    assert voice.users(0.1, USER) >= NOTICED_FROM


def test_a_hint_alone_holds_the_reply_and_does_not_count_as_speech():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)
    assert max(listened(voice, 5, 0.1, USER)) < 0.5
    assert min(listened(voice, 5, 0.6, USER)) > 0.5, "heard by the canceller as well"
    assert min(listened(voice, 5, 0.1, USER)) > 0.5, "once it has been"


def test_hints_that_prove_wrong_are_not_believed_for_a_while_and_then_for_longer():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)

    def believed() -> list[float]:
        """Seconds at which hints are followed."""
        judged = listened(voice, 700, 0.02, USER)
        return [0.03 * number for number, one in enumerate(judged) if one >= NOTICED_FROM]

    times = believed()
    begins = [at for at, before in zip(times, [-9.0, *times], strict=False) if at - before > 1.0]
    gaps = np.diff(begins)
    assert begins[0] == pytest.approx(0.0, abs=0.05)
    assert gaps[0] == pytest.approx(2.0 + 0.57, abs=0.2)
    assert gaps[1] == pytest.approx(4.0 + 0.57, abs=0.2)


def test_a_user_who_was_heard_restores_belief():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)
    listened(voice, 30, 0.02, USER)
    play(voice, 4.0)
    listened(voice, 3, 0.8, USER)
    listened(voice, 60, 0.02, USER)  # wrong again: once more the short time
    play(voice, 2.1)
    assert voice.users(0.1, USER) >= NOTICED_FROM


def test_on_another_path_hints_have_to_wait():
    alignment = found()
    voice = OwnVoice(NOTICED_FROM, alignment, Bars())
    play(voice, 6.0)
    alignment.jumps += 1
    play(voice, 3.9)
    assert voice.users(0.1, USER) < NOTICED_FROM, "the branch has another one to forget"
    play(voice, 0.2)
    assert voice.users(0.1, USER) >= NOTICED_FROM


def test_where_nobody_may_interrupt_hints_do_not_either():
    voice = OwnVoice(NOTICED_FROM, found(), Bars(2.0, 2.0))
    play(voice, 6.0)
    assert max(listened(voice, 20, 0.99, USER)) < NOTICED_FROM


def test_a_voice_of_which_the_canceller_alone_is_sure_holds_the_reply_and_counts_once_it_goes_on():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)
    assert voice.users(0.6, ECHO) < NOTICED_FROM
    held = listened(voice, 3, 0.99, ECHO)
    assert NOTICED_FROM <= min(held) <= max(held) < 0.5
    assert listened(voice, 1, 0.7, ECHO)[0] > 0.5


def test_a_voice_that_both_hear_is_a_user_though_nothing_is_louder_than_it_should_be():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)
    faint = Hint(voice=0.5, excess=0.05, against_usual=0.5, loudness=0.3)
    assert voice.users(0.29, faint) < NOTICED_FROM
    assert voice.users(0.3, faint) > 0.5
    assert voice.users(0.6, Hint(voice=0.49, excess=0.05, against_usual=0.5, loudness=0.3)) < NOTICED_FROM


def test_what_is_louder_than_it_should_be_and_no_voice_to_either_is_nobody():
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)
    much = {"excess": 3.0, "against_usual": 30.0, "loudness": 0.3}
    assert voice.users(0.09, Hint(voice=0.32, **much)) == 0.0
    assert voice.users(0.09, Hint(voice=0.34, **much)) >= NOTICED_FROM
    assert voice.users(0.11, Hint(voice=0.01, **much)) >= NOTICED_FROM


def test_what_a_loud_word_of_ours_leaves_is_less_of_a_hint_than_what_a_low_one_does():
    """A loudspeaker that saturates leaves most where we are loudest."""
    voice = OwnVoice(NOTICED_FROM, found(), Bars())
    play(voice, 6.0)
    assert voice.users(0.01, Hint(voice=0.4, excess=0.8, against_usual=6.0, loudness=0.3)) >= NOTICED_FROM
    assert voice.users(0.01, Hint(voice=0.4, excess=0.8, against_usual=6.0, loudness=0.9)) < NOTICED_FROM


def test_a_sound_that_was_ours_is_not_the_user_s_because_we_stop():
    voice = played(6.0)
    play(voice, 0.3, QUIET)
    for _ in range(4):
        assert voice.users(0.45) < NOTICED_FROM, "it goes on"
        play(voice, 0.03, QUIET)
    voice.users(0.2)
    play(voice, 0.05, QUIET)
    assert voice.users(0.45) == 0.45, "another one"


def test_a_sound_that_goes_on_for_long_is_not_ours():
    voice = played(6.0)
    judged = []
    for _ in range(30):
        play(voice, 0.03, QUIET)
        judged.append(voice.users(0.45))
    first = next(number for number, one in enumerate(judged) if one == 0.45)
    assert 0.3 + 0.35 < 0.03 * first < 0.3 + 0.5


@pytest.mark.parametrize(("delay", "counts_as_speech"), [(None, False), (160, True)])
def test_before_the_echo_is_found_a_voice_holds_the_reply_and_cuts_nothing(delay, counts_as_speech):
    alignment = Alignment()
    alignment.delay = delay
    judged = played(0.8, alignment).users(0.95)
    assert judged >= NOTICED_FROM
    assert (judged > 0.5) is counts_as_speech


def test_an_answer_soon_after_us_is_heard_where_no_echo_was_found():
    """With headphones none ever is: somebody who answers the greeting at once is not held back until it could be."""
    voice = played(1.0, Alignment())
    assert voice.users(0.05) < NOTICED_FROM
    play(voice, 0.15, QUIET)
    assert NOTICED_FROM <= voice.users(0.95) < 0.5  # may hold the reply, and is nobody's word yet
    play(voice, 0.1, QUIET)
    assert voice.is_audible
    assert voice.users(0.95) > 0.8


@pytest.mark.parametrize("began_s", [0.0, 0.05])
def test_a_sound_that_goes_on_from_our_last_word_is_no_answer_where_no_echo_was_found(began_s):
    """A reply that was held comes back later; the sound is believed once that must be over, or after a gap in it."""
    voice = played(1.0, Alignment())
    play(voice, began_s, QUIET)
    judged = [voice.users(0.95)]
    while voice.is_audible:
        judged.append(voice.users(0.95))
        play(voice, 0.03, QUIET)
    assert max(judged) < 0.5
    assert voice.users(0.95) == 0.95


def test_a_gap_in_the_sound_makes_room_for_an_answer():
    voice = played(1.0, Alignment())
    assert voice.users(0.95) < 0.5
    play(voice, 0.25, QUIET)
    assert voice.users(0.1) < NOTICED_FROM
    play(voice, 0.03, QUIET)
    assert voice.users(0.95) > 0.8
