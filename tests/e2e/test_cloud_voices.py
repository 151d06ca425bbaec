"""The program with each streaming voice and Anthropic's model, services of this machine: heard, paid, no key told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import soundfile

from tests import anthropic_server
from tests.cloud_orders import PLANTED
from tests.e2e.spoken import read_events
from tests.scripted_server import serving
from tests.voice_servers.azure_server import Azure
from tests.voice_servers.cartesia_server import Cartesia
from tests.voice_servers.deepgram_server import Deepgram
from tests.voice_servers.mouth import Manner, voicing
from tests.voice_servers.sarvam_server import Sarvam

VARIABLES = {
    Cartesia: "CARTESIA_API_KEY",
    Deepgram: "DEEPGRAM_API_KEY",
    Sarvam: "SARVAM_API_KEY",
    Azure: "AZURE_SPEECH_KEY",
}
REPLY = "Hello there, my friend. How are you?"


@contextmanager
def services(localvoice, manner: type[Manner], refuses: int) -> Iterator[str]:
    """Beside the test, with planted keys; yields the voice's name."""
    name, ready, over, urls = manner.__name__.lower(), threading.Event(), asyncio.Event(), []

    async def run() -> None:
        pieces = [f"{word} " for word in REPLY.split()]
        async with voicing(manner, refuses=refuses) as mouth, serving(anthropic_server.message(*pieces)) as model:
            urls.extend([mouth.url, model.url, asyncio.get_running_loop()])
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    localvoice.environ |= {VARIABLES[manner]: PLANTED, "ANTHROPIC_API_KEY": PLANTED}
    localvoice.environ[f"LOCALVOICE_ENGINES__{name.upper()}__BASE_URL"] = urls[0]
    localvoice.environ["LOCALVOICE_ENGINES__ANTHROPIC__BASE_URL"] = urls[1]
    try:
        yield name
    finally:
        urls[2].call_soon_threadsafe(over.set)
        thread.join(10)


@pytest.mark.parametrize("manner", VARIABLES, ids=lambda manner: manner.__name__.lower())
@pytest.mark.parametrize("refuses", [0, 401])
def test_a_reply_is_spoken_and_no_key_is_written_anywhere(localvoice, manner, refuses):
    words = ("talk", "--text", "--once", "--debug", "--llm", "anthropic", "--output", "reply.wav")
    written = ("--events", "events.jsonl", "--save", "kept.txt")
    with services(localvoice, manner, refuses) as name:
        outcome = localvoice(*words, "--tts", name, *written, stdin="hi, who are you\n")
    assert outcome.code == 0, outcome.err
    events = read_events(localvoice.folder / "events.jsonl")
    (finished,) = [event for event in events if event["type"] == "reply_finished"]
    assert finished["heard"].split() == REPLY.split()
    changes = [(event["from"], event["to"]) for event in events if event["type"] == "provider_changed"]
    assert changes == ([(name, "espeak")] if refuses else [])
    (metrics,) = [event for event in events if event["type"] == "turn_metrics"]
    assert metrics["tokens"] == {"prompt": 17, "completion": 7, "cached": 4}
    assert metrics["cost_usd"] > 0
    assert soundfile.info(localvoice.folder / "reply.wav").duration > 1
    files = [path for path in localvoice.root.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for place in (outcome.out.encode(), outcome.err.encode(), *(path.read_bytes() for path in files)):
        assert PLANTED.encode() not in place
