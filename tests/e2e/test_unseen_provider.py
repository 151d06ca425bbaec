"""A provider that nobody has seen takes one file and one row: those on docs/adding-a-provider.md, as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.e2e.spoken import read_events, write_question
from tests.e2e.test_cloud_streams import serving_beside
from tests.stt_servers.ears import KEY, Dialect

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-provider.md"
INSTALL = """
import localvoice.stt, localvoice.providers as providers
from localvoice.providers import Price, Provider

localvoice.stt.__path__.append({folder!r})
providers.PROVIDERS["murmur"] = {row}
"""
"""Run before the program: what a pull request would change."""


class Murmur(Dialect):
    header = "X-Key"

    def hear(self, message: str | bytes) -> Iterable[str]:
        if isinstance(message, bytes):
            self.sound.hear(message)
            yield json.dumps({"words": self.fresh, "done": False})
        else:
            assert json.loads(message)["ask"] in {"so far", "the rest"}
            yield json.dumps({"words": self.settle(), "done": True})


@pytest.fixture
def with_murmur(localvoice):
    """The program with that file and that row."""
    module, row, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    folder = localvoice.root / "change"
    folder.mkdir()
    (folder / "murmur.py").write_text(module)
    (folder / "sitecustomize.py").write_text(INSTALL.format(folder=str(folder), row=row.strip()))
    localvoice.environ["PYTHONPATH"] = f"{folder}:{localvoice.environ['PYTHONPATH']}"
    return localvoice


def test_it_hears_along(with_murmur):
    question = write_question(with_murmur.folder / "question.wav", 0.3, "What time is it?")
    with serving_beside(Murmur, script="what time is it") as server:
        with_murmur.environ |= {"MURMUR_API_KEY": KEY, "LOCALVOICE_ENGINES__MURMUR__BASE_URL": server.url}
        sound = ("--input", question, "--output", "answer.wav", "--patience", "fast")
        outcome = with_murmur("--stt", "murmur", "--llm", "skills", *sound, "--events", "events.jsonl")
    assert outcome.code == 0, outcome
    events = read_events(with_murmur.folder / "events.jsonl")
    (transcript,) = [event for event in events if event["type"] == "transcript"]
    assert (transcript["text"], transcript["engine"]) == ("what time is it", "murmur")
    assert [event for event in events if event["type"] == "partial"]
    (metrics,) = [event for event in events if event["type"] == "turn_metrics"]
    assert metrics["cost_usd"] > 0


def test_its_key_is_asked_for_listed_and_checked(with_murmur):
    with serving_beside(Murmur) as server:
        with_murmur.environ["LOCALVOICE_ENGINES__MURMUR__BASE_URL"] = server.url
        with_murmur.environ["MURMUR_API_KEY"] = KEY
        listed = with_murmur("keys", "list")
        examined = json.loads(with_murmur("doctor", "--json", "--online").out)
    assert re.search(r"murmur\s+MURMUR_API_KEY\s+environment", listed.out)
    assert "takes the key" in str([check for check in examined["checks"] if check["name"] == "service murmur"])
    del with_murmur.environ["MURMUR_API_KEY"], with_murmur.environ["LOCALVOICE_ENGINES__MURMUR__BASE_URL"]
    question = write_question(with_murmur.folder / "question.wav", "What time is it?")
    assert "MURMUR_API_KEY" in with_murmur.refusal("transcribe", question, "--stt", "murmur", code=2)
