"""Words over a reply: what stops it, what only shows attention, what answers it, what is its own echo."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from localvoice.config import Config, SessionConfig, TurnConfig
from localvoice.turn.decisions import Dismissal
from localvoice.turn.lexicon import Lexicon, is_echo, plain_words
from localvoice.turn.observations import OverlapRead, ReplyContext
from localvoice.turn.overlap import OverlapPolicy
from localvoice.turn.speech_gate import WINDOW_S
from localvoice.turn.word_lists import BUILT_IN

CASES = Path(__file__).parents[1] / "data" / "overlap_cases.tsv"


def cases() -> list[tuple[str, ...]]:
    with CASES.open(encoding="utf-8", newline="") as lines:
        return [tuple(row.values()) for row in csv.DictReader(lines, delimiter="\t")]


@pytest.mark.parametrize(("language", "saying", "asked", "heard", "outcome"), cases())
def test_words_over_a_reply_are_taken_for_what_they_are(language, saying, asked, heard, outcome):
    judge = OverlapPolicy(Config(session=SessionConfig(language=language)))
    overlap = judge.begin(10.0, 0.9)
    for count in range(2, 9):
        judge.step(overlap, 10.0 + count * WINDOW_S, 0.9, is_speech=True)
    judge.take(overlap, ReplyContext(10.0, 1, saying, asked == "yes"))
    judge.step(overlap, 10.0 + 11 * WINDOW_S, 0.0, is_speech=False)
    verdict = judge.take(overlap, OverlapRead(10.5, 1, heard, rejected=False))
    assert verdict == (True if outcome == "barge_in" else Dismissal(outcome))


@pytest.mark.parametrize("language", BUILT_IN)
def test_no_word_both_stops_and_shows_attention(language):
    lists = BUILT_IN[language]
    assert not set(map(plain_words, lists.stop)) & set(map(plain_words, (*lists.attention, *lists.answers)))


def test_words_of_ones_own_replace_the_built_in_ones_or_join_them():
    alone = Lexicon(TurnConfig(stop_words=("Genug jetzt",), backchannels=()), "en-GB")
    assert alone.has_stop_word("das ist genug jetzt")
    assert not alone.has_stop_word("stop")
    assert not alone.is_attention("mm hm")
    assert not alone.is_attention("haha")
    both = Lexicon(TurnConfig(stop_words=("auto", "schnauze"), backchannels=("auto", "tja")), "de_DE")
    assert both.has_stop_word("stopp")
    assert both.has_stop_word("schnauze")
    assert both.is_attention("tja mhm")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Mm-Hm!", "mm hm"),
        ("I'd rather—stop.", "i'd rather stop"),
        ("Ça", "ca"),
        ("d\u2019accord", "d'accord"),
        ("", ""),
    ],
)
def test_words_are_compared_without_case_marks_and_accents(text, plain):
    assert plain_words(text) == plain


@pytest.mark.parametrize(
    ("words", "said", "answer"),
    [
        ("green forest", "lived in a green forest near", True),
        ("green forrest", "lived in a green forest near", True),
        ("forest green", "lived in a green forest near", True),
        ("green green green", "lived in a green forest near", False),
        ("no", "i know now", False),
        ("the forest please", "lived in the forest", False),
        ("forest", "", False),
        ("", "forest", False),
    ],
)
def test_an_echo_is_made_of_words_being_said(words, said, answer):
    assert is_echo(words, said) is answer
