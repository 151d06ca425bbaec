"""What a sound over the reply is taken for, and when that is known."""

from __future__ import annotations

import pytest

from localvoice.config import Config, TurnConfig
from localvoice.turn.decisions import Dismissal
from localvoice.turn.observations import OverlapJudged, OverlapRead, ReplyContext
from localvoice.turn.overlap import OverlapPolicy
from localvoice.turn.overlap_sound import Ask, Overlap
from localvoice.turn.speech_gate import WINDOW_S

ONSET_S = 10.0


def policy(**settings) -> OverlapPolicy:
    return OverlapPolicy(Config(turn=TurnConfig(**settings)))


def hear(judge: OverlapPolicy, overlap: Overlap, text: str, *, rejected: bool = False):
    return judge.take(overlap, OverlapRead(0.0, 1, text, rejected))


def seems(judge: OverlapPolicy, overlap: Overlap, content: float, backchannel: float):
    return judge.take(overlap, OverlapJudged(0.0, 1, content, backchannel))


def says(judge: OverlapPolicy, overlap: Overlap, words: str, *, has_asked: bool = False) -> None:
    assert judge.take(overlap, ReplyContext(0.0, 1, words, has_asked)) is None


def sound(judge: OverlapPolicy, voiced: int, unvoiced: int = 0) -> tuple[Overlap, list]:
    """An overlap of so many windows that ends there, with the verdict of each window behind the first."""
    probabilities = [0.9] * voiced + [0.4] * unvoiced
    overlap = judge.begin(ONSET_S, probabilities[0])
    verdicts = [
        judge.step(overlap, ONSET_S + count * WINDOW_S, probability, is_speech=True)
        for count, probability in enumerate(probabilities[1:], start=2)
    ]
    return overlap, verdicts


def after(judge: OverlapPolicy, overlap: Overlap, sounded: int, windows: int):
    """The verdict `windows` windows after the sound, which is known to be over."""
    return judge.step(overlap, ONSET_S + (sounded + windows) * WINDOW_S, 0.0, is_speech=False)


@pytest.mark.parametrize("voiced", [1, 2, 4])
def test_a_click_or_cough_is_noise_as_soon_as_it_is_over(voiced):
    judge = policy()
    overlap, verdicts = sound(judge, voiced)
    assert open_or_ask(verdicts)
    assert after(judge, overlap, voiced, 3) is Dismissal.NOISE


def wants(what: Ask, verdict) -> bool:
    return isinstance(verdict, Ask) and what in verdict


def open_or_ask(verdicts: list) -> bool:
    return all(verdict is None or isinstance(verdict, Ask) for verdict in verdicts)


def when(verdict, verdicts: list) -> float:
    """Seconds from the onset to the window with this verdict."""
    return (verdicts.index(verdict) + 2) * WINDOW_S


def test_long_speech_takes_the_turn_within_400_ms_of_its_onset():
    _, verdicts = sound(policy(), 20)
    assert 0.4 - WINDOW_S < when(True, verdicts) <= 0.4


@pytest.mark.parametrize("decide_ms", [200, 300, 600])
def test_the_time_to_decide_is_a_setting(decide_ms):
    _, verdicts = sound(policy(overlap_decide_ms=decide_ms), 40)
    assert decide_ms / 1000 - WINDOW_S < when(True, verdicts) <= decide_ms / 1000


def test_the_words_so_far_are_asked_for_once_and_in_time():
    _, verdicts = sound(policy(), 11)
    [asked] = [count for count, verdict in enumerate(verdicts) if wants(Ask.WORDS, verdict)]
    assert 0.1 < when(True, sound(policy(), 20)[1]) - (asked + 2) * WINDOW_S <= 0.15 + WINDOW_S


def test_a_backchannel_that_lasts_leaves_the_reply_lowered_until_it_is_over():
    judge = policy()
    overlap, _ = sound(judge, 9)
    assert hear(judge, overlap, "mm-hm") is None
    lasting = [judge.step(overlap, ONSET_S + count * WINDOW_S, 0.9, is_speech=True) for count in range(10, 20)]
    assert open_or_ask(lasting)
    assert wants(Ask.WORDS, after(judge, overlap, 19, 3))
    assert hear(judge, overlap, "Mm-hm.") is Dismissal.BACKCHANNEL


