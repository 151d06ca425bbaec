from __future__ import annotations

from pathlib import Path

from store_bench import VOICE_FILES, Bench, fill

from localvoice.commands.first_run import accepts
from localvoice.model_store.catalogue import Tier
from localvoice.model_store.offer import Offer, first_run_offer


class Asked:
    """A person with one answer."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.questions: list[str] = []

    def __call__(self, question: str) -> bool:
        self.questions.append(question)
        return self.answer


def test_the_offer_names_size_source_and_licence_of_what_is_missing(bench: Bench) -> None:
    fill(bench.store.root / "tts" / "en_US-ann-medium", VOICE_FILES)
    offer = first_run_offer(bench.store, Tier.SMALL)
    assert [model.name for model in offer.models] == ["mini.en"]
    assert "\n" not in offer.line
    assert "localvoice models download --tier small" in offer.line
    assert offer.details == "  mini.en: Mini, 300 kB, from test/mini, licence MIT"


def test_where_all_is_here_nothing_is_offered_or_asked(bench: Bench, tmp_path: Path) -> None:
    person = Asked(True)
    assert first_run_offer(bench.store, Tier.LARGE).is_empty
    assert not accepts(Offer(Tier.SMALL, ()), person, tmp_path / "asked")
    assert person.questions == []


def test_a_no_is_remembered_for_that_tier(bench: Bench, tmp_path: Path) -> None:
    offer = first_run_offer(bench.store, Tier.SMALL)
    person = Asked(False)
    memory = tmp_path / "state" / "asked"
    assert not accepts(offer, person, memory)
    assert not accepts(offer, person, memory)
    assert len(person.questions) == 1
    assert "licence MIT" in person.questions[0]
    assert not accepts(Offer(Tier.STANDARD, offer.models), person, memory)
    assert len(person.questions) == 2


def test_a_yes_is_asked_again_while_models_are_missing(bench: Bench, tmp_path: Path) -> None:
    person = Asked(True)
    offer = first_run_offer(bench.store, Tier.SMALL)
    assert accepts(offer, person, tmp_path / "asked")
    assert accepts(offer, person, tmp_path / "asked")


def test_a_state_folder_that_cannot_be_written_is_no_error(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not accepts(first_run_offer(bench.store, Tier.SMALL), Asked(False), tmp_path / "file" / "asked")
