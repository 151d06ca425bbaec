"""The votes on a pause: what each says alone, what they say together, and what is left out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.config import TurnConfig
from localvoice.turn.belief import BELIEVED, DOUBTED
from localvoice.turn.context import Question
from localvoice.turn.endpointing import SURE, Endpointing, Pace
from localvoice.turn.loudness import LOUDEST_DB
from localvoice.turn.votes import AS_READ, HEARD, LOUDNESS_FROM_S, NUMBER_LIMIT, Votes, log_odds
from localvoice.turn.words import ends_in_number, turn_words

chances = st.floats(0, 1)
LONG_S = 5.0

PLAIN = 0.5
"""Less never ends a turn sooner than silence does, whoever speaks."""


def said(text: str, sound: float | None = None, turn_s: float = LONG_S, **votes) -> float | None:
    """The probability after these words."""
    return Votes(turn_s, sound=sound, text=text, words=turn_words().probability(text), **votes).finished


def test_without_a_vote_there_is_no_probability():
    assert Votes(LONG_S).finished is None
    assert said("der hund ist auf dem dach") is None


def test_each_vote_counts_alone():
    assert said("could you say that again") > 0.5 > said("i would like to")
    assert Votes(LONG_S, sound=0.99).finished > 0.5 > Votes(LONG_S, sound=0.01).finished


@pytest.mark.parametrize("text", ["could you say that again", "i would like to", "stop", "it is two five"])
@pytest.mark.parametrize("sound", [0.9, 0.1, None])
def test_words_tell_as_much_of_the_end_as_the_recogniser_is_sure_of_them(text, sound):
    sure, without = said(text, sound), Votes(LONG_S, sound=sound).finished
    assert said(text, sound, confidence=BELIEVED) == sure
    assert said(text, sound, confidence=DOUBTED) == without
    half = said(text, sound, confidence=(DOUBTED + BELIEVED) / 2)
    assert 2 * log_odds(half) == pytest.approx(log_odds(sure) + log_odds(without or 0.5))


def test_a_command_and_what_a_reader_says_are_words_as_well():
    command = Votes(LONG_S, sound=0.3, text="what time is it", words=0.9, is_command=True, confidence=DOUBTED)
    read = Votes(LONG_S, sound=0.3, text="what time is it", words=0.9, read=0.9, confidence=DOUBTED)
    assert command.finished == read.finished == Votes(LONG_S, sound=0.3).finished
    assert command.surer == read.surer == HEARD


@pytest.mark.parametrize(("confidence", "surer"), [(DOUBTED, HEARD), ((DOUBTED + BELIEVED) / 2, HEARD / 2), (0.9, 0.0)])
def test_less_is_asked_of_what_is_an_end_by_its_words_as_far_as_these_are_believed(confidence, surer):
    by_rule = (Votes(LONG_S, sound=0.3, text="stop"), Votes(LONG_S, sound=0.3, text="what time is it", is_command=True))
    for votes in by_rule:
        assert replace(votes, confidence=confidence).surer == pytest.approx(surer)


@pytest.mark.parametrize("vote", [-1.0, 0.0, 1.0, 7.0, math.nan])
def test_what_is_no_probability_counts_as_the_nearest_one_and_no_number_as_unlikely(vote):
    nearest = min(1.0, max(0.0, vote))
    for name in ("sound", "words", "recogniser"):
        assert Votes(LONG_S, **{name: vote}).finished == Votes(LONG_S, **{name: nearest}).finished


@pytest.mark.parametrize(
    ("votes", "surer"),
    [
        (Votes(LONG_S, sound=0.5), HEARD),
        (Votes(LONG_S, sound=0.5, text="what time is it", words=0.6), HEARD),
        (Votes(LONG_S, sound=0.5, text="what time is it", words=0.6, read=0.1), HEARD + AS_READ),
        (Votes(LONG_S, text="what time is it", words=0.6, read=0.1), AS_READ),
        (Votes(LONG_S, sound=0.9, text="what am i allowed to", words=0.01, recogniser=0.9), 0.0),
        (Votes(LONG_S), 0.0),
        (Votes(0.4, sound=0.5), 0.0),
        (Votes(LONG_S, sound=0.5, trust=0.3), 0.3 * HEARD),
        (Votes(LONG_S, sound=0.5, text="stop"), 0.0),
        (Votes(LONG_S, sound=0.5, text="what time is it", words=0.6, is_command=True), 0.0),
        (Votes(LONG_S, asked=Question.SHORT, sound=0.5, text="the blue one", words=0.6), 0.0),
        (Votes(LONG_S, asked=Question.SHORT, sound=0.5, text="i think so", words=0.5), 0.0),
        (Votes(LONG_S, asked=Question.SHORT, sound=0.5, text="yes and", words=0.1), HEARD),
    ],
)
def test_more_is_asked_of_an_end_where_the_sound_is_heard_as_far_as_it_is_believed(votes, surer):
    assert votes.surer == pytest.approx(surer)


@given(st.tuples(chances, chances), chances)
def test_what_sounds_more_finished_is_more_finished(sounds, words):
    less, more = (Votes(LONG_S, sound=sound, text="a b", words=words).finished for sound in sorted(sounds))
    assert less <= more


@given(chances, st.tuples(chances, chances))
def test_what_reads_more_finished_is_more_finished(sound, reads):
    less, more = (Votes(LONG_S, sound=sound, text="a b", words=words).finished for words in sorted(reads))
    assert less <= more


def test_sound_can_turn_words_that_could_be_whole_and_not_words_that_cannot():
    could_be_whole = "turn on the light"
    assert said(could_be_whole, 0.02) < SURE <= said(could_be_whole, 0.98)
    assert said("i would like to", 0.999) < PLAIN


def test_the_sound_of_a_word_counts_for_nothing():
    assert said("tell me a joke", 0.02, 0.4) == said("tell me a joke")
    assert said("tell me a joke", 0.02, 0.6) == said("tell me a joke", 0.02) < said("tell me a joke")


@pytest.mark.parametrize("text", ["tell me a joke", "der hund ist auf dem dach"])
def test_a_sound_that_is_not_believed_is_as_if_it_had_not_been_heard(text):
    none, half, whole = (said(text, 0.02, trust=trust) for trust in (0.0, 0.5, 1.0))
    assert none == pytest.approx(said(text) or 0.5)
    assert none > half > whole


@pytest.mark.parametrize("open_end", [",", "...", "\u2026", " -", ";"])
def test_a_mark_that_no_sentence_ends_with_speaks_against_the_end(open_end):
    assert said(f"turn on the light{open_end}", 0.9) < said("turn on the light", 0.9) - 0.2
    assert said(f"okay{open_end}") < said("okay")


@pytest.mark.parametrize("end", [".", "?", "!"])
def test_a_full_stop_says_nothing(end):
    assert said(f"i would like to{end}", 0.9) == said("i would like to", 0.9)


def test_a_short_command_is_finished_however_it_sounds():
    assert said("stop", 0.001) == said("Stop!") > 0.9


def test_a_word_that_opens_a_thought_in_the_language_of_the_user_is_no_whole_utterance():
    italian, french = (Votes(LONG_S, text="Non", words=turn_words(one).probability("Non")) for one in ("it", "fr"))
    assert italian.finished < 0.3
    assert french.finished > 0.9


def test_a_command_of_a_skill_is_likely_finished_whatever_the_word_model_says():
    assert said("what time is it") < SURE
    assert said("what time is it", is_command=True) >= SURE
    assert said("what time is it", 0.5, is_command=True) >= SURE
    sounds_unfinished = said("what time is it", 0.001, is_command=True)
    assert sounds_unfinished < SURE
    assert Endpointing(TurnConfig()).wait_ms(sounds_unfinished, Pace(sure=0.88)) == 600, "never the longest wait"


@pytest.mark.parametrize("text", ["it is five five five zero one", "my number is 555 0192", "add forty five"])
def test_a_number_that_may_go_on_needs_the_pause(text):
    assert ends_in_number(text)
    assert said(text, 0.99) < 0.5


def test_a_recogniser_that_takes_words_for_the_end_does_not_end_a_number():
    surely = {"sound": 0.98, "words": 0.01, "recogniser": 0.95}
    assert Votes(LONG_S, text="the number is", **surely).finished > PLAIN
    assert Votes(LONG_S, text="the number is five five", **surely).finished <= NUMBER_LIMIT


@pytest.mark.parametrize(
    ("said_by_us", "answer"),
    [(Question.SHORT, "two"), (Question.SHORT, "the blue one"), (Question.SHORT, "on friday")],
)
def test_an_expected_answer_is_sooner_finished(said_by_us, answer):
    assert said(answer, asked=said_by_us) > said(answer) + 0.1


@pytest.mark.parametrize("answer", ["yes but", "i think that we could still take the", "no i mean the"])
def test_an_answer_that_breaks_off_is_not(answer):
    assert said(answer, asked=Question.SHORT) == said(answer) < PLAIN


def test_an_open_question_changes_nothing():
    assert said("on friday", asked=Question.OPEN) == said("on friday")


def test_digits_after_a_question_for_a_code_are_not_all_of_it():
    assert said("seven", asked=Question.DICTATED) < said("seven")
    assert said("four four nine", asked=Question.DICTATED) < said("four four nine")


def test_who_has_faded_has_rather_finished_whatever_else_votes():
    for votes in ({"sound": 0.6}, {"text": "a b", "words": 0.6}, {"recogniser": 0.6}, {"is_command": True}):
        faded, as_before, loud = (Votes(LONG_S, loudness_db=db, **votes).finished for db in (-5.0, None, 5.0))
        assert faded > as_before > loud


def test_loudness_alone_says_nothing():
    assert Votes(LONG_S, loudness_db=-5.0).finished is None


def test_of_a_short_turn_loudness_says_nothing():
    short_s = LOUDNESS_FROM_S - 0.1
    assert Votes(short_s, sound=0.6, loudness_db=5.0).finished == Votes(short_s, sound=0.6).finished


def test_however_soft_it_ends_words_that_want_more_are_not_finished():
    assert said("i would like to", loudness_db=-LOUDEST_DB) < PLAIN
