"""A disk that takes no more: one line with what helps, and nothing half-written."""

from __future__ import annotations

import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")

FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
"""
"""No file can grow, in this process."""

PLACES = [
    ("--output", "none", "--events", "events.jsonl"),
    ("--output", "none", "--save", "said.txt"),
    ("--output", "none", "--record", "deep/kept"),
    ("--output", "none", "--events", "deep/mine.jsonl", "--record", "deep"),
    ("--output", "reply.wav"),
]


@pytest.mark.parametrize("places", PLACES, ids=" ".join)
def test_a_start_that_cannot_write_leaves_nothing(localvoice, places):
    localvoice.replace_module("sitecustomize", FULL)
    said = localvoice.refusal("--text", "--llm", "skills", "--tts", "espeak", *places, stdin="help\n", code=2)
    assert "cannot write" in said
    assert said.endswith(("; name another place", "; free some space, or write elsewhere"))


def test_what_stood_in_the_folder_stays(localvoice):
    (localvoice.folder / "kept").mkdir()
    (localvoice.folder / "kept" / "notes.txt").write_text("mine")
    localvoice.replace_module("sitecustomize", FULL)
    localvoice.refusal("--text", "--llm", "skills", "--output", "none", "--record", "kept", stdin="help\n", code=2)


def test_speech_that_finds_no_room_names_the_file_that_was_asked_for(localvoice):
    localvoice.replace_module("sitecustomize", FULL)
    said = localvoice.refusal("say", "hello", "--tts", "espeak", "-o", "hello.wav", code=2)
    assert "hello.wav:" in said
    assert ".part" not in said