@pytest.mark.parametrize(("words", "verdict"), [("i", None), ("got", None), ("the", True)])
def test_the_beginning_of_a_backchannel_decides_nothing_while_the_rest_is_being_said(words, verdict):
    judge = policy()
    overlap, _ = sound(judge, 9)
    hear(judge, overlap, words)
    seems(judge, overlap, 0.2, 0.7)
    assert judge.step(overlap, ONSET_S + 13 * WINDOW_S, 0.9, is_speech=True) is verdict


def test_speech_behind_a_backchannel_is_judged_anew_after_400_ms():
    judge = policy()
    overlap, _ = sound(judge, 9)
    hear(judge, overlap, "yeah")
    verdicts = [judge.step(overlap, ONSET_S + count * WINDOW_S, 0.9, is_speech=True) for count in range(10, 40)]
    decided_s = (verdicts.index(True) + 10) * WINDOW_S
    assert 0.8 - 2 * WINDOW_S < decided_s <= 0.8


def test_a_stop_word_cuts_as_soon_as_it_is_read():
    judge = policy()
    overlap, _ = sound(judge, 9)
    assert hear(judge, overlap, "stop") is True


def test_a_backchannel_read_in_time_holds_where_the_whole_is_not():
    judge = policy()
    overlap, _ = sound(judge, 9)
    hear(judge, overlap, "yeah")
    assert wants(Ask.WORDS, after(judge, overlap, 9, 3))
    assert after(judge, overlap, 9, 9) is Dismissal.BACKCHANNEL


def test_a_sound_that_is_falling_silent_when_it_is_due_is_read_first():
    judge = policy()
    overlap, verdicts = sound(judge, 11)
    assert True not in verdicts
    falling = [judge.step(overlap, ONSET_S + count * WINDOW_S, 0.1, is_speech=True) for count in (12, 13)]
    assert falling == [None, None]
    assert wants(Ask.WORDS, after(judge, overlap, 11, 3))


def test_a_long_rustle_is_left_open_and_each_further_400_ms_are_judged_anew():
    judge = policy()
    overlap, verdicts = sound(judge, 2, 28)
    assert open_or_ask(verdicts)
    verdicts = [judge.step(overlap, ONSET_S + (30 + count) * WINDOW_S, 0.9, is_speech=True) for count in range(1, 27)]
    assert (verdicts.index(True) + 1) * WINDOW_S <= 0.8, "speech that follows a rustle is an interruption"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("stop", True),
        ("please be quiet now", True),
        ("Stop!", True),
        ("stopping", True),
        ("mm-hm", Dismissal.BACKCHANNEL),
        ("Mhm.", Dismissal.BACKCHANNEL),
        ("Mm-hmm.", Dismissal.BACKCHANNEL),
        ("Hmm...", Dismissal.BACKCHANNEL),
        ("Uh-huh", Dismissal.BACKCHANNEL),
        ("I see.", Dismissal.BACKCHANNEL),
        ("yeah but", True),
        ("seven", True),
        ("", Dismissal.NOTHING_SAID),
        (" ... ", Dismissal.NOTHING_SAID),
    ],
)
def test_a_short_sound_is_judged_by_its_words(text, verdict):
    judge = policy()
    overlap, _ = sound(judge, 8)
    assert wants(Ask.WORDS, after(judge, overlap, 8, 3))
    assert hear(judge, overlap, text) == verdict


@pytest.mark.parametrize(("voiced", "verdict"), [(6, Dismissal.NOISE), (8, True)])
def test_words_that_could_not_be_understood_count_by_their_length(voiced, verdict):
    judge = policy()
    overlap, _ = sound(judge, voiced)
    after(judge, overlap, voiced, 3)
    assert hear(judge, overlap, "gibberish", rejected=True) == verdict


def test_a_stop_word_counts_even_where_the_rest_was_not_understood():
    judge = policy()
    overlap, _ = sound(judge, 6)
    after(judge, overlap, 6, 3)
    assert hear(judge, overlap, "stop", rejected=True) is True


def noticed(judge: OverlapPolicy, windows: int) -> Overlap:
    return sound(judge, windows)[0]


