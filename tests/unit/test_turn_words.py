"""The word model against its table of cases, which it was never trained on, and against the reference code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from localvoice.turn.words import turn_words, words_of

ROOT = Path(__file__).parent.parent.parent
CASES = [
    line.split("\t")
    for line in (ROOT / "tests" / "data" / "turnwords_cases.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


def scores(label: str) -> list[float]:
    return [turn_words().probability(text) or 0.0 for kind, _, text in CASES if kind == label]


def test_finished_utterances_are_told_from_unfinished_ones():
    finished, unfinished = scores("complete"), scores("unfinished")
    assert len(finished) == 75
    assert len(unfinished) == 88
    assert np.mean(np.array(finished) >= 0.2) >= 0.95
    assert np.mean(np.array(unfinished) >= 0.2) <= 0.15


@pytest.mark.parametrize("text", ["Stop.", "Thank you!", "no", "Go on."])
def test_short_commands_are_finished(text):
    assert turn_words().probability(text) > 0.9


@pytest.mark.parametrize("text", ["", "...", "der hund ist auf dem dach", "xyzzy plugh"])
def test_words_the_model_does_not_know_have_no_vote(text):
    assert turn_words().probability(text) is None


def test_digits_count_as_the_words_they_are_read_as():
    assert words_of("Set 5 timers, 42 of them at 555. Ummm...") == (
        ["set", "five", "timers", "forty", "two", "of", "them", "at", "five", "five", "five", "um"]
    )


def test_the_score_is_that_of_the_reference():
    spec = importlib.util.spec_from_file_location("infer", ROOT / "scripts" / "turnwords" / "infer.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    model = reference.TurnWords(ROOT / "localvoice" / "turn" / "turnwords.npz")
    for text in ("what time is it", "set a timer for", "remind me to call mum on", "I would like to"):
        assert turn_words().probability(text) == pytest.approx(model(text), abs=1e-6)
