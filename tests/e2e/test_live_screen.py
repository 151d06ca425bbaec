"""The live screen as its users have it: in a terminal, with keys, sizes and signals."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import soundfile

from tests.e2e.conftest import REPOSITORY, CommandLine
from tests.e2e.spoken import Event, read_events
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("terminals are POSIX's; Windows has lines", allow_module_level=True)

from tests.e2e.glass import Glass

STARTERS = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")
TALK = ("talk", "--input", "silent.wav", "--output", "reply.wav", "--events", "events.jsonl", *STARTERS)
ESCAPE = b"\x1b["

Open = Callable[..., Glass]


@pytest.fixture
def terminal(localvoice: CommandLine) -> Iterator[Open]:
    opened: list[Glass] = []
    soundfile.write(localvoice.folder / "silent.wav", np.zeros(60 * 8000), 8000)

    def open_(*words: str, term: str = "xterm-256color", environ: dict[str, str] | None = None, **more) -> Glass:
        command = [sys.executable, "-m", "localvoice", *(words or TALK)]
        given = localvoice.environ | {"TERM": term, "LANG": "C.UTF-8"} | (environ or {})
        glass = Glass(command, localvoice.folder, given, **more)
        opened.append(glass)
        return glass

    yield open_
    for glass in opened:
        glass.close()


def events(localvoice: CommandLine, kind: str) -> list[Event]:
    return [event for event in read_events(localvoice.folder / "events.jsonl") if event["type"] == kind]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_a_conversation_by_keys(localvoice, terminal, size):
    glass = terminal(size=size)
    glass.until("listening")
    assert all(part in glass.text for part in ("mic ░", "voice ░", "pocketsphinx°", "° starter", "? help", "$0.0000"))
    glass.press("what time is it\r")
    glass.until("localvoice: It is")
    glass.until(lambda: re.search(r"^\d+ ms", glass.text, re.MULTILINE) is not None)
    assert "you: what time is it" in glass.text
    glass.press("\t")
    glass.until("microphone muted")
    glass.press("?")
    glass.until("/patience NAME")
    glass.press("/pat\tfast\r")
    glass.until("patience: fast")
    glass.press("\x03")
    assert glass.ended() == 130
    assert glass.modes == glass.before[:4]
    assert "you: what time is it" in glass.text
    assert "mic" not in glass.text
    assert [event["muted"] for event in events(localvoice, "microphone")] == [True]
    assert [event["value"] for event in events(localvoice, "setting")] == ["fast"]


def test_what_was_said_of_the_microphone_is_over_when_it_is_muted(terminal):
    glass = terminal()
    glass.until("listening")
    glass.press(" ")
    glass.until("Tab mutes first, then Space talks")
    assert "mic ░" in glass.text
    glass.press("\t")
    glass.until("MUTED")
    assert "Tab mutes first" not in glass.text
    glass.press("\x03")
    assert glass.ended() == 130


def test_escape_cuts_a_reply_and_a_typed_line_does_too(localvoice, terminal):
    glass = terminal()
    glass.until("listening")
    glass.press("help\r")
    glass.until("speaking")
    glass.press("\x1b")
    glass.until("you took the turn")
    glass.press("help\r")
    glass.until(lambda: len(events(localvoice, "first_audio")) == 2)
    glass.press("what is two plus two\r")
    glass.until("is 4")
    glass.press("/quit\r")
    assert glass.ended() == 0
    cuts = events(localvoice, "barge_in")
    assert [cut["detect_ms"] for cut in cuts] == [0, 0]
    assert all(cut["unsaid"] for cut in cuts)
    assert events(localvoice, "overlap_started") == []
    [ended] = events(localvoice, "session_ended")
    assert ended["reason"] == "goodbye"


def test_what_is_wrong_with_a_command_is_told_to_its_end(terminal):
    glass = terminal()
    glass.until("listening")
    glass.press("/engine llm groq\r")
    glass.until(lambda: "groq needs a key: set GROQ_API_KEY, or run `localvoice keys set groq`" in _unwrapped(glass))
    glass.until("listening")
    assert "loading groq" not in glass.text
    glass.press("\x03")
    assert glass.ended() == 130


def _unwrapped(glass: Glass) -> str:
    return " ".join(glass.text.split())


@pytest.mark.parametrize("muted", [True, False])
def test_a_muted_microphone_hears_nothing(localvoice, terminal, muted):
    sound, rate_hz = soundfile.read(REPOSITORY / "examples" / "sample.wav")
    spoken = np.concatenate((np.zeros(4 * rate_hz), sound[: 3 * rate_hz], np.zeros(2 * rate_hz)))
    soundfile.write(localvoice.folder / "silent.wav", spoken, rate_hz)
    glass = terminal()
    glass.until("listening")
    if muted:
        glass.press("\t")
        glass.until("MUTED")
    assert glass.ended(40) == 0
    assert bool(events(localvoice, "speech_started")) is not muted
    assert bool(events(localvoice, "transcript")) is not muted


def test_a_window_of_another_size_shows_the_same_once(terminal):
    glass = terminal()
    glass.until("listening")
    glass.press("what is two plus two\r")
    glass.until("is 4")
    glass.until("listening")
    for size in ((50, 12), (120, 30), (30, 6), (80, 24)):
        glass.resize(*size)
        glass.press("x")
        glass.until(lambda width=size[0]: any(row.startswith("> x") for row in glass.rows) and _fits(glass, width))
        glass.press("\x15")
        glass.until(lambda: not any(row.startswith("> x") for row in glass.rows))
        assert sum("listening" in row for row in glass.rows) == 1
    assert glass.text.count("you: what is two plus two") == 1


def _fits(glass: Glass, width: int) -> bool:
    rule = [row for row in glass.rows if row.startswith("───")]
    return width < 40 or [len(row) for row in rule] == [width - 1]


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {}])
def test_no_colour_means_none(terminal, environ):
    glass = terminal(environ=environ)
    glass.until("listening")
    glass.press("what time is it\r")
    glass.until("It is")
    assert glass.has_colour is not bool(environ)


def test_a_terminal_without_unicode_gets_other_signs(terminal):
    glass = terminal(environ={"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    glass.until("o listening")
    assert glass.sent.isascii()


@pytest.mark.parametrize(
    ("words", "term"),
    [((*TALK, "--plain"), "xterm"), (TALK, "dumb"), ((*TALK, "-q"), "xterm"), ((*TALK, "-v"), "xterm")],
)
def test_lines_where_they_are_wanted(localvoice, terminal, words, term):
    glass = terminal(*words, term=term)
    glass.until(lambda: bool(events(localvoice, "session_started")))
    glass.press("what time is it\n")
    glass.until("It is")
    glass.press("\x03")
    assert glass.ended() == 130
    assert ESCAPE not in glass.sent


def test_a_pipe_gets_no_screen(localvoice, terminal):
    glass = terminal(stdout=subprocess.PIPE)
    glass.until(lambda: bool(events(localvoice, "session_started")))
    glass.press("what time is it\n")
    glass.until(lambda: bool(events(localvoice, "reply_finished")))
    glass.process.send_signal(signal.SIGINT)
    out, _ = glass.process.communicate(timeout=15)
    assert ESCAPE not in out
    assert b"It is" in out


@pytest.mark.parametrize("size", [(20, 5), (1, 1)])
def test_a_tiny_window_shows_what_it_can(terminal, size):
    glass = terminal(size=size)
    glass.until(lambda: any(row.startswith(">") for row in glass.rows))
    glass.press("what is two plus two\r")
    for columns, rows in ((80, 24), (3, 1), (40, 8), size, (80, 24)):
        glass.resize(columns, rows)
    glass.until("is 4")
    glass.until(lambda: sum("? help" in row for row in glass.rows) == 1)  # it may have been read in a smaller window
    glass.press("\x03")
    assert glass.ended() == 130
    assert glass.modes == glass.before[:4]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGQUIT, -3)]
)
def test_a_signal_leaves_the_terminal_as_it_was(terminal, number, code):
    glass = terminal()
    glass.until("listening")
    glass.press("half a line")
    glass.until("half a line")
    glass.process.send_signal(number)
    assert glass.ended() == code
    assert glass.modes == glass.before[:4]
    assert glass.sent.rstrip().endswith(b"\x1b[?25h")
    assert "half a line" not in glass.text


def test_a_failure_leaves_the_terminal_as_it_was_and_says_what_happened(localvoice, terminal):
    fifo = localvoice.folder / "events.fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    glass = terminal(*TALK[:5], "--events", str(fifo), *STARTERS)
    glass.until("listening")
    os.close(reader)
    glass.press("what time is it\r")
    assert glass.ended() == 2
    assert glass.modes == glass.before[:4]
    assert "broken pipe" in glass.text
    assert "? help" not in glass.text
    assert "Traceback" not in glass.text


@pytest.mark.parametrize("words", [TALK, (*TALK, "--plain")])
def test_a_closed_terminal_ends_the_session_and_finishes_its_files(localvoice, terminal, words):
    with (localvoice.folder / "notes").open("wb") as notes:
        glass = terminal(*words, stderr=notes)
    glass.until(lambda: bool(events(localvoice, "session_started")))
    glass.press("help\n" if "--plain" in words else "help\r")
    glass.until(lambda: bool(events(localvoice, "first_audio")))
    glass.hang_up()
    assert glass.process.wait(10) == 129
    [ended] = events(localvoice, "session_ended")
    assert ended["reason"] == "interrupt"
    assert soundfile.info(localvoice.folder / "reply.wav").frames
    assert "Error" not in (localvoice.folder / "notes").read_text(encoding="utf-8")


def test_a_terminal_that_nobody_reads_holds_nobody_up(localvoice, terminal):
    glass = terminal(size=(200, 50))
    glass.until("listening")
    for _ in range(150):  # more than a terminal keeps for its reader
        glass.press("\x0c")
        time.sleep(0.01)
    glass.press("what time is it\r")
    wait_until(lambda: events(localvoice, "turn_metrics"))
    glass.process.send_signal(signal.SIGTERM)
    assert glass.process.wait(10) == 143
    assert glass.modes == glass.before[:4]


def test_ctrl_z_gives_the_shell_its_terminal_and_fg_comes_back(localvoice, terminal):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash for its job control")
    words = " ".join([sys.executable, "-m", "localvoice", *TALK])
    glass = Glass(
        [bash, "--norc", "--noprofile", "-i"], localvoice.folder, localvoice.environ | {"TERM": "xterm", "PS1": "$ "}
    )
    try:
        glass.press(f"{words}\r")
        glass.until("listening")
        glass.press("what is two plus two\r")
        glass.until("is 4")
        glass.press("\x1a")
        glass.until("Stopped")
        assert "? help" not in glass.text
        glass.press("echo back $((40 + 2))\r")
        glass.until("back 42")
        glass.press("bg\r")
        glass.press("echo still $((40 + 3))\r")
        glass.until("still 43")
        assert "? help" not in glass.text
        glass.press("fg\r")
        glass.until("? help")
        glass.press("what is three plus three\r")
        glass.until("is 6")
        glass.press("\x03")
        glass.until(lambda: bool(events(localvoice, "session_ended")))
        glass.press("echo code $?\r")
        glass.until("code 130")
    finally:
        glass.close()


def test_the_end_of_typed_input_ends_the_session_after_the_last_answer(terminal):
    glass = terminal("--text", "--output", "none", *STARTERS)
    glass.until("listening")
    glass.press("what is two plus two\r\x04")
    assert glass.ended() == 0
    assert "is 4" in glass.text