@pytest.mark.parametrize(("windows", "bar"), [(2, 0.93), (3, 0.87), (4, 0.8), (8, 0.8)])
def test_what_surely_is_content_cuts_at_once_and_the_shorter_it_is_the_surer_it_has_to_be(windows, bar):
    judge = policy()
    overlap = noticed(judge, windows)
    assert seems(judge, overlap, bar - 0.01, 0.01) is None
    assert seems(judge, overlap, bar + 0.01, 0.01) is True


def test_a_single_window_of_voice_never_cuts_by_sound_alone():
    judge = policy()
    assert seems(judge, noticed(judge, 1), 1.0, 0.0) is None


def lasting(judge: OverlapPolicy, overlap: Overlap, contents: list[float]) -> list:
    """The verdicts of a voice that goes on, one window for each thing that it sounds like."""
    verdicts = []
    for count, content in enumerate(contents, start=2):
        verdicts.append(judge.step(overlap, ONSET_S + count * WINDOW_S, 0.9, is_speech=True))
        assert seems(judge, overlap, content, 0.9 - content) is None
    return verdicts


@pytest.mark.parametrize("content", [0.21, 0.59])
def test_what_seems_a_backchannel_leaves_the_reply_lowered_for_a_second_at_most(content):
    judge = policy()
    verdicts = lasting(judge, judge.begin(ONSET_S, 0.9), [content] * 50)
    assert 1.0 <= when(True, verdicts) <= 1.2 + WINDOW_S


def test_a_laugh_that_lasts_leaves_the_reply_lowered_for_three_seconds_at_most():
    judge = policy()
    verdicts = lasting(judge, judge.begin(ONSET_S, 0.9), [0.19] * 200)
    assert 3.0 <= when(True, verdicts) <= 3.4


def test_a_laugh_of_two_seconds_is_dismissed_when_it_is_over():
    judge = policy()
    overlap = judge.begin(ONSET_S, 0.9)
    assert open_or_ask(lasting(judge, overlap, [0.1] * 61))
    after(judge, overlap, 62, 3)
    assert after(judge, overlap, 62, 9) is Dismissal.BACKCHANNEL


@pytest.mark.parametrize("late_s", [0.1, 0.2, 0.3, 0.5])
def test_words_that_seem_a_laugh_take_the_turn_also_where_they_are_read_slowly(late_s):
    """Who reads for longer than there is time to is not asked anew, and counts when it is decided next."""
    judge = policy()
    overlap, due = judge.begin(ONSET_S, 0.9), None
    for count in range(2, 60):
        verdict = judge.step(overlap, ONSET_S + count * WINDOW_S, 0.9, is_speech=True)
        if verdict is True:
            break
        assert not (due is not None and wants(Ask.WORDS, verdict)), "asked anew"
        seems(judge, overlap, 0.1, 0.6)
        due = count * WINDOW_S + late_s if wants(Ask.WORDS, verdict) else due
        if due is not None and count * WINDOW_S >= due:
            due = None
            hear(judge, overlap, "tell me about the river please")
    assert count * WINDOW_S <= 0.8 + WINDOW_S


def test_words_behind_a_laugh_take_the_turn_when_it_is_decided_anew():
    judge = policy()
    verdicts = lasting(judge, judge.begin(ONSET_S, 0.9), [0.1] * 45 + [0.61] * 20)
    assert 46 * WINDOW_S < when(True, verdicts) <= 47 * WINDOW_S + 0.4


def test_doubtful_content_counts_as_speech_when_it_is_due():
    judge = policy()
    overlap = judge.begin(ONSET_S, 0.9)
    verdicts = []
    for count in range(2, 14):
        verdicts.append(judge.step(overlap, ONSET_S + count * WINDOW_S, 0.9, is_speech=True))
        seems(judge, overlap, 0.61, 0.3)
    assert when(True, verdicts) <= 0.4


@pytest.mark.parametrize(
    ("voiced", "content", "backchannel", "verdict"),
    [
        (5, 0.9, 0.05, True),
        (5, 0.6, 0.3, Dismissal.NOISE),
        (9, 0.6, 0.3, True),
        (9, 0.2, 0.7, Dismissal.BACKCHANNEL),
        (9, 0.05, 0.05, Dismissal.NOISE),
    ],
)
def test_a_sound_nobody_read_is_what_it_seems(voiced, content, backchannel, verdict):
    judge = policy()
    overlap = noticed(judge, voiced)
    assert wants(Ask.KIND, after(judge, overlap, voiced, 3))
    assert seems(judge, overlap, content, backchannel) is None
    assert after(judge, overlap, voiced, 9) is verdict


