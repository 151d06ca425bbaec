"""Which tier suits a machine by its figures, and how long these are believed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from localvoice.model_store.catalogue import Tier
from localvoice.tiers import known_speeds, measuring
from localvoice.tiers.known_speeds import KnownSpeeds
from localvoice.tiers.speeds import Speeds, expected, recommended, why

LAPTOP = Speeds(0.25, 1500.0, 400.0, 0.08, 6_000_000_000, 4)
DESKTOP = Speeds(0.1, 5000.0, 1200.0, 0.03, 24_000_000_000, 8)
CARD = replace(DESKTOP, card_bytes=8_000_000_000, card="RTX 4060")


@pytest.mark.parametrize(
    ("speeds", "tier"),
    [
        pytest.param(LAPTOP, Tier.SMALL, id="too slow for more"),
        pytest.param(DESKTOP, Tier.STANDARD, id="quick enough"),
        pytest.param(
            replace(DESKTOP, free_bytes=5_000_000_000), Tier.SMALL, id="quick, but half of 5 GB is too little"
        ),
        pytest.param(CARD, Tier.LARGE, id="a graphics card"),
        pytest.param(replace(CARD, card_bytes=4_000_000_000), Tier.STANDARD, id="a small graphics card"),
        pytest.param(replace(DESKTOP, synthesiser_factor=1.0), Tier.SMALL, id="slow at one thing only"),
        pytest.param(replace(LAPTOP, free_bytes=500_000_000), Tier.SMALL, id="too little memory for anything"),
    ],
)
def test_the_largest_tier_that_fits_and_answers_soon_is_recommended(speeds, tier):
    assert recommended(speeds).tier is tier


def test_a_larger_tier_takes_longer_in_every_stage():
    small, standard = (expected(DESKTOP, tier) for tier in (Tier.SMALL, Tier.STANDARD))
    assert small.recogniser_ms < standard.recogniser_ms
    assert small.first_token_ms < standard.first_token_ms
    assert small.total_ms < standard.total_ms


def test_what_does_not_fit_says_so():
    assert "too large for memory" in expected(replace(LAPTOP, free_bytes=2_000_000_000), Tier.STANDARD).line
    assert "too large" not in expected(DESKTOP, Tier.STANDARD).line


def test_a_tier_that_wants_a_card_says_so():
    assert expected(DESKTOP, Tier.LARGE).line.endswith("wants a graphics card of 6 GB")
    assert "card" not in expected(CARD, Tier.LARGE).line


@pytest.mark.parametrize(
    ("speeds", "reason"),
    [
        pytest.param(DESKTOP, "Tier standard is the largest", id="the largest that will do"),
        pytest.param(LAPTOP, "Tier small: the next one takes more", id="small enough, and no more"),
        pytest.param(replace(LAPTOP, recogniser_s=1.0), "No tier answers within 1.2 s", id="too slow for all"),
        pytest.param(
            replace(LAPTOP, free_bytes=600_000_000), "No tier fits into half of the free memory", id="no room"
        ),
    ],
)
def test_why_it_is_recommended_is_told(speeds, reason):
    assert why(speeds).startswith(reason)


@pytest.fixture
def memory(tmp_path) -> KnownSpeeds:
    return KnownSpeeds(tmp_path / "state" / "speed.json", "this machine")


def test_figures_are_remembered_until_the_machine_is_another(memory, tmp_path):
    assert memory.recall() is None
    assert memory.keep(LAPTOP)
    assert memory.recall() == LAPTOP
    assert KnownSpeeds(tmp_path / "state" / "speed.json", "another machine").recall() is None
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["speed.json"]


@pytest.mark.parametrize(
    "change",
    [{"form": 2}, {"speeds": {}}, {"speeds": 3}, {"speeds": {"recogniser_s": "soon"}}, {"machine": None}],
)
def test_a_damaged_file_counts_as_none(memory, tmp_path, change):
    memory.keep(LAPTOP)
    file = tmp_path / "state" / "speed.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
    assert memory.recall() is None
    file.write_text("{", encoding="utf-8")
    assert memory.recall() is None


def test_figures_of_nothing_are_not_believed(memory):
    memory.keep(replace(LAPTOP, decode_tokens_per_s=0.0))
    assert memory.recall() is None


def test_a_place_that_cannot_be_written_is_told_and_no_failure(tmp_path):
    (tmp_path / "state").write_text("a file")
    assert not KnownSpeeds(tmp_path / "state" / "speed.json", "here").keep(LAPTOP)


def test_more_memory_is_another_machine(monkeypatch):
    before = known_speeds.fingerprint()
    monkeypatch.setattr(known_speeds, "total_bytes", lambda: 2**40)
    assert known_speeds.fingerprint() != before


@pytest.mark.parametrize(
    "question",
    ["import os; os.abort()", "raise SystemExit(3)", "print('no')", "import time; time.sleep(9)"],
)
def test_a_graphics_card_that_ends_the_process_is_none(monkeypatch, question):
    monkeypatch.setattr(measuring, "_CARD_QUESTION", question)
    monkeypatch.setattr(measuring, "_PROBE_S", 1.0)
    assert measuring.working_card() == measuring.Card()


def test_a_graphics_card_that_computes_is_named(monkeypatch, tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!{sys.executable}\nprint('RTX 4060, 8188')\n")
    program.chmod(0o755)
    monkeypatch.setattr(measuring, "_CARD_QUESTION", "print('works')")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert measuring.working_card() == measuring.Card("RTX 4060", 8188 * 2**20)
