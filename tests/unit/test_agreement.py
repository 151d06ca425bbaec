"""The stable beginning of a turn that is read again and again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localvoice.stt.agreement import Agreement


def told(*readings: str) -> list[tuple[str, str]]:
    """(text, stable) after each reading."""
    agreement = Agreement()
    seen = []
    for reading in readings:
        agreement.take(reading)
        seen.append((agreement.text, agreement.stable))
    return seen


def test_one_reading_is_not_enough():
    assert told("What is the capital") == [("What is the capital", "")]


def test_words_on_which_two_readings_agree_are_stable_but_for_the_last_one():
    seen = told("What is the", "What is the capital", "What is the capital of France?")
    assert [stable for _, stable in seen] == ["", "What is the", "What is the capital"]
    assert seen[-1][0] == "What is the capital of France?"


def test_a_word_that_keeps_changing_holds_up_those_behind_it():
    seen = told("tell me a chalk about", "tell me a joke about cats", "tell me a yolk about cats and")
    assert [stable for _, stable in seen] == ["", "tell me a", "tell me a"]


def test_what_is_stable_stays_when_a_later_reading_knows_better():
    seen = told("wreck a nice", "wreck a nice beach", "recognise speech today", "recognise speech today please")
    assert seen[1][1] == "wreck a nice"
    assert all(text.startswith("wreck a nice") for text, _ in seen[1:])
    assert seen[-1][0].endswith("please")


def test_a_word_that_was_split_is_not_doubled():
    seen = told(
        "turn on the light bulb now", "turn on the light bulb now please", "turn on the lightbulb now please okay"
    )
    assert seen[1][1] == "turn on the light bulb now"
    assert seen[2][0] == "turn on the light bulb now please okay"


def test_punctuation_behind_a_stable_word_may_still_come_and_go():
    seen = told("Hello. My", "Hello. My name", "Hello. My name is Emma.", "Hello. My name is Emma?")
    assert seen[1] == ("Hello. My name", "Hello. My")
    assert seen[3][0] == "Hello. My name is Emma?"
    assert told("It is over. And", "It is over. And then", "It is over, and then")[-1][0] == "It is over. And then"


def test_the_last_word_of_a_reading_is_never_stable():
    assert told("What is the", "What is the")[-1][1] == "What is"


def test_a_mark_that_has_just_appeared_is_not_stable_yet():
    seen = told("one two", "one two three", "one two, three four", "one two, three four five")
    assert [stable for _, stable in seen] == ["", "one two", "one two", "one two, three four"]


def test_a_stretch_that_is_done_stands_before_those_that_follow():
    agreement = Agreement()
    agreement.close("The first sentence.")
    assert agreement.stable == "The first sentence."
    agreement.take("And the")
    agreement.take("And the second")
    assert (agreement.text, agreement.stable) == ("The first sentence. And the second", "The first sentence. And the")


def test_a_stretch_may_end_within_what_is_stable_already():
    agreement = Agreement()
    agreement.take("one two three four five")
    agreement.take("one two three four five six")
    agreement.close("One two three.")
    assert agreement.stable == "one two three four five"
    agreement.take("four five six seven")
    assert agreement.text == "one two three four five six seven"


_READING = st.lists(st.sampled_from(["a", "b", "c.", "C", "d,"]), max_size=6).map(" ".join)


@given(st.lists(_READING, max_size=8))
def test_stable_only_grows_and_text_begins_with_it(readings):
    before = ""
    for text, stable in told(*readings):
        assert stable.startswith(before)
        assert text.startswith(stable)
        before = stable