def test_what_seems_a_backchannel_answers_a_question():
    judge = policy()
    overlap = noticed(judge, 8)
    says(judge, overlap, "shall I?", has_asked=True)
    after(judge, overlap, 8, 3)
    seems(judge, overlap, 0.1, 0.85)
    assert after(judge, overlap, 8, 9) is True


def test_words_of_the_reply_itself_keep_a_sound_from_cutting():
    judge = policy()
    overlap = noticed(judge, 9)
    says(judge, overlap, "in a green forest near a river")
    assert hear(judge, overlap, "green forest") is None
    assert seems(judge, overlap, 0.99, 0.0) is None
    assert wants(Ask.WORDS, after(judge, overlap, 9, 3))
    assert hear(judge, overlap, "green forest near") is Dismissal.ECHO


def test_speech_that_the_recogniser_has_no_words_for_is_an_interruption():
    judge = policy()
    overlap = noticed(judge, 6)
    after(judge, overlap, 6, 3)
    seems(judge, overlap, 0.95, 0.0)
    assert hear(judge, overlap, "") is True


@pytest.mark.parametrize(
    ("text", "backchannel", "verdict"),
    [
        ("hello", 0.95, Dismissal.BACKCHANNEL),
        ("hello", 0.8, True),
        ("stop", 0.95, True),
        ("no", 0.95, True),
        ("tell me more", 0.95, True),
    ],
)
def test_a_word_made_of_what_surely_is_a_backchannel_is_not_believed(text, backchannel, verdict):
    judge = policy()
    overlap = noticed(judge, 9)
    after(judge, overlap, 9, 3)
    seems(judge, overlap, 0.98 - backchannel, backchannel)
    assert hear(judge, overlap, text) is verdict


def test_a_stop_word_read_out_of_noise_needs_a_voice():
    judge = policy()
    overlap = noticed(judge, 6)
    after(judge, overlap, 6, 3)
    seems(judge, overlap, 0.1, 0.1)
    assert hear(judge, overlap, "stop", rejected=True) is not True


def test_an_answer_nobody_waits_for_decides_nothing_unless_it_is_a_stop_word():
    judge = policy()
    overlap, _ = sound(judge, 3)
    assert hear(judge, overlap, "seven") is None
    assert hear(judge, overlap, "stop") is True


@pytest.mark.parametrize(("voiced", "verdict"), [(6, Dismissal.NOISE), (8, True)])
def test_without_an_answer_in_time_the_length_decides(voiced, verdict):
    judge = policy()
    overlap, _ = sound(judge, voiced)
    assert wants(Ask.WORDS, after(judge, overlap, voiced, 3))
    answers = [after(judge, overlap, voiced, 3 + count) for count in range(1, 7)]
    assert answers == [None] * 5 + [verdict], "six windows: 192 ms"


def test_a_sound_that_goes_on_is_asked_about_again_when_it_is_over():
    judge = policy()
    overlap, _ = sound(judge, 6)
    assert wants(Ask.WORDS, after(judge, overlap, 6, 3))
    assert wants(Ask.WORDS, judge.step(overlap, ONSET_S + 10 * WINDOW_S, 0.9, is_speech=True))
    assert hear(judge, overlap, "seven") is None, "that may be the answer for its beginning"
    assert wants(Ask.WORDS, judge.step(overlap, ONSET_S + 14 * WINDOW_S, 0.0, is_speech=False))


def test_the_end_of_a_long_backchannel_that_nobody_can_read_is_still_one():
    judge = policy()
    overlap = judge.begin(ONSET_S, 0.9)
    for count in range(2, 16):
        verdict = judge.step(overlap, ONSET_S + count * WINDOW_S, 0.9, is_speech=True)
        if wants(Ask.WORDS, verdict) and overlap.earlier is None:
            hear(judge, overlap, "okay")
        assert verdict is not True
    assert overlap.earlier is Dismissal.BACKCHANNEL
    assert wants(Ask.WORDS, after(judge, overlap, 15, 3))
    assert hear(judge, overlap, "l k", rejected=True) is Dismissal.BACKCHANNEL
