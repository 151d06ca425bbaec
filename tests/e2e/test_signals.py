"""Ctrl-C and SIGTERM at any time: a clean end within a second, files finished, no traceback."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.e2e.conftest import CommandLine, Running
from tests.e2e.spoken import TINY_ENGINES, read_events
from tests.waiting import wait_until

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
STARTERS = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")
WITHIN_S = 2.0
"""A second is promised; the threads that the main one waits for may have to wait for a core."""

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
if sys.platform != "win32":
    SIGNALS.append((signal.SIGHUP, 129))


def ended_cleanly(localvoice: CommandLine, running: Running, number: int, code: int) -> None:
    """The promise of Ctrl-C: in time, files finished, and no word of complaint."""
    outcome, took_s = running.stop(number)
    assert outcome.code == code, outcome
    assert took_s < WITHIN_S
    assert outcome.complaints == []
    events = read_events(localvoice.folder / "events.jsonl")
    assert (events[-1]["type"], events[-1]["reason"]) == ("session_ended", "interrupt")
    assert soundfile.info(localvoice.folder / "reply.wav").samplerate == 48_000


@posix
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_while_listening_ends_the_session(localvoice, number, code):
    soundfile.write(localvoice.folder / "silent.wav", np.zeros(30 * 8000), 8000)
    running = localvoice.start(
        *("--input", "silent.wav", "--output", "reply.wav", "--events", "events.jsonl", *STARTERS)
    )
    running.wait_for("session_started")
    ended_cleanly(localvoice, running, number, code)


@posix
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_while_speaking_ends_the_session(localvoice, number, code):
    running = localvoice.start("--text", "--output", "reply.wav", "--events", "events.jsonl", *STARTERS)
    assert running.process.stdin is not None
    running.process.stdin.write("help\n")
    running.process.stdin.flush()
    running.wait_for("first_audio")
    ended_cleanly(localvoice, running, number, code)
    finished = [one for one in read_events(localvoice.folder / "events.jsonl") if one["type"] == "reply_finished"]
    assert finished[-1]["interrupted"]


@posix
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_while_loading_leaves_no_trace(localvoice, number, code):
    before = localvoice.files()
    running = localvoice.start("--text", "--output", "reply.wav", "--events", "events.jsonl", *TINY_ENGINES)
    running.wait_for_note("loading")
    outcome, took_s = running.stop(number)
    assert outcome.code == code
    assert took_s < WITHIN_S
    assert outcome.complaints == []
    assert localvoice.files() == before


@posix
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_while_a_pipe_says_nothing_ends_it(localvoice, number, code):
    os.mkfifo(localvoice.folder / "pipe.wav")
    running = localvoice.start("--input", "pipe.wav", "--output", "none", *STARTERS)
    writers: list[int] = []
    wait_until(lambda: writers or _joined(localvoice.folder / "pipe.wav", writers))
    outcome, took_s = running.stop(number)
    os.close(writers[0])
    assert outcome.code == code, outcome
    assert took_s < WITHIN_S


def _joined(pipe: Path, writers: list[int]) -> bool:
    """Become its writer, once somebody reads it."""
    with suppress(OSError):
        writers.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    return bool(writers)


@posix
def test_nohup_is_heeded(localvoice):
    soundfile.write(localvoice.folder / "silent.wav", np.zeros(30 * 8000), 8000)
    heeded = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        running = localvoice.start("--input", "silent.wav", "--output", "none", "--events", "events.jsonl", *STARTERS)
    finally:
        signal.signal(signal.SIGHUP, heeded)
    running.wait_for("session_started")
    running.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert running.process.poll() is None
    outcome, _ = running.stop(signal.SIGINT)
    assert outcome.code == 130


@posix
def test_a_signal_once_the_files_are_there_finishes_them(localvoice):
    """Whatever takes its time comes before they are created."""
    running = localvoice.start("--text", "--output", "reply.wav", "--events", "events.jsonl", *TINY_ENGINES)
    files = [localvoice.folder / name for name in ("reply.wav", "events.jsonl")]
    while running.process.poll() is None and not all(file.exists() for file in files):
        time.sleep(0.0005)
    ended_cleanly(localvoice, running, signal.SIGINT, 130)


@posix
@pytest.mark.parametrize("after_s", [0.0, 0.06, 0.12, 0.2, 0.3])
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_at_the_very_start_is_no_traceback(localvoice, number, code, after_s):
    running = localvoice.start("--text", "--output", "none")
    heeds_signals(running)
    time.sleep(after_s)  # any moment will do
    outcome, _ = running.stop(number)
    assert outcome.code == code
    assert outcome.complaints == []


def heeds_signals(running: Running) -> None:
    """Until the program has taken the last of the signals, SIGHUP, where Linux can tell."""
    status = Path(f"/proc/{running.process.pid}/status")
    while status.exists() and running.process.poll() is None:
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) >> (signal.SIGHUP - 1) & 1:
            return
        time.sleep(0.001)
    if not status.exists():
        time.sleep(1.0)
