"""The silence around a clause, and when its words sound."""

import numpy as np
import pytest

from localvoice.messages import WordTime
from localvoice.tts.onsets import Onset, word_times
from localvoice.tts.trim import pause_after, trimmed

RATE_HZ = 1000


def sound(*stretches: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(count, level, dtype=np.float32) for count, level in stretches])


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        ("Yes.", 0.30),
        ('"Really?"\n', 0.30),
        ("**Oh!** ", 0.30),
        ("first;", 0.24),
        ("so,", 0.16),
        ("words", 0.03),
        ("", 0.03),
    ],
)
def test_the_pause_follows_the_last_mark(text: str, pause_s: float):
    assert pause_after(text) == pause_s


def test_silence_in_front_is_five_milliseconds_and_behind_is_the_pause():
    samples, _ = trimmed(sound((100, 0.001), (50, 0.5), (400, 0.003)), RATE_HZ, (), 0.03)
    assert samples.tolist() == sound((5, 0.001), (50, 0.5), (30, 0.0)).tolist()


def test_less_silence_in_front_stays():
    samples, _ = trimmed(sound((2, 0.0), (50, 0.5)), RATE_HZ, (), 0.01)
    assert len(samples) == 62


def test_words_move_with_the_sound_and_end_with_it():
    samples = sound((100, 0.0), (50, 0.5), (100, 0.0), (50, 0.5), (10, 0.0))
    words = (WordTime(0, 2, 0.0, 0.240), WordTime(3, 5, 0.240, 0.310))
    assert trimmed(samples, RATE_HZ, words, 0.3)[1] == (WordTime(0, 2, 0.0, 0.055), WordTime(3, 5, 0.145, 0.205))


def test_nothing_but_silence_gives_nothing():
    samples, words = trimmed(sound((100, 0.003)), RATE_HZ, (WordTime(0, 1, 0.0, 0.1),), 0.3)
    assert (len(samples), words) == (0, ())


def test_several_onsets_in_a_word_are_one_time():
    onsets = [Onset(0, 0), Onset(5, 200), Onset(8, 400), Onset(11, 600)]
    assert word_times("it's 10:30 now", onsets, 1000, RATE_HZ) == [
        WordTime(0, 4, 0.0, 0.2),
        WordTime(5, 10, 0.2, 0.6),
        WordTime(11, 14, 0.6, 1.0),
    ]


def test_a_word_without_an_onset_shares_the_time_of_the_word_before():
    assert word_times("one of the two", [Onset(0, 0), Onset(4, 200), Onset(11, 400)], 600, RATE_HZ) == [
        WordTime(0, 3, 0.0, 0.2),
        WordTime(4, 10, 0.2, 0.4),
        WordTime(11, 14, 0.4, 0.6),
    ]


def test_an_onset_that_points_back_is_ignored():
    assert word_times("one two", [Onset(0, 0), Onset(4, 100), Onset(1, 200)], 300, RATE_HZ) == [
        WordTime(0, 3, 0.0, 0.1),
        WordTime(4, 7, 0.1, 0.3),
    ]


@pytest.mark.parametrize(("text", "onsets"), [("", []), ("words", []), ("—", [Onset(0, 0)])])
def test_without_onsets_or_words_there_are_no_times(text: str, onsets: list[Onset]):
    assert word_times(text, onsets, 100, RATE_HZ) == []
