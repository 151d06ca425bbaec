"""Which of two installed recognisers is taken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from localvoice.model_store.catalogue import Tier
from localvoice.model_store.store import ModelStore
from localvoice.tiers.recogniser_choice import chosen_recogniser, measured_recognisers

MODELS = Path(__file__).parents[1] / "models"
WHISPER, PARAKEET = "base", "parakeet-tdt-0.6b-v3"


@pytest.fixture
def both(tmp_path: Path) -> ModelStore:
    """Both engines' tiny models under the names of real ones."""
    shutil.copytree(MODELS / "stt", tmp_path / "stt" / WHISPER)
    shutil.copytree(MODELS / "stt-parakeet", tmp_path / "stt" / PARAKEET)
    return ModelStore(tmp_path)


@pytest.mark.parametrize(
    ("measured", "language", "taken"),
    [
        ({WHISPER: 0.5, PARAKEET: 0.2}, "en", PARAKEET),
        ({WHISPER: 0.5, PARAKEET: 0.2}, "de-AT", PARAKEET),
        ({WHISPER: 0.2, PARAKEET: 0.5}, "en", WHISPER),
        ({WHISPER: 0.5, PARAKEET: 0.2}, "ja", WHISPER),
        ({}, "en", WHISPER),
        ({PARAKEET: 0.2}, "en", WHISPER),
    ],
)
def test_parakeet_is_taken_where_it_was_measured_faster_and_knows_the_language(both, measured, language, taken):
    chosen = chosen_recogniser(both, Tier.SMALL, language, measured)
    assert chosen is not None
    assert chosen.name == taken


def test_the_only_one_that_is_here_is_taken_where_it_knows_the_language(both):
    shutil.rmtree(both.root / "stt" / WHISPER)
    chosen = chosen_recogniser(both, Tier.SMALL, "en", {})
    assert chosen is not None
    assert chosen.name == PARAKEET
    assert chosen_recogniser(both, Tier.SMALL, "ja", {}) is None


def test_both_are_measured_where_both_are_here_and_none_where_there_is_no_choice(both):
    measured = measured_recognisers(both, Tier.SMALL)
    assert set(measured) == {WHISPER, PARAKEET}
    assert all(seconds > 0 for seconds in measured.values())
    shutil.rmtree(both.root / "stt" / PARAKEET)
    assert measured_recognisers(both, Tier.SMALL) == {}
