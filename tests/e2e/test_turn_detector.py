"""smart-turn in the program as its users have it: used where it lies in the store, done without where it is broken."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.spoken import read_events, write_question
from tests.smart_turn import SMART_TURN, needs_smart_turn


def talked(localvoice, model: bytes | Path | None) -> list[dict]:
    """The events of a short conversation with `model` in the store."""
    if model is not None:
        file = Path(localvoice.environ["LOCALVOICE_MODELS"]) / "turn" / "smart-turn-v3.2" / "smart-turn-v3.2-cpu.onnx"
        file.parent.mkdir(parents=True)
        file.write_bytes(model if isinstance(model, bytes) else model.read_bytes())
    write_question(localvoice.folder / "in.wav", 0.5, "what time is it?", 1.5)
    done = localvoice("--input", "in.wav", "--output", "out.wav", "--events", "events.jsonl", "--once")
    assert done.code == 0, done
    return read_events(localvoice.folder / "events.jsonl")


@needs_smart_turn
def test_it_is_used_where_it_is_installed(localvoice):
    localvoice.environ["LOCALVOICE_TURN__SILENCE_MS"] = "8000"  # a busy machine may take its time
    started, *events = talked(localvoice, SMART_TURN)
    assert started["engines"]["turn"] == "smart-turn"
    assert "smart-turn" not in started["starters"]
    [ended] = [event for event in events if event["type"] == "turn_ended"]
    assert ended["reason"] == "complete"


def test_without_it_words_and_pauses_decide(localvoice):
    started, *events = talked(localvoice, None)
    assert started["engines"]["turn"] == "words"
    assert not [event for event in events if event["type"] == "provider_changed"]


def test_a_broken_one_is_named_and_done_without(localvoice):
    started, *events = talked(localvoice, b"not a model")
    assert started["engines"]["turn"] == "words"
    [changed] = [event for event in events if event["type"] == "provider_changed"]
    assert (changed["stage"], changed["from"], changed["to"]) == ("turn", "smart-turn-v3.2", "words")
    assert "models download" in changed["reason"]
