"""Telephone prompts as turns: whole ones, and beginnings of sentences before them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.turns import prompts as module
from benchmarks.turns.corpus import LEAD_S
from benchmarks.turns.people import PAUSE_S
from benchmarks.turns.prompts import DRAWS, LAID, LEARNED, OWN, prompts, turns

TEXTS = """; a comment: not a prompt
conf-thereare: There are currently...
vm-goodbye: Thank you. Please call again.
beep: [this is a beep tone]
digits: one
missing: This one was never recorded.
"""


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch) -> list[module.Prompt]:
    texts = tmp_path / "texts.txt.gz"
    texts.write_bytes(gzip.compress(TEXTS.encode()))
    for name in ("conf-thereare", "vm-goodbye", "beep", "digits"):
        noise = np.random.default_rng(len(name)).normal(0.0, 0.1, 16_000 * 2)
        soundfile.write(tmp_path / f"{name}.wav", noise, 8000)
    monkeypatch.setattr(module, "CACHE", tmp_path)
    # noise is no speech to the VAD: two stretches, as it would find them
    monkeypatch.setattr(module, "stretches", lambda _: [(LEAD_S, 2.0), (2.3, 4.5)])
    return list(prompts(texts, tmp_path))


def test_what_was_recorded_and_has_words_is_a_prompt(recorded):
    assert [(one.name, one.text, one.is_beginning) for one in recorded] == [
        ("conf-thereare", "There are currently", True),
        ("vm-goodbye", "Thank you. Please call again.", False),
    ]


def test_words_are_spread_over_the_speech_between_pauses(recorded):
    assert [phrase.text for phrase in recorded[1].phrases()] == ["Thank you.", "Please call again."]


def test_a_beginning_is_followed_by_a_pause_and_a_whole_prompt(recorded):
    made = list(turns(recorded, "somebody"))
    kinds = sorted(turn.kind for turn in made)
    assert kinds == sorted([OWN] + [LAID if module.half_of("There are currently") == "reporting" else LEARNED] * DRAWS)
    for turn in made:
        if turn.kind != OWN:
            inside, end = turn.pauses()
            assert PAUSE_S[0] <= inside.pause_s <= PAUSE_S[1]
            assert (inside.words, inside.is_finished, end.is_finished) == ("There are currently", False, True)
            assert end.words == "There are currently Thank you. Please call again."


def test_what_is_said_behind_a_beginning_sounds_to_its_end(recorded):
    begun = next(turn for turn in turns(recorded, "somebody") if turn.kind != OWN)
    quiet, loud = (np.std(begun.samples[int(16_000 * at_s) :][:1600]) for at_s in (begun.phrases[0].end_s + 0.02, 7.0))
    assert quiet < 0.01
    assert loud > 0.05
