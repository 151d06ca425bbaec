from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from store_bench import VOICE_FILES, Bench, fill

from localvoice.commands.first_run import accepts, ask_on_terminal
from localvoice.model_store.catalogue import Tier
from localvoice.model_store.offer import Offer, first_run_offer
from localvoice.model_store.store import ModelStore


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


@pytest.mark.parametrize(
    ("typed", "expected"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_the_question_leaves_standard_output_to_sound_and_events(
    typed: str, expected: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert ask_on_terminal("Download now?") is expected
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "Download now? [y/N]: "


def test_an_answer_that_is_none_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("what time is it\ny\n"))
    assert ask_on_terminal("Download now?")
    assert capsys.readouterr().err.count("[y/N]") == 2


def test_ctrl_c_at_the_question_is_no_answer(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def readline(self) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        accepts(first_run_offer(bench.store, Tier.SMALL), ask_on_terminal, tmp_path / "asked")
    assert not (tmp_path / "asked").exists(), "nobody said no"


def test_models_of_another_language_are_not_offered(tmp_path: Path) -> None:
    offer = first_run_offer(ModelStore(tmp_path), Tier.SMALL, "de")
    names = ["base", "qwen3-0.6b", "smart-turn-v3.2"]
    assert [model.name for model in offer.models] == names
    assert f"`localvoice models download {' '.join(names)}`" in offer.line
