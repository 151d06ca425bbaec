"""The benchmark held with the starters: every figure is measured again in the two sound files."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from localvoice.audio.samples import AUDIBLE
from localvoice.bench.dialogue import Line
from localvoice.bench.field import measure_reading
from localvoice.bench.running import BenchOptions, run_dialogue
from localvoice.commands.flags import engine_flags, settings
from localvoice.model_store.store import ModelStore
from localvoice.replay.differing import compared
from localvoice.replay.folder import read_folder
from tests.e2e.conftest import CommandLine
from tests.e2e.spoken import write_question
from tests.waiting import wait_until

LINES = (Line("what time is it"), Line("what can you do"), Line("what time is it", is_over=True))


def audible(path: Path) -> np.ndarray:
    """The times of all samples that can be heard."""
    samples, rate_hz = soundfile.read(path, dtype="float32")
    return np.flatnonzero(np.abs(samples) > AUDIBLE) / rate_hz


def stretches(times: np.ndarray, gap_s: float) -> list[tuple[float, float]]:
    """Beginning and end of what is not interrupted for so long."""
    edges = np.flatnonzero(np.diff(times) > gap_s)
    starts, ends = np.concatenate(([0], edges + 1)), np.concatenate((edges, [len(times) - 1]))
    return [(float(times[a]), float(times[b])) for a, b in zip(starts, ends, strict=True)]


def test_every_figure_is_found_again_in_the_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    loaded = settings(engine_flags("pocketsphinx", "skills", "espeak"))
    told = []
    options = BenchOptions(tmp_path, 1, lambda *count: told.append(count), commands=LINES)
    code, found = asyncio.run(run_dialogue(loaded, ModelStore(tmp_path / "models"), options))
    assert (code, told) == (0, [(1, 3), (2, 3), (3, 3)])
    assert found is not None

    user, ours = audible(tmp_path / "session" / "mic.flac"), audible(tmp_path / "reply.wav")
    spoken = stretches(user, 0.5)
    assert len(spoken) == len(LINES)
    waits_ms = [1000 * (ours[np.searchsorted(ours, end_s)] - end_s) for _, end_s in spoken]
    assert [one["measured_ms"] for one in found["answers"]] == pytest.approx(waits_ms, abs=2)
    assert [one["latency_ms"] for one in found["answers"]] == pytest.approx(waits_ms, abs=100), (
        "ends of speech are found to 0.1 s"
    )
    for answer in found["answers"]:
        assert answer["stages"]["total_ms"] == pytest.approx(answer["latency_ms"], abs=0.2)
        assert sum(answer["stages"].values()) == pytest.approx(2 * answer["latency_ms"], abs=1)

    (cut,) = found["interruptions"]
    onset_s, end_s = spoken[2]
    within = ours[(ours >= onset_s) & (ours < end_s)]
    stop_ms = 1000 * (within[-1] - onset_s) if len(within) else 0.0
    assert cut["measured_ms"] == pytest.approx(stop_ms, abs=2)
    assert cut["stop_ms"] == pytest.approx(stop_ms, abs=100)
    assert found["unanswered"] == []
    assert found["cpu"]["seconds"] > 0
    assert found["memory_mb"] > 20

    made, differing = compared(read_folder(tmp_path / "session"))
    assert (made > 20, differing) == (True, [])


def test_a_text_read_aloud_is_compared_word_by_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    reading = write_question(tmp_path / "reading.wav", 0.3, "The North Wind and the Sun were disputing", 0.3)
    flags = engine_flags("pocketsphinx") | {"audio.input": (str(reading), "--input")}
    store = ModelStore(tmp_path / "models")
    code, found = asyncio.run(measure_reading(settings(flags).config, store, list, lambda _: None))
    assert code == 0
    assert found is not None
    assert (found["engine"], found["words"]) == ("pocketsphinx", 113)
    assert 105 <= found["errors"] <= 125, "most of it was never read"
    assert found["word_error"] == pytest.approx(found["errors"] / 113, abs=1e-4)
    assert found["audio_s"] == pytest.approx(soundfile.info(reading).duration, abs=0.05)
    assert found["took_s"] == pytest.approx(found["real_time_factor"] * found["audio_s"], abs=0.02)


def test_what_would_fail_behind_the_dialogue_fails_before_it(localvoice: CommandLine):
    kept = localvoice.root / "kept"
    kept.mkdir()
    (kept / "something").touch()
    old = localvoice.root / "old.json"
    old.write_text(json.dumps({"format": 1}))
    assert "neither" in localvoice.refusal("bench", "--plot", "picture.gif", code=2)
    assert "is a folder" in localvoice.refusal("bench", "--plot", _folder(localvoice, "a.svg"), code=2)
    assert "no file" in localvoice.refusal("bench", "--compare", "nothing.json", code=2)
    assert "no result" in localvoice.refusal("bench", "--compare", old, code=2)
    assert "waits for a key" in localvoice.refusal("bench", "--field", code=2)
    assert "no file" in localvoice.refusal(
        "bench", "--field", "--input", "nothing.wav", "--stt", "pocketsphinx", code=2
    )
    assert "not an empty folder" in localvoice.refusal("bench", "--record", kept, code=2)
    assert "cannot write to" in localvoice.refusal("bench", "--record", old / "deep", code=2)
    no_model = ("--stt", "faster-whisper:gone/model")
    assert "no model" in localvoice.refusal("bench", "--record", "deep/kept", *no_model, code=3)


def _folder(localvoice: CommandLine, name: str) -> Path:
    folder = localvoice.root / name
    folder.mkdir()
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_ends_it_and_leaves_nothing(localvoice: CommandLine):
    temporary = localvoice.root / "temporary"
    temporary.mkdir()
    localvoice.environ["TMPDIR"] = str(temporary)
    running = localvoice.start(
        "bench", "--plot", "waits.svg", "--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak"
    )
    wait_until(lambda: any(events.stat().st_size for events in temporary.glob("*/session/events.jsonl")))
    outcome, _ = running.stop()
    assert (outcome.code, outcome.out, outcome.complaints) == (130, "", []), outcome
    assert list(temporary.iterdir()) == []
    assert not (localvoice.folder / "waits.svg").exists()
