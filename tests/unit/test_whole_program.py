"""What the benchmark of the whole program makes of two files and the events."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from benchmarks.turns import whole_program
from benchmarks.turns.corpus import Phrase, SpokenTurn, frames
from benchmarks.turns.whole_program import Question, Seen, asked, chosen, figures, look

ASKED = Question(start_s=2.0, end_s=5.0, until_s=9.0)


def turn(*phrases: Phrase) -> SpokenTurn:
    """A loud sound where there is a phrase; breath behind it."""
    sound = np.full(frames(phrases[-1].end_s + 0.2), 1e-3, dtype=np.float32)
    for phrase in phrases:
        sound[frames(phrase.start_s) : frames(phrase.end_s)] = 0.5
    return SpokenTurn(sound, phrases, "prompts", "prompts", "natural")


def seen(ended_s: list[float], audible_s: list[float]) -> Seen:
    found = Seen()
    look([ASKED], [{"type": "turn_ended", "t": at_s} for at_s in ended_s], np.array(audible_s), found)
    return found


def test_a_question_ends_with_its_last_loud_sample_wherever_it_lies():
    user, questions = asked(
        [turn(Phrase("one two", 0.5, 1.5)), turn(Phrase("three", 0.5, 1.0), Phrase("four", 1.4, 2))]
    )
    assert [(one.start_s, one.end_s) for one in questions] == [(2.0, 3.5), (pytest.approx(8.2), pytest.approx(10.2))]
    assert questions[0].until_s == questions[1].start_s
    assert user.words_at(2.0, 8.0) == "one two"
    assert user.words_at(8.0, 12.0) == "three four"


def test_an_answer_counts_from_the_end_of_the_question():
    found = seen([5.25], [1.0, 5.3, 5.4, 9.5])
    assert found.ends_s == [0.25]
    assert found.answers_s == pytest.approx([0.3])
    assert (found.early_ends, found.early_answers, found.unanswered) == (0, 0, 0)


def test_an_end_inside_a_question_is_early_and_the_one_behind_it_counts():
    found = seen([3.0, 4.96, 5.2], [5.3])
    assert (found.early_ends, found.ends_s) == (1, [pytest.approx(-0.04)])


def test_what_is_said_into_a_question_is_no_answer():
    found = seen([3.0, 5.2], [4.9, 5.3])
    assert (found.early_answers, found.answers_s, found.ends_s) == (1, [], [])


def test_a_question_without_a_sound_behind_it_is_unanswered():
    row = figures(seen([5.2], [1.0, 9.5]))
    assert (row["questions"], row["unanswered"], row["end_to_first_sample_ms"]) == (1, 1, [None, None])


def test_only_whole_sentences_are_asked(tmp_path, monkeypatch):
    texts = ("That is the right number.", "for billing press", "Thank you.", "unavailable at the moment.")
    for number, text in enumerate(texts):
        soundfile.write(tmp_path / f"{number}.wav", np.zeros(16), 16_000)
        (tmp_path / f"{number}.txt").write_text(text + "\n", encoding="utf-8")
    monkeypatch.setattr(whole_program, "turns_of", lambda path: iter([path.stem]))
    assert chosen(tmp_path, 9, seed=1) == ["0"]


def test_a_program_that_ends_before_it_began_to_listen_has_spent_nothing_known(tmp_path):
    program = subprocess.Popen([sys.executable, "-c", ""])
    assert math.isnan(whole_program.spent_a_minute(program, tmp_path / "events.jsonl"))
    assert program.returncode == 0
