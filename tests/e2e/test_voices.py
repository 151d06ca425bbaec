"""`localvoice voices`: what is listed, from where, and how one sounds."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import soundfile

from tests.elevenlabs_server import timed_lines
from tests.scripted_server import Answer, ScriptedServer, failure, serving, status

KEY = "sk_planted9876543210"
RACHEL = {"voice_id": "21m00Tcm4TlvDq8ikWAM", "name": "Rachel", "labels": {"accent": "american", "language": "en"}}
PAGES = {
    "": {"voices": [RACHEL], "has_more": True, "next_page_token": "2", "total_count": 2},
    "2": {"voices": [RACHEL | {"voice_id": "x" * 20, "name": "Adam"}], "has_more": False, "total_count": 2},
}


async def pages(request, peer) -> None:
    await status(200, PAGES["2" if "next_page_token=2" in request.path else ""])(request, peer)


@contextmanager
def elevenlabs(localvoice, listing: Answer = pages) -> Iterator[ScriptedServer]:
    """Beside the test, with a planted key."""
    ready, over, servers = threading.Event(), asyncio.Event(), []

    async def run() -> None:
        async with serving(timed_lines(), listing=listing) as server:
            servers.extend([server, asyncio.get_running_loop()])
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    localvoice.environ["ELEVENLABS_API_KEY"] = KEY
    localvoice.environ["LOCALVOICE_ENGINES__ELEVENLABS__BASE_URL"] = servers[0].url
    localvoice.environ["LOCALVOICE_ENGINES__ELEVENLABS__TRANSPORT"] = "http"
    try:
        yield servers[0]
    finally:
        servers[1].call_soon_threadsafe(over.set)
        thread.join(10)


def listed(outcome) -> list[dict]:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_the_voices_of_this_machine_are_listed_without_a_key(localvoice):
    found = listed(localvoice("voices", "list", "--json"))
    assert {
        "engine": "espeak",
        "voice": "de",
        "title": "German",
        "language": "de",
        "is_cloud": False,
        "is_ready": True,
    } in found
    piper = [entry for entry in found if entry["engine"] == "piper"]
    assert piper
    assert not any(entry["is_ready"] for entry in piper)
    assert not any(entry["is_cloud"] for entry in found)


def test_without_a_command_it_lists_with_the_way_to_get_what_is_missing(localvoice):
    outcome = localvoice("voices")
    assert outcome.code == 0
    assert "localvoice models download en_US-norman-medium" in outcome.out
    assert outcome.out.splitlines()[0].split() == ["engine", "voice", "language", "title", "state"]


def test_a_service_with_a_key_lists_all_its_pages(localvoice):
    with elevenlabs(localvoice) as server:
        found = listed(localvoice("voices", "list", "--tts", "elevenlabs", "--json"))
    assert [(entry["voice"], entry["title"]) for entry in found] == [
        ("21m00Tcm4TlvDq8ikWAM", "Rachel, american"),
        ("x" * 20, "Adam, american"),
    ]
    assert [request.headers["xi-api-key"] for request in server.checks] == [KEY, KEY]


def test_a_search_is_the_service_s_own_and_every_engine_s(localvoice):
    with elevenlabs(localvoice) as server:
        found = listed(localvoice("voices", "search", "american", "--json"))
        assert "search=american" in server.checks[0].path
    assert {entry["engine"] for entry in found} >= {"elevenlabs", "piper"}
    assert all("american" in entry["title"].lower() for entry in found if entry["engine"] != "espeak")


def test_offline_asks_nobody(localvoice):
    localvoice.environ["ELEVENLABS_API_KEY"] = KEY
    found = listed(localvoice("voices", "list", "--offline", "--json"))
    assert {entry["engine"] for entry in found} >= {"espeak", "piper"}
    assert not any(entry["is_cloud"] for entry in found)


def test_a_service_that_fails_leaves_the_others_and_says_why(localvoice):
    with elevenlabs(localvoice, failure(500, f"oops {KEY}")):
        outcome = localvoice("voices", "search", "german")
    assert outcome.code == 0
    assert "espeak" in outcome.out
    assert "the voices of elevenlabs are missing: elevenlabs has failed (500)" in outcome.err
    assert KEY not in outcome.err


@pytest.mark.parametrize(("words", "code", "said"), [
    (["list", "--tts", "elevenlabs"], 2, "elevenlabs needs a key: set ELEVENLABS_API_KEY"),
    (["list", "--tts", "elvenlabs"], 2, "the nearest one is elevenlabs"),
    (["preview", "nobody"], 2, "nobody has a voice 'nobody'"),
    (["preview", "en_US-norman-medium", "-o", "x.wav"], 3, "localvoice models download en_US-norman-medium"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line_with_the_cure(localvoice, words, code, said):
    outcome = localvoice("voices", *words)
    assert outcome.code == code
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_without_the_vendor_s_package_the_line_says_how_to_get_it(localvoice):
    localvoice.replace_module("elevenlabs", "raise ImportError('not here')")
    with elevenlabs(localvoice):
        outcome = localvoice("voices", "list", "--tts", "elevenlabs")
    assert outcome.code == 2
    assert "pip install 'localvoice[cloud]'" in outcome.err


def test_a_preview_is_heard_in_a_file(localvoice):
    outcome = localvoice("voices", "preview", "--offline", "de", "Guten", "Tag.", "-o", "de.wav")
    assert (outcome.code, outcome.err) == (0, "")
    assert 0.3 < soundfile.info(localvoice.folder / "de.wav").duration < 3


def test_a_preview_of_a_service_s_voice_is_spoken_by_it(localvoice):
    with elevenlabs(localvoice) as server:
        outcome = localvoice("voices", "preview", "21m00Tcm4TlvDq8ikWAM", "Hello.", "-o", "rachel.wav")
        assert (outcome.code, outcome.err) == (0, "")
        assert "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/" in server.requests[0].path
        assert server.requests[0].json["text"] == "Hello."
    assert soundfile.info(localvoice.folder / "rachel.wav").duration > 0.25
