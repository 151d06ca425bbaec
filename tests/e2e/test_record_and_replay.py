"""A conversation is recorded and decided again, as a user does it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ
from tests.e2e.conftest import CommandLine
from tests.e2e.spoken import read_events, write_question

STARTERS = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")
PLANTED = "sk-planted-0123456789"


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_question(tmp_path_factory.mktemp("said") / "question.wav", 0.4, "what time is it", 1.2)


def recorded(localvoice: CommandLine, question: Path) -> Path:
    folder = localvoice.root / "kept"
    localvoice.environ |= {"GROQ_API_KEY": PLANTED, "LOCALVOICE_REPLY__SYSTEM_PROMPT": f"the key is {PLANTED}, be kind"}
    localvoice.environ["LOCALVOICE_ENGINES__OPENAI__BASE_URL"] = (
        "https://me:geheim-pass@127.0.0.1/v1?api_key=geheim-two"
    )
    outcome = localvoice(
        *("talk", "--input", question, "--output", localvoice.root / "r.wav"), "--record", folder, *STARTERS
    )
    assert outcome.code == 0, outcome
    return folder


def test_a_recorded_conversation_is_whole_and_decided_the_same_way(localvoice: CommandLine, question: Path):
    folder = recorded(localvoice, question)
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["engines"] == {"stt": "pocketsphinx", "llm": "skills", "tts": "espeak"}

    played, rate_hz = soundfile.read(localvoice.root / "r.wav", dtype="int16")
    kept, kept_hz = soundfile.read(folder / "output.flac", dtype="int16")
    assert kept_hz == rate_hz == meta["tracks"]["output"]
    shared = min(len(kept), len(played))
    assert abs(len(kept) - len(played)) <= rate_hz // 50
    assert np.array_equal(kept[:shared], played[:shared])
    said, _ = soundfile.read(question, dtype="int16")
    heard, heard_hz = soundfile.read(folder / "mic.flac", dtype="int16")
    assert heard_hz == SPEECH_RATE_HZ
    assert np.array_equal(heard[: len(said)], said)
    for track in ("reference", "clean"):
        assert soundfile.info(folder / f"{track}.flac").duration == pytest.approx(len(heard) / heard_hz, abs=0.02)

    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    assert PLANTED.encode() not in everything
    assert b"geheim" not in everything

    again = localvoice("replay", folder)
    assert again.code == 0, again
    events = len(read_events(folder / "events.jsonl"))
    assert f"{events} events recorded, {events} made again: the same." in again.out
    assert "you: what time is it" in again.out

    heard_again = localvoice("replay", folder, "--recompute")
    assert "onsets of speech" in heard_again.out
    assert heard_again.out.count("1 in their place") == 3, "onset, end of speech, end of turn"
    assert "words, turn 1" in heard_again.out

    late = np.concatenate((np.zeros(3200, np.int16), heard))
    soundfile.write(folder / "mic.flac", late, heard_hz, subtype="PCM_16")
    moved = localvoice("replay", folder, "--recompute")
    assert moved.code == 1
    assert re.search(r"1, moved by (192|224) ms", " ".join(moved.out.split())), "0.2 s on the grid of windows"

    inputs = folder / "inputs.jsonl"
    inputs.write_text(
        inputs.read_text().replace('"SessionBegan", "has_voice": true', '"SessionBegan", "has_voice": false')
    )
    lines = [json.loads(line) for line in inputs.read_text().splitlines()]
    quiet = [line | {"probability": 0.0} if line["type"] == "Window" else line for line in lines]
    inputs.write_text("".join(json.dumps(line) + "\n" for line in quiet))
    differs = localvoice("replay", folder, "--compare")
    assert differs.code == 1
    assert "speech_started was recorded, and does not follow now" in differs.out
    assert "Traceback" not in differs.err


def test_a_typed_conversation_has_no_microphone(localvoice: CommandLine):
    folder = localvoice.root / "kept"
    outcome = localvoice(
        "talk", "--output", localvoice.root / "r.wav", "--record", folder, *STARTERS, stdin="what is two plus two\n"
    )
    assert outcome.code == 0, outcome
    assert sorted(path.name for path in folder.glob("*.flac")) == ["output.flac"]
    assert localvoice("replay", folder).code == 0
    assert "no mic.flac" in localvoice.refusal("replay", folder, "--recompute", code=2)


def test_what_is_no_recording_is_refused_in_one_line(localvoice: CommandLine):
    assert "does not exist" in localvoice.refusal("replay", localvoice.root / "nothing", code=2)
    empty = localvoice.root / "empty"
    empty.mkdir()
    assert "holds no recording" in localvoice.refusal("replay", empty, code=2)
    (empty / "meta.json").write_text('{"format": 1, "version": "0.0.9"}')
    assert "format 1 of localvoice 0.0.9" in localvoice.refusal("replay", empty, code=2)
