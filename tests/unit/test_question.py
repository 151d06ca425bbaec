"""What our last words ask for."""

from __future__ import annotations

import pytest

from localvoice.turn.context import Question, question_in


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("It is ten past four.", Question.NONE),
        ("", Question.NONE),
        ("Is it? I do not know.", Question.NONE),
        ("Done. Shall I read it to you?", Question.SHORT),
        ("Okay, do you want me to go on?", Question.SHORT),
        ("Isn\u2019t that the one you meant?", Question.SHORT),
        ("Tea or coffee?", Question.SHORT),
        ("You meant Friday, right?", Question.SHORT),
        ("For how many people?", Question.SHORT),
        ("What time should I wake you?", Question.SHORT),
        ("What is your phone number?", Question.DICTATED),
        ("Could you tell me the code?", Question.DICTATED),
        ("And your postcode? ", Question.DICTATED),
        ("What would you like to know?", Question.OPEN),
        ("Why did they leave?", Question.OPEN),
        ('She asked: "Where is it?"', Question.OPEN),
    ],
)
def test_the_last_sentence_says_what_is_expected(said, asked):
    assert question_in(said) is asked
