"""`--offline` as its users have it: nothing leaves, by the system calls of a whole conversation; contradictions."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from tests.e2e.conftest import CommandLine
from tests.e2e.spoken import TINY_ENGINES, read_events, write_question
from tests.e2e.test_offline_shield import sealed

STRACE = shutil.which("strace")
_INTERNET = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(.*sa_family=AF_INET6?.*")
_LOOPBACK = re.compile(r'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"')

_NAME_DAEMON = re.compile(r'connect\(.*sun_path="[^"]*(?:nscd|resolve)[^"]*"')

STARTERS = ("--stt", "pocketsphinx", "--llm", "skills", "--tts", "espeak")
GUARDED_BY = {"PULSE_SERVER": "tcp:127.0.0.1:4713"}
"""Something of the host's network that a namespace would lose."""


def packets_beyond_loopback(trace: str) -> list[str]:
    """And questions to a daemon that looks names up for others."""
    out = [line for line in trace.splitlines() if _INTERNET.search(line) and not _LOOPBACK.search(line)]
    return out + _NAME_DAEMON.findall(trace)


def test_the_reading_of_a_trace():
    out = '12 connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0'
    dns = '12 sendto(7, "x", 1, 0, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = 1'
    here = '12 connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0'
    file = '12 connect(7, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0'
    daemon = '12 connect(7, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT'
    assert packets_beyond_loopback(f"{out}\n{dns}\n{here}\n{file}\n{daemon}") == [
        out,
        dns,
        daemon[3:].partition("}")[0],
    ]


def traced(localvoice: CommandLine, *words: str) -> str:
    """The calls about the network of a run and all that it starts."""
    trace = localvoice.folder / "trace"
    command = [str(STRACE), "-f", "-qq", "-s", "100", "-e", "trace=network", "-o", str(trace)]
    done = subprocess.run(
        [*command, sys.executable, "-m", "localvoice", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=localvoice.folder,
        env=localvoice.environ,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return trace.read_text(encoding="utf-8", errors="replace")


needs_strace = pytest.mark.skipif(STRACE is None, reason="needs strace: sudo apt-get install strace")


@needs_strace
@pytest.mark.parametrize("engines", [TINY_ENGINES, STARTERS], ids=["models", "starters"])
@pytest.mark.parametrize("mode", ["guarded", "as it comes"])
def test_a_whole_conversation_sends_nothing(localvoice, engines, mode):
    write_question(localvoice.folder / "question.wav", 0.3, "What is seven plus eight?")
    if mode == "guarded":
        localvoice.environ |= GUARDED_BY
    words = ("--offline", "--input", "question.wav", "--output", "answer.wav", "--events", "events.jsonl", *engines)
    trace = traced(localvoice, *words)
    events = read_events(localvoice.folder / "events.jsonl")
    assert "reply_finished" in {event["type"] for event in events}
    assert events[0]["offline"] == "guarded" or mode != "guarded"
    assert packets_beyond_loopback(trace) == []


@needs_strace
@pytest.mark.parametrize(
    "words",
    [
        ("say", "hello", "-o", "said.wav", *TINY_ENGINES[4:]),
        ("transcribe", "question.wav", *TINY_ENGINES[:2]),
        ("ask", "what is your name", "--output", "none", *TINY_ENGINES[2:]),
        ("voices", "list"),
        ("voices", "preview", "en-us", "-o", "said.wav"),
    ],
    ids=["say", "transcribe", "ask", "voices", "preview"],
)
def test_no_command_sends_anything_although_keys_are_set(localvoice, words):
    write_question(localvoice.folder / "question.wav", 0.3, "What is seven plus eight?")
    localvoice.environ |= GUARDED_BY | {"GROQ_API_KEY": "planted", "DEEPGRAM_API_KEY": "planted"}
    assert packets_beyond_loopback(traced(localvoice, *words, "--offline")) == []


def test_the_reason_for_the_lesser_shield_is_shown(localvoice):
    localvoice.environ |= GUARDED_BY
    outcome = localvoice("--offline", "--output", "none", "--events", "events.jsonl", "--text", stdin="hello\n")
    (started,) = [one for one in read_events(localvoice.folder / "events.jsonl") if one["type"] == "session_started"]
    assert started["offline"] == "guarded"
    assert "sound server" in started["offline_reason"]
    assert outcome.code == 0


@sealed
@pytest.mark.parametrize("spoken", [False, True])
def test_where_the_kernel_lets_it_a_conversation_is_sealed(localvoice, spoken):
    write_question(localvoice.folder / "question.wav", 0.3, "What is seven plus eight?")
    words = ("--input", "question.wav") if spoken else ("--text",)
    outcome = localvoice("--offline", "--output", "none", "--events", "events.jsonl", *words, stdin="hello\n")
    assert outcome.code == 0
    started = read_events(localvoice.folder / "events.jsonl")[0]
    assert (started["offline"], started["offline_reason"]) == ("sealed", "")


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (("--stt", "groq"), {}, "--stt groq"),
        (("--tts", "espeak,elevenlabs"), {}, "--tts elevenlabs"),
        (("--llm", "openai-compatible:https://example.com/v1"), {}, "example.com"),
        ((), {"LOCALVOICE_ENGINES__TTS": "cartesia"}, "LOCALVOICE_ENGINES__TTS cartesia"),
        (("--llm", "ollama"), {"LOCALVOICE_ENGINES__OLLAMA__BASE_URL": "https://example.com/v1"}, "--llm ollama"),
    ],
)
def test_a_cloud_engine_and_offline_contradict_each_other(localvoice, words, environ, said):
    localvoice.environ |= environ
    assert said in localvoice.refusal("--offline", *words, "--output", "none", code=2, stdin="hello\n")


def test_what_the_file_says_of_the_cloud_is_left_out_with_a_warning(localvoice):
    text = "[engines]\nllm = ['groq', 'skills']\ntts = ['elevenlabs']\ncloud = 'prefer'\n"
    (localvoice.folder / "localvoice.toml").write_text(text, encoding="utf-8")
    outcome = localvoice("--offline", "--output", "none", "--events", "events.jsonl", stdin="what is 2 plus 2\n")
    assert (outcome.code, outcome.out) == (0, "2 plus 2 is 4.\n")
    (warning,) = outcome.complaints
    assert warning.startswith("warning: --offline leaves out")
    assert "groq, elevenlabs, cloud = prefer" in warning
    assert read_events(localvoice.folder / "events.jsonl")[0]["engines"]["llm"] == "skills"
