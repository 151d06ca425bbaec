"""The language of a recogniser that knows many: fixed, or found once and kept until it no longer fits."""

from __future__ import annotations

from localvoice.stt.spoken_language import SpokenLanguage

SURE_TEXT, DOUBTFUL_TEXT = -0.2, -1.1


def found(code: str = "de", probability: float = 0.95) -> SpokenLanguage:
    language = SpokenLanguage()
    assert not language.code
    language.found(code, probability)
    return language


def test_a_fixed_language_stays_whatever_is_heard():
    language = SpokenLanguage("en")
    language.found("de", 0.99)
    for _ in range(5):
        language.heard(DOUBTFUL_TEXT)
    assert (language.code, language.last) == ("en", "en")


def test_a_language_that_was_found_is_kept():
    language = found()
    for _ in range(5):
        language.heard(SURE_TEXT)
    assert language.code == "de"


def test_one_that_was_found_in_doubt_counts_for_these_words_only():
    language = found(probability=0.5)
    assert (language.code, language.last) == ("", "de")


def test_texts_that_the_model_doubts_in_a_row_make_it_ask_again():
    language = found()
    language.heard(DOUBTFUL_TEXT)
    assert language.code == "de"
    language.heard(DOUBTFUL_TEXT)
    assert language.code == ""
    language.found("en", 0.9)
    assert language.code == "en"


def test_a_doubtful_text_now_and_then_does_not():
    language = found()
    for logprob in (DOUBTFUL_TEXT, SURE_TEXT) * 4:
        language.heard(logprob)
    assert language.code == "de"
