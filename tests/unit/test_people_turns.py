"""Recordings of people with pauses laid between their words."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.turns.corpus import LEAD_S, frames
from benchmarks.turns.people import PAUSE_S, half_of, sentence_ends, with_pauses

WORDS = [
    (word, LEAD_S + 0.3 * n, LEAD_S + 0.3 * (n + 1))
    for n, word in enumerate(("turn", "on", "the", "light", "in", "my", "room"))
]
END_S = WORDS[-1][2]
SOUND = np.random.default_rng(1).normal(0.0, 0.1, frames(END_S + 0.5)).astype(np.float32)


def cut(name: str = "one"):
    (turn,) = with_pauses("people", name, SOUND, WORDS, END_S)
    return turn


def test_the_words_stay_and_pauses_lie_between_them():
    turn = cut()
    assert len(turn.phrases) == 3
    assert " ".join(phrase.text for phrase in turn.phrases) == "turn on the light in my room"
    for before, after in pairwise(turn.phrases):
        assert PAUSE_S[0] <= after.start_s - before.end_s <= PAUSE_S[1]


def test_no_sound_is_lost_or_said_twice():
    turn = cut()
    spoken = sum(phrase.end_s - phrase.start_s for phrase in turn.phrases)
    assert spoken == pytest.approx(END_S - LEAD_S, abs=0.01)
    first = turn.phrases[0]
    kept = slice(frames(first.start_s), frames(first.end_s - 0.01))
    assert np.allclose(turn.samples[kept], SOUND[kept], atol=0.01)


def test_the_same_recording_has_the_same_pauses_and_another_one_others():
    assert cut().phrases == cut().phrases != cut("another").phrases


def test_one_word_has_no_room_for_a_pause():
    assert not list(with_pauses("people", "one", SOUND, WORDS[:1], WORDS[0][2]))


def test_both_halves_have_recordings():
    assert {half_of(f"prompt {number}") for number in range(20)} == {"choosing", "reporting"}


def test_a_sentence_ends_where_the_punctuation_says():
    assert sentence_ends('Login incorrect.  Please try again, or "hang up"! Dial 1.') == {1, 7, 9}
    assert sentence_ends("without a mark it ends with the text") == {7}
