"""Two models' shares of a reply become one text."""

from __future__ import annotations

import pytest

from localvoice.text.handover import Continuation, WholeWords


def joined(said: str, *parts: str) -> str:
    continuation = Continuation(said)
    return said + "".join(map(continuation.feed, parts)) + continuation.finish()


@pytest.mark.parametrize(
    ("said", "new", "whole"),
    [
        ("", "Hello.", "Hello."),
        ("The fox ", "jumps.", "The fox jumps."),
        ("The fox", "jumps.", "The fox jumps."),
        ("The fox", ", who", "The fox, who"),
        ("The fox ", "  jumps.", "The fox jumps."),
        ("The quick brown ", "quick brown fox.", "The quick brown fox."),
        ("The quick brown ", "The quick brown fox.", "The quick brown fox."),
        ("The quick, brown ", "the QUICK brown fox.", "The quick, brown fox."),
        ("So it was the ", "the end.", "So it was the end."),
        ("What it is ", "is a fox.", "What it is is a fox."),
        ("Well. ", "", "Well. "),
        ("One two three. ", "One two three.", "One two three. "),
    ],
)
def test_what_repeats_is_left_out(said, new, whole):
    assert joined(said, new) == whole
    assert joined(said, *new) == whole


def test_a_model_that_begins_again_is_followed_until_it_says_something_new():
    said = "Once upon a time there was a little fox who lived in a green forest near a river, and one day "
    assert joined(said, *f"{said}he found a key.".split(" ")) != said
    words = [f"{word} " for word in f"{said}he found a key.".split()]
    assert joined(said, *words).split() == f"{said}he found a key.".split()


def test_a_long_continuation_does_not_wait_for_its_end():
    continuation = Continuation("The fox ")
    assert continuation.feed("jumped over the fence and ran into the dark green forest behind it, ")
    assert continuation.feed("and ") == "and "


def test_words_are_handed_out_whole():
    words = WholeWords()
    assert [words.feed(part) for part in ("Hel", "lo the", "re. ", "\nI am")] == ["", "Hello ", "there. ", "\nI "]
    assert words.finish() == "am"
    assert words.finish() == ""
