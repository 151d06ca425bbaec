"""The labelled pauses on which waiting is chosen and reported."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest

from benchmarks.turns.corpus import (
    PAUSE_S,
    VOICES,
    VOICES_EACH,
    Phrase,
    Sentence,
    SpokenTurn,
    frames,
    sentences,
    spoken_turn,
)

MARKET = Sentence("story", ("so yesterday i went to the market", "and there was this man", "who sold clocks"))


def sound_of(seconds: float) -> np.ndarray:
    return np.zeros(frames(seconds), dtype=np.float32)


def _text(sentence: Sentence) -> str:
    return " ".join(sentence.phrases)


def test_the_halves_share_no_voice_and_no_sentence():
    chosen, reported = sentences("choosing"), sentences("reporting")
    assert not set(VOICES["choosing"]) & set(VOICES["reporting"])
    assert not {_text(one) for one in chosen} & {_text(one) for one in reported}
    assert {one.kind for one in chosen} == {one.kind for one in reported}


@pytest.mark.parametrize("half", ["choosing", "reporting"])
def test_each_half_has_three_hundred_pauses_inside_a_thought_and_as_many_ends(half):
    spoken = sentences(half)
    assert VOICES_EACH * sum(len(one.phrases) - 1 for one in spoken) >= 300
    assert VOICES_EACH * len(spoken) >= 300


def test_the_last_pause_is_the_end_and_those_before_it_are_not():
    turn = SpokenTurn(sound_of(4.0), (Phrase("call", 0.5, 1.0), Phrase("my mother", 1.4, 4.0)), "en-us", "x", "command")
    inside, end = turn.pauses()
    assert (inside.words, inside.is_finished) == ("call", False)
    assert inside.pause_s == pytest.approx(0.4)
    assert len(inside.samples) == frames(1.4), "nothing of what comes after the pause"
    assert (end.words, end.is_finished, end.pause_s) == ("call my mother", True, math.inf)
    assert len(end.samples) == frames(5.0)


def test_a_recording_that_breaks_off_has_no_end():
    turn = SpokenTurn(sound_of(4.0), (Phrase("call", 0.5, 1.0),), "en-us", "x", "recording", is_whole=False)
    assert not list(turn.pauses())


@pytest.mark.parametrize(
    ("at_s", "words"),
    [(0.4, ""), (0.7, ""), (1.2, "call"), (1.4, "call my"), (1.75, "call my"), (1.9, "call my mother")],
)
def test_a_word_can_be_read_when_most_of_it_has_been_spoken(at_s, words):
    turn = SpokenTurn(sound_of(2.0), (Phrase("call", 0.5, 1.0), Phrase("my mother", 1.2, 2.0)), "en-us", "x", "command")
    assert turn.words_at(at_s) == words


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs the program espeak-ng: apt-get install espeak-ng")
def test_a_sentence_is_spoken_with_silence_where_its_pauses_are():
    turn = spoken_turn(MARKET, "en-us")
    *inside, end = turn.pauses()
    assert [pause.words for pause in inside] == [MARKET.phrases[0], " ".join(MARKET.phrases[:2])]
    assert end.words == " ".join(MARKET.phrases)
    for pause in inside:
        assert PAUSE_S[0] <= pause.pause_s <= PAUSE_S[1]
        silent = pause.samples[frames(pause.speech_end_s) + 1 :]
        assert np.abs(silent).max() < 0.01, "a quiet room, and no speech"
        assert np.abs(pause.samples[frames(pause.speech_end_s) - 1600 :]).max() > 0.05, "speech up to its end"
    again = spoken_turn(MARKET, "en-us")
    assert again.phrases == turn.phrases
    assert np.array_equal(again.samples, turn.samples), "the same each time"
