"""The times of letters that a service tells are believed while they are those of what was sent, and no longer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from localvoice.tts.aligned_speech import AlignedSpeech
from localvoice.tts.letter_spans import LetterSpans, Mark

RATE_HZ = 1000
LETTER_S = 0.06


def marks(text: str, letter_s: float = LETTER_S) -> list[Mark]:
    return [Mark(letter, at * letter_s, (at + 1) * letter_s) for at, letter in enumerate(text)]


def sound(letters: int) -> np.ndarray:
    return np.full(round(letters * LETTER_S * RATE_HZ), 0.5, np.float32)


def spoken(speech: AlignedSpeech, *pieces: tuple[int, list[Mark]]) -> list[str]:
    """The texts of the chunks that come of the pieces, each with so many letters' sound."""
    chunks = []
    for letters, told in pieces:
        speech.take(sound(letters), told)
        chunks += speech.ready()
    return [chunk.text for chunk in chunks]


@pytest.fixture
def speech() -> AlignedSpeech:
    made = AlignedSpeech(RATE_HZ)
    made.expect("One two three.")
    made.expect(" Four five.")
    return made


def test_words_are_handed_out_as_their_letters_are_told_of(speech):
    assert spoken(speech, (9, marks("One two t"))) == ["One two"]
    assert spoken(speech, (5, marks("hree.")), (11, marks("Four five. "))) == [" three.", " Four five."]


@pytest.mark.parametrize(
    "told",
    [
        marks("Six seven three"),
        [Mark("O", 0.0, 0.1), Mark("n", 1e12, 1e12 + 1), Mark("e", 1e12, 1e12 + 1)],
        [Mark("O", 0.5, 0.6), Mark("n", 0.1, 0.2), Mark("e", 0.2, 0.3)],
        [Mark("O", 0.1, 0.0), *marks("ne two")],
        [Mark("O", math.inf, math.inf)],
        [Mark("O", math.nan, math.nan)],
    ],
    ids=["other letters", "far ahead", "back in time", "ends before it begins", "infinite", "no number"],
)
def test_times_that_cannot_be_those_of_the_text_cut_nothing(speech, told):
    assert spoken(speech, (14, told), (11, marks("Four five. "))) == []
    (first, second) = speech.finish()
    assert (first.text, second.text) == ("One two three.", " Four five.")
    assert len(first.samples) + len(second.samples) >= len(sound(25)) - 10


def toned(text: str) -> np.ndarray:
    """A tone per letter, silence for a space and, four letters long, behind a stop."""
    tone = np.tile(np.array([0.5, -0.5], np.float32), round(LETTER_S * RATE_HZ / 2))
    parts = [np.zeros_like(tone) if letter == " " else tone for letter in text.replace(". ", ".    ")]
    return np.concatenate(parts)


@pytest.mark.parametrize("clauses", [("One two.", " Three four."), ("Four.", " Five six seven eight.", " Nine.")])
def test_without_times_clauses_end_at_the_pauses(clauses):
    speech = AlignedSpeech(RATE_HZ)
    for clause in clauses:
        speech.expect(clause)
    speech.take(toned("".join(clauses)), [])
    chunks = speech.finish()
    assert [chunk.text for chunk in chunks] == list(clauses)
    for chunk, clause in zip(chunks, clauses, strict=True):
        tone = np.flatnonzero(chunk.samples)
        letters = np.flatnonzero(toned(clause.strip()))
        assert len(tone) == len(letters)


def test_without_times_and_pauses_a_clause_ends_somewhere_and_no_gap_is_put_there():
    speech = AlignedSpeech(RATE_HZ)
    for clause in ("One two.", " Three four."):
        speech.expect(clause)
    speech.take(toned("onetwothreefour"), [])
    first, second = speech.finish()
    assert min(len(first.samples), len(second.samples)) > 4 * LETTER_S * RATE_HZ
    assert np.all(first.samples != 0.0)


def test_letters_that_were_left_out_end_the_trust_before_a_word_is_cut(speech):
    assert spoken(speech, (7, marks("One tw")), (7, marks("ree."))) == ["One"]
    assert [chunk.text for chunk in speech.finish()] == [" two three.", " Four five."]


@pytest.mark.parametrize("told", ["ONE TWO THREE", "One, two -- three.", "One twò three."])
def test_capitals_accents_and_marks_of_punctuation_make_no_difference(speech, told):
    letters = len(told)
    assert "".join(spoken(speech, (letters, marks(told)), (11, marks(" Four five.")))) == "One two three. Four five."


def test_an_end_in_the_middle_of_a_word_is_no_end(speech):
    spoken(speech, (14, marks("One two three.")), (8, marks(" Four fi")))
    assert speech.lacks_sound
    speech.take(sound(3), marks("ve."))
    assert not speech.lacks_sound


def test_sound_behind_the_last_mark_may_be_the_rest(speech):
    spoken(speech, (14, marks("One two three.")), (11, marks(" Four")))
    assert not speech.lacks_sound


def test_a_clause_that_is_over_without_all_its_marks_leaves_the_next_one_its_own(speech):
    spoken(speech, (14, marks("One two")))
    assert speech.end_clause()
    assert [chunk.text for chunk in speech.ready()] == [" three."]
    assert spoken(speech, (11, marks(" Four five."))) == [" Four five."]


def test_a_clause_cut_short_is_told_by_its_marks(speech):
    spoken(speech, (10, marks("One two th")))
    assert not speech.end_clause()


def test_no_word_ends_behind_its_chunk(speech):
    overlapping = [Mark(letter, at * LETTER_S, (at + 3) * LETTER_S) for at, letter in enumerate("One two three.")]
    speech.take(sound(20), overlapping)
    for chunk in speech.ready():
        for word in chunk.words:
            assert 0.0 <= word.start_s <= word.end_s <= chunk.duration_s + 1e-9


def test_without_any_marks_nothing_is_known():
    spans = LetterSpans(RATE_HZ)
    spans.expect("One two")
    assert not spans.lacks(0, 0, 20.0)


def test_words_wait_for_their_sound(speech):
    """A service that puts letters before the piece that holds them would have them said by a chunk without sound."""
    early = [Mark(letter, -0.04 + at * 0.001, -0.04 + (at + 1) * 0.001) for at, letter in enumerate(" Four f")]
    chunks = []
    for letters, told in [(14, marks("One two three.")), (7, early), (4, marks("ive."))]:
        speech.take(sound(letters), told)
        chunks += speech.ready()
    chunks += speech.finish()
    assert [chunk.clause for chunk in chunks if chunk.clause] == ["One two three.", " Four five."]
    assert all(len(chunk.samples) for chunk in chunks)
