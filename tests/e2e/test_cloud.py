"""The program with cloud engines, which are services of this machine here: answers, failures, secrets."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.spoken import read_events, write_question
from tests.elevenlabs_server import speaking
from tests.scripted_server import completion, cut_after, delta, failure, serving, status

GROQ_KEY, ELEVENLABS_KEY = "gsk_planted0123456789", "sk_planted9876543210"
STORY = "Once there was a fox. It lived in a green forest."
HELLO = completion("Hello ", "from ", "afar.")
TRANSCRIPT = status(200, {"text": " Tell me about the fox."})


async def service(request, peer, chat=HELLO) -> None:
    """Groq: transcripts and replies."""
    await (TRANSCRIPT if "transcriptions" in request.path else chat)(request, peer)


@contextmanager
def services(localvoice, chat=HELLO, **voice) -> Iterator[dict]:
    """Groq and ElevenLabs beside the test, with planted keys; yields the servers by name."""
    ready, over, servers = threading.Event(), asyncio.Event(), {}

    async def run() -> None:
        servers["loop"] = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:

            async def answer(request, peer) -> None:
                await service(request, peer, chat)

            servers["groq"] = await stack.enter_async_context(serving(answer))
            servers["elevenlabs"] = await stack.enter_async_context(speaking(**voice))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    localvoice.environ |= {"GROQ_API_KEY": GROQ_KEY, "ELEVENLABS_API_KEY": ELEVENLABS_KEY}
    for name in ("groq", "elevenlabs"):
        localvoice.environ[f"LOCALVOICE_ENGINES__{name.upper()}__BASE_URL"] = servers[name].url
    try:
        yield servers
    finally:
        servers["loop"].call_soon_threadsafe(over.set)
        thread.join(10)


def planted(*places: str | bytes | Path) -> list[str]:
    """Where a key can be read."""
    found = []
    for place in places:
        data = place.read_bytes() if isinstance(place, Path) else place.encode() if isinstance(place, str) else place
        found += [str(place)[:200] for key in (GROQ_KEY, ELEVENLABS_KEY) if key.encode() in data]
    return found


def test_a_question_is_answered_by_the_service(localvoice):
    with services(localvoice) as servers:
        outcome = localvoice("ask", "who are you", "--llm", "groq", "--output", "none")
    assert (outcome.code, outcome.out, outcome.complaints) == (0, "Hello from afar.\n", [])
    assert servers["groq"].requests[0].headers["authorization"] == f"Bearer {GROQ_KEY}"


@pytest.mark.parametrize("chat", [HELLO, failure(401, f"no {GROQ_KEY}"), failure(500, GROQ_KEY)])
def test_a_key_is_written_nowhere(localvoice, chat):
    question = write_question(localvoice.folder / "question.wav", 0.3, "Tell me about the fox.")
    engines = ("--stt", "groq", "--llm", "groq", "--tts", "elevenlabs")
    sound = ("--input", question, "--output", "answer.wav", "--patience", "fast")
    written = ("--events", "events.jsonl", "--record", "recorded", "--save", "kept.txt")
    with services(localvoice, chat):
        outcome = localvoice(*engines, *sound, *written, "-v", "--debug")
    assert outcome.code == 0, outcome
    files = [path for path in localvoice.root.rglob("*") if path.is_file()]
    assert len(files) > 6
    assert planted(outcome.out, outcome.err, *files) == []
    localvoice.environ["COLUMNS"] = "400"
    for words in (("config", "show", "--all"), ("keys", "list")):
        shown = localvoice(*words)
        assert planted(shown.out, shown.err) == []


def test_a_service_that_refuses_is_told_once_and_replaced(localvoice):
    with services(localvoice, failure(401, "no")) as servers:
        words = ("--text", "--llm", "groq", "--output", "none", "--events", "events.jsonl")
        outcome = localvoice(*words, stdin="who are you\nwhat is 2 plus 2\nwho is there\n")
        assert outcome.code == 0
        assert len(servers["groq"].requests) == 1
    events = read_events(localvoice.folder / "events.jsonl")
    (change,) = [event for event in events if event["type"] == "provider_changed"]
    assert (change["stage"], change["from"], change["to"]) == ("llm", "groq", "skills")
    assert "GROQ_API_KEY" in change["reason"]
    first = next(event for event in events if event["type"] == "reply_started")
    assert first["engine"] == "skills"


def test_a_service_that_breaks_off_with_nobody_to_go_on_is_heard_of(localvoice):
    with services(localvoice, cut_after(300, delta("Once there "), delta("was a fox. ") * 9)):
        localvoice.environ["LOCALVOICE_ENGINES__FALLBACK"] = "false"
        outcome = localvoice("ask", "tell me about the fox", "--llm", "groq", "--output", "none")
    assert outcome.code == 5
    assert "Traceback" not in outcome.err
    assert "trouble thinking" in outcome.out


def test_a_service_that_cannot_be_reached_ends_it_where_nobody_stands_behind_it(localvoice):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    localvoice.environ |= {"GROQ_API_KEY": GROQ_KEY, "LOCALVOICE_ENGINES__GROQ__BASE_URL": f"http://127.0.0.1:{port}"}
    words = ("--text", "--once", "--llm", "groq", "--no-fallback", "--output", "none")
    said = localvoice.refusal(*words, code=5, stdin="hello there friend\n")
    assert "groq cannot be reached" in said
    assert said.endswith("; try again, or name another engine behind it")
    outcome = localvoice("ask", "what is 2 plus 2", "--llm", "groq", "--output", "none")
    assert (outcome.code, outcome.out) == (0, "2 plus 2 is 4.\n")


@pytest.mark.parametrize("dies_after", [None, 2400, 40_000, 70_000])
def test_a_spoken_turn_through_services_that_may_die(localvoice, dies_after):
    question = write_question(localvoice.folder / "question.wav", 0.3, "Tell me about the fox.")
    words = [f"{word} " for word in STORY.split()]
    with services(localvoice, completion(*words), pieces=4, dies_after=dies_after):
        engines = ("--stt", "groq", "--llm", "groq", "--tts", "elevenlabs")
        outcome = localvoice(
            *engines, "--input", question, "--output", "answer.wav", "--events", "events.jsonl", "--patience", "fast"
        )
    assert outcome.code == 0, outcome
    events = read_events(localvoice.folder / "events.jsonl")
    assert events[0]["engines"]["tts"] == "elevenlabs"
    (finished,) = [event for event in events if event["type"] == "reply_finished"]
    assert finished["text"].split() == finished["heard"].split() == STORY.split()
    changes = [event["to"] for event in events if event["type"] == "provider_changed"]
    assert changes == ([] if dies_after is None else ["espeak"])


def test_offline_the_services_of_this_machine_stay_and_it_is_said_why(localvoice):
    with services(localvoice):
        words = ("--offline", "--text", "--llm", "groq", "--output", "none", "--events", "events.jsonl")
        outcome = localvoice(*words, stdin="who are you\n")
    assert (outcome.code, outcome.out) == (0, "Hello from afar.\n")
    started = read_events(localvoice.folder / "events.jsonl")[0]
    assert (started["offline"], started["offline_reason"]) == ("guarded", "this machine's own groq would be lost")
