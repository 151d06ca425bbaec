"""Words as a service says them, to the times of the characters as written."""

from __future__ import annotations

from itertools import pairwise

import pytest

from localvoice.tts.word_marks import WordMarks, WordSound


def marks_of(text: str, *words: tuple[str, float, float]):
    marks = WordMarks()
    marks.expect(text)
    return marks.take(WordSound(*word) for word in words)


def test_every_character_has_a_time_and_they_are_in_order():
    found = marks_of("Hello there, friend.", ("Hello", 0.0, 0.5), ("there", 0.5, 1.0), ("friend", 1.2, 1.8))
    assert "".join(mark.character for mark in found) == "Hello there, friend."
    assert all(one.end_s <= two.start_s + 1e-9 for one, two in pairwise(found))
    assert (found[0].start_s, found[-1].end_s) == (0.0, 1.8)


def test_a_mark_behind_a_word_belongs_to_it():
    found = marks_of("Hello, you", ("HELLO", 0.0, 0.6))
    assert "".join(mark.character for mark in found) == "Hello,"
    assert found[-1].end_s == pytest.approx(0.6)


def test_what_is_said_in_other_words_fills_the_time_up_to_the_next_one():
    found = marks_of(
        "In 1987 it began", ("In", 0.0, 0.2), ("nineteen", 0.2, 0.5), ("eighty-seven", 0.5, 1.0), ("it", 1.0, 1.1)
    )
    assert "".join(mark.character for mark in found) == "In 1987 it"
    year = [mark for mark in found if mark.character.isdigit()]
    assert year[0].start_s >= 0.2
    assert year[-1].end_s <= 1.0


def test_a_word_that_is_not_written_and_marks_alone_are_passed_over():
    assert marks_of("Hello there", ("um", 0.0, 0.1), (",", 0.1, 0.2)) == []


def test_a_word_is_not_looked_for_far_ahead():
    assert marks_of("a " * 50 + "late", ("late", 0.0, 0.1)) == []


def test_times_that_go_back_do_not():
    found = marks_of("one two", ("one", 0.5, 1.0), ("two", 0.2, 0.4))
    assert [mark.start_s for mark in found] == sorted(mark.start_s for mark in found)


def test_clauses_follow_each_other():
    marks = WordMarks()
    marks.expect("One.")
    first = marks.take([WordSound("one", 0.0, 0.3)])
    marks.expect("Two.")
    second = marks.take([WordSound("two", 0.4, 0.7)])
    assert "".join(mark.character for mark in (*first, *second)).split() == ["One.", "Two."]
