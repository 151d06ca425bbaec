"""Written words found in a row of phonemes (plain letters here; any will do)."""

from localvoice.tts.onsets import Onset
from localvoice.tts.phoneme_times import Phoneme, onsets_of_words

STRESS = "\u02c8"
ALONE = {"Most": "moust", "of": "av", "the": "de", "25": "twenti faiv", "left": "left", "Hello": "helou", "now": "nau"}


def phonemes(written: str) -> list[Phoneme]:
    """Ten samples each."""
    return [Phoneme(symbol, 10 * at, 10 * at + 10) for at, symbol in enumerate(written)]


def onsets(text: str, said: str) -> list[Onset]:
    return onsets_of_words(text, phonemes(said), ALONE.__getitem__)


def test_words_and_groups_of_equal_number_are_paired():
    assert onsets("Hello (now)!", f"^hel{STRESS}ou nau!$") == [Onset(0, 0), Onset(7, 80)]


def test_punctuation_between_spaces_is_no_group():
    assert onsets("Hello — now", f"helou {STRESS}, nau") == [Onset(0, 0), Onset(8, 90)]


def test_a_number_of_two_groups_and_two_words_in_one_do_not_shift_the_rest():
    said = f"m{STRESS}oust avde tw{STRESS}enti faiv left"
    of, the, number, left = (10 * said.index(start) for start in ("av", "de", "tw", "left"))
    assert onsets("Most of the 25 left", said) == [
        Onset(0, 0),
        Onset(5, of),
        Onset(8, the),
        Onset(12, number),
        Onset(15, left),
    ]


def test_a_word_said_differently_than_alone_has_no_onset():
    assert onsets("Most of 25", "moust ix twenti faiv") == [Onset(0, 0), Onset(8, 90)]


def test_a_word_begins_with_its_group_even_where_its_first_sound_differs():
    assert onsets("Most the 25", "moust te twenti faiv")[1] == Onset(5, 60)


def test_a_book_gets_no_times():
    assert onsets("Most of the 25 left " * 60, "moust avde twenti faiv left " * 60) == []
