"""The command line as a whole: pipes, flags, what goes to which stream, sound of any format."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer

from localvoice.audio.samples import SPEECH_RATE_HZ, resample
from localvoice.cli import app
from tests.e2e.conftest import CommandLine, Outcome
from tests.e2e.spoken import TINY_ENGINES, read_events, speech

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and shells are POSIX's")
STARTERS = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")


def first(words: tuple[str, ...]) -> str:
    """The name of a case."""
    return words[0]


def shell(localvoice: CommandLine, *words: str, stdout: int = subprocess.PIPE) -> Outcome:
    """A run whose standard output is given, or any other program."""
    command = words if words[0] == "sh" else (sys.executable, "-m", "localvoice", *words)
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=localvoice.folder,
        env=localvoice.environ,
        timeout=30,
        check=False,
    )
    return Outcome(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())


# pipes and streams


def test_a_piped_line_is_answered_and_nothing_else_printed(localvoice):
    outcome = localvoice("--output", "none", stdin="what is two plus two\n")
    assert (outcome.code, outcome.out) == (0, "Two plus two is 4.\n")
    assert outcome.complaints == []


def test_piped_lines_are_answered_in_order(localvoice):
    outcome = localvoice("--output", "none", stdin="what is 2 plus 2\n\nwhat is 3 plus 3\r\nwhat is 4 plus 4")
    assert outcome.code == 0
    assert outcome.out.splitlines() == ["2 plus 2 is 4.", "3 plus 3 is 6.", "4 plus 4 is 8."]


def test_an_empty_pipe_is_a_conversation_without_a_word(localvoice):
    outcome = localvoice("--output", "none", stdin="")
    assert (outcome.code, outcome.out) == (0, "")


def test_bytes_that_are_no_text_do_no_harm(localvoice):
    outcome = localvoice("--output", "none", stdin=b"\xff\xfe\x00\nwhat is 2 plus 2\n")
    assert outcome.code == 0
    assert outcome.out.endswith("2 plus 2 is 4.\n")


def test_a_null_device_is_no_pipe(localvoice):
    localvoice.without_sound_card()
    assert localvoice("--output", "none").code == 4


def test_nobody_is_named_as_the_voice_where_there_is_no_loudspeaker(localvoice):
    localvoice.without_sound_card()
    outcome = localvoice("--text", "--events", "events.jsonl", stdin="what is 2 plus 2\n")
    assert outcome.code == 0
    assert "answers are text only" in outcome.err
    started = next(one for one in read_events(localvoice.folder / "events.jsonl") if one["type"] == "session_started")
    assert started["engines"]["tts"] == "none"
    assert started["starters"] == ["skills"]


def test_typed_conversation_prints_replies_on_standard_output(localvoice):
    outcome = localvoice("--text", "--output", "none", stdin="what is 2 plus 2\n")
    assert outcome.code == 0
    assert "2 plus 2 is 4." in outcome.out
    assert "\x1b" not in outcome.out + outcome.err


def test_ask_prints_the_answer(localvoice):
    outcome = localvoice("ask", "what", "is", "2 plus 2", "--output", "none")
    assert outcome.code == 0
    assert "2 plus 2 is 4." in outcome.out
    assert outcome.complaints == []


@pytest.mark.parametrize("lacks", [CommandLine.without_sound_card, CommandLine.without_portaudio])
@pytest.mark.parametrize("typed", [("ask", "what is 2 plus 2"), ()], ids=["ask", "pipe"])
def test_without_a_loudspeaker_answers_are_text_with_one_warning(localvoice, typed, lacks):
    lacks(localvoice)
    outcome = localvoice(*typed, stdin=None if typed else "what is 2 plus 2\n")
    assert outcome.code == 0
    assert "2 plus 2 is 4." in outcome.out
    assert len(outcome.complaints) == 1
    assert outcome.complaints[0].startswith("warning: ")


def test_events_own_standard_output(localvoice):
    outcome = localvoice("--text", "--output", "none", "--events", "-", stdin="what is 2 plus 2\n")
    assert outcome.code == 0
    kinds = [json.loads(line)["type"] for line in outcome.out.splitlines()]
    assert (kinds[0], kinds[-1]) == ("session_started", "session_ended")
    assert "reply_finished" in kinds


def test_sound_owns_standard_output(localvoice):
    outcome = localvoice("--text", "--output", "-", *STARTERS, stdin="hello\n")
    assert outcome.code == 0
    samples = np.frombuffer(outcome.sound, dtype="<i2")
    assert len(samples) > SPEECH_RATE_HZ / 2
    assert np.abs(samples).max() > 1000
    assert b"Hello" not in outcome.sound


@posix
def test_a_reader_that_goes_away_ends_it_quietly(localvoice):
    running = localvoice.start("--text", "--output", "none")
    assert running.process.stdout is not None
    assert running.process.stdin is not None
    running.process.stdout.close()
    running.process.stdin.write("what is 2 plus 2\n" * 3)
    running.process.stdin.close()
    assert running.process.wait(20) == 0
    assert running.process.stderr is not None
    assert "rror" not in running.process.stderr.read()


@posix
@pytest.mark.parametrize(
    "words", [("say", "hello", "--tts", "espeak", "-o", "-"), ("--help",), ("config", "show")], ids=first
)
def test_output_into_a_pipe_that_nobody_reads_is_no_failure(localvoice, words):
    reader, writer = os.pipe()
    os.close(reader)
    outcome = shell(localvoice, *words, stdout=writer)
    os.close(writer)
    assert (outcome.code, outcome.complaints) == (0, [])


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use stays there on Windows")
def test_a_folder_that_is_gone_is_left(localvoice):
    command = f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -m localvoice ask help --output none"
    outcome = shell(localvoice, "sh", "-c", command)
    assert outcome.code == 2
    assert outcome.complaints == ["localvoice: the folder this runs in is gone: change to another one"]


def test_a_tilde_that_the_shell_has_left_is_the_users_home(localvoice):
    flags = [f"--{name}=~/{name}" for name in ("record", "events", "save")]
    assert localvoice("--output", "none", *flags, stdin="help\n").code == 0
    home = Path(localvoice.environ["HOME"])
    assert {"record", "events", "save"} <= {path.name for path in home.iterdir()}
    assert list(localvoice.folder.iterdir()) == []
    (localvoice.folder / "localvoice.toml").write_text("[audio]\noutput = '~/said.wav'\n", encoding="utf-8")
    assert localvoice("say", "hello").code == 0
    assert (home / "said.wav").exists()
    assert localvoice("replay", "~/record", "--html=~/page.html").code == 0
    assert (home / "page.html").exists()
    assert localvoice("transcribe", "~/said.wav").code == 0
    for words in (("bench", "--compare=~/page.html"), ("bench", "--plot=~/record"), ("bench", "--record=~/said.wav")):
        assert f"{home / words[1].rpartition('/')[2]} is" in localvoice.refusal(*words, code=2)
    assert f"{home / 'nothing'}" in localvoice.refusal("models", "import", "~/nothing", code=2)


@pytest.mark.parametrize(
    ("words", "variable", "code"),
    [
        ("models list", "LOCALVOICE_MODELS", 0),
        ("say hello -o said.wav", "LOCALVOICE_SPEECH__PRONUNCIATION", 2),
        ("say hello -o said.wav --tts piper:~nobody-here/voice.onnx", "", 3),
        ("talk --text", "LOCALVOICE_SESSION__PERSONA", 2),
    ],
)
def test_a_home_that_nobody_has_is_a_place_where_nothing_is(localvoice, words, variable, code):
    localvoice.environ[variable or "UNUSED"] = "~nobody-here/one.toml"
    outcome = localvoice(*words.split())
    assert outcome.code == code
    assert "unexpected" not in outcome.err


@posix
def test_too_few_files_are_said_in_one_line(localvoice):
    command = f"ulimit -n 8 && exec {sys.executable} -m localvoice ask help --output none"
    outcome = shell(localvoice, "sh", "-c", command)
    assert outcome.code == 2
    assert outcome.complaints == ["localvoice: too many files are open: allow more, as `ulimit -n 1024` does"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize("words", [("say", "hello", "--tts", "espeak", "-o", "-"), ("--help",)], ids=first)
def test_output_onto_a_full_disk_is_said_in_one_line(localvoice, words):
    with Path("/dev/full").open("wb") as full:
        outcome = shell(localvoice, *words, stdout=full.fileno())
    assert outcome.code == 2
    assert len(outcome.complaints) == 1
    assert "disk is full" in outcome.complaints[0]


@pytest.mark.parametrize("debug", [False, True])
def test_a_thread_that_dies_is_one_line_and_with_debug_all_of_it(localvoice, debug):
    died = "import threading\none = threading.Thread(target=lambda: 1 / 0)\none.start()\none.join()\n"
    localvoice.replace_module("sounddevice", died + 'raise OSError("PortAudio library not found")\n')
    outcome = localvoice("devices", *(["--debug"] if debug else []))
    told = [line for line in outcome.complaints if "ZeroDivisionError" in line]
    assert len(told) == 1
    assert ("run again with --debug" in told[0]) is not debug
    assert ("Traceback" in outcome.err) is debug
    assert outcome.code == 4


def test_lines_in_another_encoding_are_answered_as_far_as_they_are_read(localvoice):
    words = ("--output", "none", "--llm", "skills", "--events", "events.jsonl", "--save", "said.txt")
    outcome = localvoice(*words, stdin=b"\xff\xe4 what\nwhat is two plus two\n")
    assert (outcome.code, outcome.complaints) == (0, [])
    assert "is 4" in outcome.out
    assert "\ufffd what" in (localvoice.folder / "said.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_an_answer_that_cannot_be_written_is_no_success(localvoice):
    command = f"echo help | {sys.executable} -m localvoice --output none --llm skills >/dev/full"
    outcome = shell(localvoice, "sh", "-c", command)
    assert outcome.code == 2
    assert outcome.complaints == [
        "localvoice: cannot write standard output: no space left on device; free some space, or write elsewhere"
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize(
    ("words", "code"), [("--frobnicate", 2), ("--text --output none --llm skills -v", 0), ("models remove nobody", 3)]
)
def test_notes_that_nobody_can_take_change_nothing(localvoice, words, code):
    outcome = shell(localvoice, "sh", "-c", f"echo help | {sys.executable} -m localvoice {words} 2>/dev/full")
    assert outcome.code == code
    assert ("I can" in outcome.out) is (code == 0)


@posix
@pytest.mark.parametrize(
    ("words", "closed", "code"),
    [
        (("--text", "--output", "none"), "<&-", 2),
        (("--input", "-", "--output", "a.wav"), "<&-", 2),
        (("say", "-", "-o", "a.wav"), "<&-", 2),
        (("transcribe", "-"), "<&-", 2),
        (("ask", "hello", "--output", "none"), ">&-", 0),
        (("ask", "hello", "--output", "none"), "2>&-", 0),
    ],
)
def test_closed_streams_do_no_harm(localvoice, words, closed, code):
    command = shlex.join([sys.executable, "-m", "localvoice", *words])
    outcome = shell(localvoice, "sh", "-c", f"exec {command} {closed}")
    assert outcome.code == code
    assert "unexpected" not in outcome.err
    assert "loading" not in outcome.out


# flags

EVERY_FLAG = {
    "--offline": (),
    "--cloud": None,  # contradicts --offline: tested below
    "--stt": ("pocketsphinx",),
    "--llm": ("skills",),
    "--tts": ("espeak",),
    "--no-fallback": (),
    "--vad": ("energy",),
    "--input": ("none",),
    "--output": ("none",),
    "--room": None,  # wants files
    "--text": (),
    "--no-skills": (),
    "--events": ("events.jsonl",),
    "--record": ("recorded",),
    "--once": (),
    "--patience": ("fast",),
    "--idle-timeout": ("20",),
    "--language": ("en",),
    "--voice": ("en-gb",),
    "--system-prompt": ("Be brief.",),
    "--persona": ("tess",),
    "--profile": ("brief",),
    "--budget": ("1.5",),
    "--save": ("kept.txt",),
    "--quiet": None,  # contradicts --verbose
    "--verbose": (),
    "--plain": (),
}


def test_every_flag_of_talk_is_in_the_list_above():
    talk = typer.main.get_command(app).commands["talk"]
    long_names = {next(name for name in one.opts if name.startswith("--")) for one in talk.params}
    assert long_names == set(EVERY_FLAG)


def test_every_flag_of_talk_works_without_the_word_talk(localvoice):
    (localvoice.folder / "localvoice.toml").write_text("[profiles.brief]\n[personas.tess]\n", encoding="utf-8")
    words = [word for name, values in EVERY_FLAG.items() if values is not None for word in (name, *values)]
    outcome = localvoice(*words, "--debug", stdin="what is 2 plus 2\n")
    assert outcome.code == 0, outcome
    started = read_events(localvoice.folder / "events.jsonl")[0]
    assert started["engines"]["llm"] == "skills"
    assert started["offline"] in {"guarded", "sealed"}


@pytest.mark.parametrize("words", [("--cloud",), ("--cloud=fallback",), ("--cloud", "prefer"), ("--cloud", "-q")])
def test_cloud_without_a_key_is_a_warning_and_starters_say_what_would_be_better(localvoice, words):
    outcome = localvoice(*words, "--output", "none", stdin="what is 2 plus 2\n")
    assert (outcome.code, outcome.out) == (0, "2 plus 2 is 4.\n")
    assert [line.split(":")[0] for line in outcome.complaints] == ["warning"]
    assert ("Better engines can be had" in outcome.err) == ("-q" not in words)


def test_offline_is_stronger_than_the_file(localvoice):
    (localvoice.folder / "localvoice.toml").write_text("[engines]\ncloud = 'prefer'\n", encoding="utf-8")
    outcome = localvoice("--offline", "--output", "none", stdin="what is 2 plus 2\n")
    assert (outcome.code, outcome.out) == (0, "2 plus 2 is 4.\n")
    assert [line.split(":")[0] for line in outcome.complaints] == ["warning"]


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_asking_about_the_program(localvoice, flag):
    outcome = localvoice(flag)
    assert outcome.code == 0
    assert "localvoice" in outcome.out
    assert outcome.err == ""


def test_nothing_is_stored_unasked(localvoice):
    before = localvoice.files()
    outcome = localvoice("say", "hello", *TINY_ENGINES[4:], "-o", "-")
    assert outcome.code == 0
    assert localvoice.files() == before


# sound of any format


@pytest.mark.parametrize(
    ("rate_hz", "channels", "subtype"), [(11_025, 2, "PCM_U8"), (96_000, 1, "PCM_16"), (44_100, 2, "PCM_24")]
)
def test_a_question_in_any_format_is_answered(localvoice, rate_hz, channels, subtype):
    sound = np.concatenate((np.zeros(4000, np.float32), speech("What is the capital of France?")))
    sound = resample(sound, SPEECH_RATE_HZ, rate_hz)
    soundfile.write(localvoice.folder / "q.wav", np.stack([sound] * channels, axis=1), rate_hz, subtype=subtype)
    outcome = localvoice("--input", "q.wav", "--output", "none", "--patience", "fast", *TINY_ENGINES)
    assert outcome.code == 0, outcome
    assert outcome.out.splitlines()[-1].removeprefix("localvoice:").strip() == "The capital of France is Paris."


@pytest.mark.parametrize("words", [(), ("talk",), ("models",), ("models", "download"), ("keys", "set")], ids=str)
def test_help_is_asked_for_in_any_way(localvoice, words):
    asked = localvoice(*words, "--help").out
    assert "Usage: localvoice" in asked
    assert localvoice(*words, "-h").out == asked
    assert localvoice("help", *words).out == asked


@pytest.mark.parametrize("words", [(), ("talk",), ("models", "download")], ids=str)
def test_help_shows_no_type_of_a_switch(localvoice, words):
    outcome = localvoice(*words, "--help")
    assert outcome.code == 0
    assert "--help" in outcome.out
    assert "<bool>" not in outcome.out
