"""`localvoice doctor` says what a conversation would find, and ends as it would."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.e2e.conftest import REPOSITORY, CommandLine
from tests.e2e.spoken import TINY_ENGINES


def findings(localvoice: CommandLine, *words: str, code: int) -> dict[str, dict]:
    outcome = localvoice("doctor", "--json", *words)
    assert outcome.code == code, outcome
    assert outcome.err == ""
    told = json.loads(outcome.out)
    assert told["exit_code"] == code
    return {check["name"]: check for check in told["checks"]}


FILES = ("--input", "hello.wav", "--output", "reply.wav")


@pytest.fixture(autouse=True)
def hello(localvoice: CommandLine) -> None:
    """Something to listen to."""
    shutil.copy(REPOSITORY / "examples" / "sample.wav", localvoice.folder / "hello.wav")


@pytest.mark.parametrize(
    ("files", "check", "said"),
    [
        (("--input", "gone.wav", "--output", "reply.wav"), "microphone", "there is no file gone.wav"),
        (("--input", "empty.wav", "--output", "reply.wav"), "microphone", "empty.wav is empty"),
        (("--input", "hello.wav", "--output", "gone/reply.wav"), "loudspeaker", "cannot write gone/reply.wav"),
        (("--input", "hello.wav", "--output", "reply.mp3"), "loudspeaker", "reply.mp3 would be a WAV file"),
    ],
)
def test_a_file_that_a_conversation_could_not_use_is_the_finding(localvoice, files, check, said):
    (localvoice.folder / "empty.wav").touch()
    checks = findings(localvoice, *files, "--tts", "espeak", "--llm", "skills", code=2)
    assert checks[check]["outcome"] == "failed"
    assert checks[check]["found"].startswith(said)
    assert checks[check]["fix"]
    assert sorted(path.name for path in localvoice.folder.iterdir()) == ["empty.wav", "hello.wav"]


@pytest.mark.parametrize(
    ("words", "check", "said"),
    [
        (("--stt", "groq"), "recogniser", "GROQ_API_KEY"),
        (("--tts", "elevenlabs,espeak"), "voice", "ELEVENLABS_API_KEY"),
        (("--llm", "openai-compatible"), "language model", "openai-compatible:http"),
    ],
)
def test_a_service_that_could_not_be_asked_is_the_finding(localvoice, words, check, said):
    checks = findings(localvoice, *FILES, *words, code=2)
    assert checks[check]["outcome"] == "failed"
    assert said in checks[check]["fix"]


def test_with_models_and_files_everything_is_measured_and_nothing_advised(localvoice):
    checks = findings(localvoice, *FILES, *TINY_ENGINES, code=0)
    assert checks["voice"]["found"].startswith("piper")
    assert checks["voice"]["figures"].keys() == {"first_speech_ms", "real_time_factor"}
    assert checks["recogniser"]["found"].startswith("faster-whisper")
    assert checks["recogniser"]["figures"]["latency_ms"] > 0
    assert checks["language model"]["figures"]["tokens_per_s"] > 0
    assert checks["microphone"]["outcome"] == checks["loudspeaker"]["outcome"] == "skipped"
    assert checks["voice detector"]["figures"]["window_ms"] > 0


def test_starters_are_called_so_with_the_way_to_better_ones(localvoice):
    checks = findings(localvoice, *FILES, code=0)
    for name in ("voice", "recogniser", "language model"):
        assert checks[name]["outcome"] == "advice"
        assert "starter" in checks[name]["found"]
        assert "localvoice models download" in checks[name]["fix"]


def test_without_a_sound_card_it_ends_as_a_conversation_would(localvoice):
    localvoice.without_sound_card()
    outcome = localvoice("doctor", "--tts", "espeak", "--llm", "skills")
    assert outcome.code == 4, outcome
    assert "there is no microphone on this machine" in outcome.out
    assert "-> connect one, or use `--input FILE.wav`" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("A conversation would not start: see microphone, loudspeaker")
    assert "\x1b" not in outcome.out
    assert outcome.err == ""


def test_without_portaudio_it_says_how_to_get_it(localvoice):
    localvoice.without_portaudio()
    checks = findings(localvoice, "--llm", "skills", code=4)
    assert checks["portaudio"]["outcome"] == "failed"
    assert "libportaudio2" in checks["portaudio"]["fix"]


def test_a_missing_model_is_the_recognisers_failure(localvoice):
    checks = findings(localvoice, *FILES, "--stt", "faster-whisper:base.en", code=3)
    assert checks["recogniser"]["outcome"] == "failed"
    assert "localvoice models download base.en" in checks["recogniser"]["fix"]
    assert checks["language model"]["outcome"] == "advice"


@pytest.mark.parametrize("stt", [(), ("--stt", "groq")])
def test_a_key_is_named_with_its_place_and_neither_shown_nor_used(localvoice, stt):
    localvoice.environ["GROQ_API_KEY"] = "gsk_very_secret_0123456789"
    localvoice.environ["LOCALVOICE_ENGINES__GROQ__BASE_URL"] = "http://127.0.0.1:9"
    checks = findings(localvoice, *FILES, *stt, code=0)
    assert checks["keys"]["found"] == "groq (environment)"
    assert checks["network"]["outcome"] == "skipped"
    assert "very_secret" not in json.dumps(checks)


def test_online_a_service_that_does_not_answer_is_named(localvoice):
    localvoice.environ["GROQ_API_KEY"] = "gsk_very_secret_0123456789"
    localvoice.environ["LOCALVOICE_ENGINES__GROQ__BASE_URL"] = "http://127.0.0.1:9"
    checks = findings(localvoice, *FILES, "--online", code=5)
    assert checks["service groq"]["outcome"] == "failed"
    assert "very_secret" not in json.dumps(checks)


def test_a_skill_that_there_is_not_is_named_and_all_else_looked_at(localvoice):
    localvoice.environ["LOCALVOICE_SKILLS__DISABLED"] = "get_tiem,stop"
    checks = findings(localvoice, *FILES, "--tts", "espeak", "--llm", "skills", code=2)
    assert checks["skills"]["outcome"] == "failed"
    assert "get_tiem" in checks["skills"]["found"]
    assert "get_time" in checks["skills"]["fix"]
    assert {"voice", "recogniser", "language model"} <= checks.keys()


def test_files_of_words_that_are_not_there_are_named_as_a_conversation_would(localvoice):
    localvoice.environ["LOCALVOICE_STT__CORRECTIONS"] = "gone.toml"
    checks = findings(localvoice, *FILES, "--tts", "espeak", "--llm", "skills", code=2)
    assert "gone.toml" in checks["dictionaries"]["found"]
    assert checks["dictionaries"]["fix"].endswith("correct stt.corrections")
    assert checks["voice"]["outcome"] == "advice"


def test_a_key_that_is_none_is_named_and_all_else_looked_at(localvoice):
    localvoice.environ |= {"OPENAI_API_KEY": "two words", "GROQ_API_KEY": "sk-1"}
    checks = findings(localvoice, *FILES, "--tts", "espeak", "--llm", "skills", code=0)
    assert checks["keys"]["outcome"] == "advice"
    assert "OPENAI_API_KEY" in checks["keys"]["found"]
    listed = localvoice("keys", "list")
    assert listed.code == 0
    assert "is not an API key" in next(line for line in listed.out.splitlines() if line.startswith("openai"))
    assert "environment" in next(line for line in listed.out.splitlines() if line.startswith("groq"))


def test_what_is_wrong_on_the_command_line_is_said_in_one_line(localvoice):
    assert "there is no recogniser" in localvoice.refusal("doctor", "--stt", "whispr", code=2)
