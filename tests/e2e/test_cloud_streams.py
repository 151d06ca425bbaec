"""The program with recognisers that hear along, which are services of this machine here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localvoice.providers import PROVIDERS
from tests.e2e.spoken import MODELS, read_events, write_question
from tests.stt_servers.ears import KEY, Dialect, Ears, listening
from tests.stt_servers.table import STREAMED

QUESTION = "what time is it"


@contextmanager
def serving_beside(dialect: type[Dialect], **options: Any) -> Iterator[Ears]:
    """The service beside the test, in a thread with a loop of its own."""
    ready, over, made = threading.Event(), asyncio.Event(), {}

    async def run() -> None:
        made["loop"] = asyncio.get_running_loop()
        async with listening(dialect, **options) as server:
            made["server"] = server
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield made["server"]
    finally:
        made["loop"].call_soon_threadsafe(over.set)
        thread.join(10)


@contextmanager
def ears(localvoice, name: str, **options: Any) -> Iterator[Ears]:
    """The service of that name, with a planted key."""
    one = STREAMED[name]
    with serving_beside(one.dialect, **{"script": QUESTION} | options) as server:
        localvoice.environ[PROVIDERS[one.provider].key] = KEY
        localvoice.environ[f"LOCALVOICE_ENGINES__{one.provider.upper()}__BASE_URL"] = server.url
        yield server


def spoken_turn(localvoice, *engines: str, further: tuple[str, ...] = ()) -> tuple[Any, list]:
    question = write_question(localvoice.folder / "question.wav", 0.3, "What time is it?")
    sound = ("--input", str(question), "--output", "answer.wav", "--patience", "fast")
    outcome = localvoice(*engines, *sound, "--events", "events.jsonl", *further)
    return outcome, read_events(localvoice.folder / "events.jsonl")


@pytest.mark.parametrize("name", STREAMED)
def test_words_are_heard_along_and_the_key_is_written_nowhere(localvoice, name):
    written = ("--record", "recorded", "--save", "kept.txt", "-v", "--debug")
    one = STREAMED[name]
    with ears(localvoice, name) as server:
        asked = f"{one.provider}:{one.model}" if one.model else one.provider
        outcome, events = spoken_turn(localvoice, "--stt", asked, "--llm", "skills", further=written)
    assert outcome.code == 0, outcome
    (transcript,) = [event for event in events if event["type"] == "transcript"]
    assert (transcript["text"], transcript["engine"]) == (QUESTION, one.provider)
    partials = [event["text"].lower() for event in events if event["type"] == "partial"]
    assert partials
    assert all(QUESTION.startswith(text) for text in partials)
    assert [event for event in events if event["type"] in {"provider_changed", "error"}] == []
    assert server.is_known(server.headers[0])
    files = [path for path in localvoice.root.rglob("*") if path.is_file()]
    assert len(files) > 6
    places = [outcome.out.encode(), outcome.err.encode(), *(path.read_bytes() for path in files)]
    assert not any(KEY.encode() in place for place in places)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_service_that_dies_in_the_middle_of_a_turn_costs_no_word(localvoice, at):
    local = f"faster-whisper:{Path(MODELS) / 'stt'}"
    with ears(localvoice, "deepgram", dies_at=at, close_with=(1011, f"NET-0000 {KEY}")):
        outcome, events = spoken_turn(localvoice, "--stt", f"deepgram,{local}", "--llm", "skills")
    assert outcome.code == 0, outcome
    assert KEY not in outcome.err
    changes = [event for event in events if event["type"] == "provider_changed"]
    assert (changes[0]["from"], changes[0]["to"]) == ("deepgram", "faster-whisper")
    assert [one["reason"] for one in changes[1:]] in ([], ["it works again"])
    assert "NET-0000 ***" in changes[0]["reason"]
    (transcript,) = [event for event in events if event["type"] == "transcript"]
    assert transcript["engine"] == "faster-whisper"
    assert [event["type"] for event in events].count("reply_finished") == 1
