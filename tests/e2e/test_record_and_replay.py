"""A conversation is recorded and decided again, as a user does it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ
from tests.e2e.conftest import CommandLine
from tests.e2e.spoken import read_events

STARTERS = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")
SAMPLE = Path(__file__).parents[2] / "examples" / "sample.wav"
ASKED_S = 2.8
"""The sample begins with "what time is it"."""
PLANTED = "sk-planted-0123456789"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a question was asked and recorded as `kept`, and the answer lies in r.wav."""
    localvoice = CommandLine(tmp_path_factory.mktemp("home"))
    question = localvoice.root / "question.wav"
    sound, rate_hz = soundfile.read(SAMPLE, dtype="int16")
    soundfile.write(
        question, sound[: round(ASKED_S * rate_hz)], rate_hz
    )  # a fixed sound: voices differ from run to run
    localvoice.environ |= {"GROQ_API_KEY": PLANTED, "LOCALVOICE_REPLY__SYSTEM_PROMPT": f"the key is {PLANTED}, be kind"}
    localvoice.environ["LOCALVOICE_ENGINES__OPENAI__BASE_URL"] = (
        "https://me:geheim-pass@127.0.0.1/v1?api_key=geheim-two"
    )
    # one wait, whatever the words say: when they are known depends on how busy the machine is
    localvoice.environ |= {f"LOCALVOICE_TURN__{wait}_MS": "600" for wait in ("SURE", "SILENCE", "LIMIT")}
    files = ("--input", question, "--output", localvoice.root / "r.wav", "--record", localvoice.root / "kept")
    outcome = localvoice("talk", *files, *STARTERS)
    assert outcome.code == 0, outcome
    return localvoice.root


@pytest.fixture
def kept(home: Path, tmp_path: Path) -> Path:
    """A copy of the recording."""
    return Path(shutil.copytree(home / "kept", tmp_path / "recording"))


def test_both_sides_are_kept_sample_for_sample(home: Path):
    folder = home / "kept"
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["engines"] == {"stt": "pocketsphinx", "llm": "skills", "tts": "espeak"}
    played, rate_hz = soundfile.read(home / "r.wav", dtype="int16")
    ours, ours_hz = soundfile.read(folder / "output.flac", dtype="int16")
    assert ours_hz == rate_hz == meta["tracks"]["output"]
    assert abs(len(ours) - len(played)) <= rate_hz // 50
    shared = min(len(ours), len(played))
    assert np.array_equal(ours[:shared], played[:shared])
    said, _ = soundfile.read(home / "question.wav", dtype="int16")
    heard, heard_hz = soundfile.read(folder / "mic.flac", dtype="int16")
    assert heard_hz == SPEECH_RATE_HZ
    assert np.array_equal(heard[: len(said)], said)
    for track in ("reference", "clean"):
        assert soundfile.info(folder / f"{track}.flac").duration == pytest.approx(len(heard) / heard_hz, abs=0.02)


def test_no_key_stands_in_a_recording(home: Path):
    everything = b"".join(path.read_bytes() for path in (home / "kept").iterdir())
    assert b"be kind" in everything
    assert PLANTED.encode() not in everything
    assert b"geheim" not in everything


def test_the_same_events_are_decided_again(localvoice: CommandLine, kept: Path):
    again = localvoice("replay", kept)
    assert again.code == 0, again
    events = len(read_events(kept / "events.jsonl"))
    assert f"{events} events recorded, {events} made again: the same." in again.out
    assert "you: what time is it" in again.out


def test_other_inputs_give_a_diff_and_exit_1(localvoice: CommandLine, kept: Path):
    lines = [json.loads(line) for line in (kept / "inputs.jsonl").read_text().splitlines()]
    quiet = [line | {"probability": 0.0} if line["type"] == "Window" else line for line in lines]
    (kept / "inputs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in quiet))
    differs = localvoice("replay", kept, "--compare")
    assert differs.code == 1
    assert "speech_started was recorded, and does not follow now" in differs.out
    assert "Traceback" not in differs.err


def test_the_recorded_sound_is_heard_in_the_same_places(localvoice: CommandLine, kept: Path):
    heard = localvoice("replay", kept, "--recompute")
    assert heard.out.count("1 in their place") == 3, "onset, end of speech, end of turn"
    assert "words, turn 1" in heard.out


def test_sound_that_comes_later_is_heard_later(localvoice: CommandLine, kept: Path):
    heard, heard_hz = soundfile.read(kept / "mic.flac", dtype="int16")
    soundfile.write(kept / "mic.flac", np.concatenate((np.zeros(3200, np.int16), heard)), heard_hz, subtype="PCM_16")
    moved = localvoice("replay", kept, "--recompute")
    assert moved.code == 1
    assert re.search(r"1, moved by (192|224) ms", " ".join(moved.out.split())), "0.2 s on the grid of windows"


def test_the_page_is_one_file(localvoice: CommandLine, kept: Path):
    page = localvoice.root / "page.html"
    assert localvoice("replay", kept, "--html", page).code == 0
    text = page.read_text()
    assert "data:audio/ogg" in text
    assert "what time is it" in text


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


def test_a_folder_that_cannot_be_recorded_into_is_refused_before_anything_is_opened(
    localvoice: CommandLine, home: Path
):
    files = ("--input", home / "question.wav", "--output", "r.wav", "--record")
    assert "cannot write to" in localvoice.refusal("talk", *files, home / "question.wav" / "kept", *STARTERS, code=2)
    assert "is a file" in localvoice.refusal("talk", *files, home / "question.wav", *STARTERS, code=2)
    assert "holds a recording" in localvoice.refusal("talk", *files, home / "kept", *STARTERS, code=2)


def test_other_files_may_stand_in_the_folder_of_a_recording_but_none_of_its_own(localvoice: CommandLine):
    words = ("--text", "--output", "all/said.wav", "--record", "all", *STARTERS)
    refusal = localvoice.refusal(*words, "--events", "all/events.jsonl", stdin="what time is it", code=2)
    assert "all/events.jsonl is a part of the recording itself" in refusal
    assert "no such file" in localvoice.refusal(*words, "--save", "all/deeper/said.txt", stdin="help", code=2)
    files = ("--events", "all/told.jsonl", "--save", "all/said.txt")
    outcome = localvoice(*words, *files, stdin="what is two plus two")
    assert (outcome.code, outcome.complaints) == (0, [])
    folder = localvoice.folder / "all"
    assert (folder / "told.jsonl").read_text() == (folder / "events.jsonl").read_text()
    assert "is 4" in (folder / "said.txt").read_text()
    assert localvoice("replay", "all").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_leaves_a_whole_recording(localvoice: CommandLine, home: Path):
    files = ("--input", home / "question.wav", "--output", "r.wav", "--events", "events.jsonl", "--record", "kept")
    running = localvoice.start("talk", *files, *STARTERS)
    running.wait_for("first_audio")
    outcome, _ = running.stop()
    assert outcome.code == 130, outcome
    kept = localvoice.folder / "kept"
    ours, rate_hz = soundfile.read(kept / "output.flac", dtype="int16")
    played, _ = soundfile.read(localvoice.folder / "r.wav", dtype="int16")
    shared = min(len(ours), len(played))
    assert shared > rate_hz
    assert abs(len(ours) - len(played)) <= rate_hz // 50
    assert np.array_equal(ours[:shared], played[:shared])
    again = localvoice("replay", kept)
    assert again.code == 0, again
