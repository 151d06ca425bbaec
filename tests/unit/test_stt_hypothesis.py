"""Text that grows: spaces where they belong, and what stands stays."""

from __future__ import annotations

import math

import pytest

from localvoice.stt.hypothesis import Hypothesis, joined
from localvoice.stt.prompt import last_words


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ("", "hello", "hello"),
        ("hello", "", "hello"),
        ("hello", "there", "hello there"),
        ("hello ", "there", "hello there"),
        ("hello", " there", "hello there"),
        ("今日は", "いい天気", "今日はいい天気"),
        ("สวัสดี", "ครับ", "สวัสดีครับ"),
        ("안녕", "하세요", "안녕 하세요"),
        ("the word 水", "is", "the word 水 is"),
    ],
)
def test_stretches_are_put_together_as_they_are_written(first, second, text):
    assert joined(first, second) == text


def test_guesses_replace_each_other_and_what_is_settled_stands():
    words = Hypothesis()
    words.guess("wat")
    assert (words.partial(None).text, words.partial(None).stable) == ("wat", "")
    words.settle("What time")
    words.guess("is", fixed="it")
    assert (words.partial(0.5).text, words.partial(0.5).stable) == ("What time it is", "What time it")
    assert not words.is_settled
    words.settle(" or so", is_spaced=True)
    assert words.is_settled
    assert (words.final(1.0).text, words.final(1.0).is_final) == ("What time or so", True)


@pytest.mark.parametrize(
    ("told", "kept"), [(None, None), (0.4, 0.4), ("0.4", 0.4), (7, 1.0), (-1, 0.0), (math.nan, 0.0)]
)
def test_a_vote_of_the_service_is_a_probability(told, kept):
    words = Hypothesis()
    words.believe(told)
    assert words.partial(None).end_of_turn == kept


@pytest.mark.parametrize("told", ["high", [0.4]])
def test_a_vote_of_the_service_that_is_no_number_cannot_be_read(told):
    with pytest.raises((TypeError, ValueError)):  # a `ProviderBroken` of whoever listens
        Hypothesis().believe(told)


@pytest.mark.parametrize(
    ("text", "characters", "end"),
    [
        ("", 10, ""),
        ("one  two\nthree", 50, "one two three"),
        ("one two three", 9, "two three"),
        ("one two three", 8, "three"),
        ("one two three", 5, "three"),
        ("unbroken", 4, "oken"),
    ],
)
def test_the_end_of_a_text_begins_with_a_word(text, characters, end):
    assert last_words(text, characters) == end
    assert len(end) <= characters
