"""Words that nobody said: scripted scores and texts (tests/data/invented.toml)."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from localvoice.stt.invented import Disbelief, Evidence

CASES = tomllib.loads((Path(__file__).parents[1] / "data" / "invented.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['text'][:24]}-{case['why'] or 'believed'}")
def test_a_text_is_believed_unless_the_evidence_is_against_it(case):
    known = {name: value for name, value in case.items() if name not in {"why", "prompt"}}
    assert Disbelief(prompt=case.get("prompt", "")).why(Evidence(**known)) == case["why"]


@pytest.mark.parametrize(("model", "logprob"), [("tiny.en", -1.05), ("small.en", -0.95), ("large-v3-turbo", -0.85)])
def test_each_model_has_a_mark_of_its_own(model, logprob):
    unsure = Evidence("the quick brown fox", no_speech=0.9, logprob=logprob)
    believed = Disbelief.of_model(model).why(unsure) == ""
    assert believed == (model == "tiny.en")
    assert Disbelief.of_model("/models/stt/base.en").why(unsure) == ("doubt" if logprob < -1.0 else "")


def test_the_less_speech_the_sooner_a_text_is_doubted():
    verdicts = [bool(Disbelief().why(Evidence("thank you so much", speech_s=tenths / 10))) for tenths in range(10)]
    assert verdicts == sorted(verdicts, reverse=True)
    assert verdicts[0]
    assert not verdicts[-1]
