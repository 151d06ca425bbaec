"""What is wrong is said in one line with the cure, with the right exit code, and leaves no trace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import CommandLine
from tests.e2e.spoken import MODELS

WHISPER = MODELS / "stt"
GGUF = MODELS / "llm" / "localvoice-tiny-test.gguf"
VOICE = MODELS / "tts" / "en_US-tiny-test.onnx"

needs_devices = pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")


def truncated(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    return target


# sound files


@pytest.mark.parametrize("command", [("--input",), ("transcribe",)], ids=["talk", "transcribe"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text.wav", "text.wav"),
        ("empty.wav", "is empty"),
        ("folder.wav", "is a folder"),
        ("gone.wav", "there is no file"),
        ("gone.mp3", "there is no file"),
    ],
)
def test_a_recording_that_is_none(localvoice: CommandLine, command, name, said):
    (localvoice.folder / "text.wav").write_text("I am not a sound.\n" * 50, encoding="utf-8")
    (localvoice.folder / "empty.wav").touch()
    (localvoice.folder / "folder.wav").mkdir()
    assert said in localvoice.refusal(*command, name, code=2)


@pytest.mark.parametrize(
    "words",
    [
        ("--input", "mine.wav", "--output", "mine.wav"),
        ("--input", "mine.wav", "--output", "reply.wav", "--events", "./mine.wav"),
        ("--input", "mine.wav", "--output", "both.wav", "--events", "both.wav"),
    ],
    ids=["output", "events", "both"],
)
def test_a_recording_is_never_overwritten_and_no_file_written_twice(localvoice, words):
    recording = (localvoice.folder / silent_wav(localvoice)).rename(localvoice.folder / "mine.wav")
    before = recording.read_bytes()
    assert "is named twice" in localvoice.refusal(*words, code=2)
    assert recording.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--input", "circle.wav", "--output", "none"), "there is no file circle.wav"),
        (("--input", "silent.wav", "--output", "circle.wav", "--record", "kept"), "cannot write circle.wav"),
    ],
    ids=["input", "output"],
)
def test_links_that_lead_in_a_circle_are_no_file(localvoice, words, said):
    silent_wav(localvoice)
    (localvoice.folder / "circle.wav").symlink_to("circle.wav")
    assert said in localvoice.refusal(*words, code=2)


def test_another_name_of_the_recording_is_the_recording(localvoice):
    recording = localvoice.folder / silent_wav(localvoice)
    before = recording.read_bytes()
    (localvoice.folder / "link.wav").hardlink_to(recording)
    assert "is named twice" in localvoice.refusal("--input", "silent.wav", "--output", "link.wav", code=2)
    assert recording.read_bytes() == before


OUTPUTS = [
    ("missing/reply.wav", "no such file or directory"),
    ("file/reply.wav", "not a directory"),
    ("folder.wav", "is a folder"),
    pytest.param("/proc/reply.wav", "cannot write /proc/reply.wav", marks=needs_devices),
    pytest.param("/dev/full", "cannot write /dev/full", marks=needs_devices),
    pytest.param("a" * 300 + ".wav", "file name too long; name another place", marks=needs_devices, id="long"),
]


@pytest.mark.parametrize(("path", "said"), [*OUTPUTS, ("/", "is a folder"), ("reply.mp3", "call it reply.wav")])
@pytest.mark.parametrize("words", [("ask", "hello"), ("say", "hello")], ids=["ask", "say"])
def test_an_output_that_cannot_be_written(localvoice, words, path, said):
    (localvoice.folder / "folder.wav").mkdir()
    (localvoice.folder / "file").touch()
    assert said in localvoice.refusal(*words, "--output", path, code=2)


@pytest.mark.parametrize(("path", "said"), OUTPUTS)
def test_events_that_cannot_be_written(localvoice, path, said):
    (localvoice.folder / "folder.wav").mkdir()
    (localvoice.folder / "file").touch()
    assert said in localvoice.refusal("--text", "--output", "none", "--events", path, code=2, stdin="hello\n")


# models


@pytest.mark.parametrize(
    ("stage", "model"),
    [("--stt", "faster-whisper:nowhere"), ("--llm", "llama-cpp:nowhere.gguf"), ("--tts", "piper:nowhere.onnx")],
)
def test_a_model_that_is_not_there(localvoice, stage, model):
    said = localvoice.refusal(stage, model, "--input", silent_wav(localvoice), "--output", "reply.wav", code=3)
    assert "nowhere" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--stt", "groq"), 2, "GROQ_API_KEY"),
        (("--tts", "elevenlabs"), 2, "ELEVENLABS_API_KEY"),
        (("--stt", "faster-whisper:nowhere"), 3, "nowhere"),
    ],
)
def test_what_a_flag_names_is_looked_for_even_where_nobody_needs_it(localvoice, words, code, said):
    assert said in localvoice.refusal("--output", "none", *words, code=code, stdin="hello\n")


@pytest.mark.parametrize(
    ("llm", "kind", "fields"),
    [
        ("llama-cpp:nowhere.gguf,skills", "provider_changed", {"from": "llama-cpp", "to": "skills"}),
        ("skills,llama-cpp:nowhere.gguf", "warning", {"code": "absent_engine"}),
    ],
)
def test_a_model_that_is_not_there_and_another_that_is(localvoice, llm, kind, fields):
    outcome = localvoice("--llm", llm, "--output", "none", "--events", "-", "-q", stdin="what time is it\n")
    assert outcome.code == 0, outcome
    events = [json.loads(line) for line in outcome.out.splitlines()]
    assert events[0]["engines"]["llm"] == "skills"
    (told,) = [event for event in events if event["type"] in {"provider_changed", "warning"}]
    assert told["type"] == kind
    assert fields.items() <= told.items()
    assert "nowhere.gguf" in told.get("reason", told.get("message"))


def test_what_the_settings_name_is_not(localvoice):
    (localvoice.folder / "localvoice.toml").write_text("[engines]\nstt = ['groq']\n", encoding="utf-8")
    assert localvoice("--output", "none", stdin="hello\n").code == 0


def silent_wav(localvoice: CommandLine) -> str:
    import numpy as np
    import soundfile

    soundfile.write(localvoice.folder / "silent.wav", np.zeros(16_000), 16_000)
    return "silent.wav"


def test_a_truncated_language_model(localvoice):
    truncated(GGUF, localvoice.folder / "half.gguf")
    assert "half.gguf" in localvoice.refusal("ask", "hi", "--llm", "llama-cpp:half.gguf", "--output", "none", code=3)


def test_a_truncated_recogniser(localvoice):
    model = localvoice.folder / "whisper"
    shutil.copytree(WHISPER, model)
    truncated(WHISPER / "model.bin", model / "model.bin")
    said = localvoice.refusal("transcribe", silent_wav(localvoice), "--stt", "faster-whisper:whisper", code=3)
    assert "whisper" in said


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.bin"])
def test_a_recogniser_without_one_of_its_files(localvoice, missing):
    shutil.copytree(WHISPER, localvoice.folder / "whisper")
    (localvoice.folder / "whisper" / missing).unlink()
    said = localvoice.refusal("transcribe", silent_wav(localvoice), "--stt", "faster-whisper:whisper", code=3)
    assert missing in said


def voice_with(localvoice: CommandLine, config: str | None) -> str:
    shutil.copy(VOICE, localvoice.folder / "voice.onnx")
    if config is not None:
        (localvoice.folder / "voice.onnx.json").write_text(config, encoding="utf-8")
    return "piper:voice.onnx"


@pytest.mark.parametrize("config", [None, "{ not json", "[]", "{}", json.dumps({"audio": {"sample_rate": 22050}})])
def test_a_voice_with_a_wrong_configuration(localvoice, config):
    said = localvoice.refusal("say", "hi", "--tts", voice_with(localvoice, config), "-o", "hi.wav", code=3)
    assert "voice.onnx.json" in said


def test_a_truncated_voice(localvoice):
    truncated(VOICE, localvoice.folder / "voice.onnx")
    shutil.copy(f"{VOICE}.json", localvoice.folder / "voice.onnx.json")
    assert "voice.onnx" in localvoice.refusal("say", "hi", "--tts", "piper:voice.onnx", "-o", "hi.wav", code=3)


# engines and flags


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stt", "faster-wisper"), "faster-whisper"),
        (("--llm", "lama-cpp"), "llama-cpp"),
        (("--tts", "pipper"), "piper"),
        (("--llm", "piper"), "give it to --tts"),
        (("--stt", "llama-cpp:x.gguf"), "give it to --llm"),
        (("--tts", "elevenlabs"), "ELEVENLABS_API_KEY"),
        (("--llm", "groq"), "GROQ_API_KEY"),
        (("--stt", "deepgram"), "DEEPGRAM_API_KEY"),
        (("--tts", "azure"), "AZURE_SPEECH_KEY"),
        (("-q", "-v"), "--quiet and --verbose"),
        (("--input", "q.wav", "--record", ""), "--record wants a folder"),
        (("--record=",), "--record wants a folder"),
        (("--input", "none", "--save", "-"), "--save keeps the transcript in a file"),
        (("--offline", "--cloud"), "--offline and --cloud"),
        (("--offline", "--cloud=fallback"), "--offline and --cloud"),
        (("--offline", "--llm", "openai"), "openai"),
        (("--vad", "loud"), "silero"),
        (("--patience", "fats"), "fast"),
        (("--idle-timeout", "soon"), "--idle-timeout"),
        (("--idle-timeout", "-3"), "--idle-timeout"),
        (("--budget", "nan"), "--budget"),
        (("--profile", "nobody"), "unknown profile"),
        (("--persona", "nobody"), "unknown persona"),
        (("--events", "-", "--output", "-"), "standard output"),
        (("--room", "30,-20"), "--room"),
        (("--room", "30,-20", "--input", "none", "--output", "r.wav"), "--room"),
        (("--outptu", "x.wav"), "--output"),
        (("--input",), "--input"),
        (("tlak",), "localvoice talk"),
        (("xyzzy",), "--help"),
        (("talk", "xyzzy"), "xyzzy"),
        (("ask",), "TEXT"),
        (("ask", "  "), "no question"),
        (("say",), "TEXT"),
        (("say", " "), "nothing to say"),
        (("transcribe",), "FILE"),
        (("transcribe", "a", "b", "--srt"), "one recording"),
        (("transcribe", "a", "--srt", "--json"), "--srt"),
        (("models", "downlaod"), "download"),
        (("--text",), "lines"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_line_that_makes_no_sense(localvoice, words, said):
    assert said in localvoice.refusal(*words, code=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[turn]\npatienec = "fast"\n', "patience"),
        ("[trun]\npatience = 'fast'\n", "the nearest valid one is turn"),
        ('[turn]\npatience = "hurried"\n', "fast"),
        ("[turn\n", "localvoice.toml"),
        ("[turn]\nsilence_ms = 'long'\n", "silence_ms"),
        ("[engines]\nllm = ['lama-cpp']\n", "llama-cpp"),
        ("\x00\x01", "localvoice.toml"),
    ],
)
def test_settings_that_make_no_sense(localvoice, text, said):
    (localvoice.folder / "localvoice.toml").write_text(text, encoding="utf-8")
    assert said in localvoice.refusal("ask", "hello", "--output", "none", code=2)


def test_a_variable_that_nobody_knows(localvoice):
    localvoice.environ["LOCALVOICE_TURN__PATIENC"] = "fast"
    assert "LOCALVOICE_TURN__PATIENCE" in localvoice.refusal("ask", "hello", "--output", "none", code=2)


@pytest.mark.parametrize(
    "words", [("ask", "hello"), ("say", "hello"), ("transcribe", "a.wav")], ids=lambda words: words[0]
)
def test_the_cloud_by_variable_and_offline_contradict_each_other(localvoice, words):
    localvoice.environ["LOCALVOICE_ENGINES__CLOUD"] = "prefer"
    assert "LOCALVOICE_ENGINES__CLOUD" in localvoice.refusal(*words, "--offline", code=2)


# sound cards


def test_without_portaudio_the_conversation_says_what_to_install(localvoice):
    localvoice.without_portaudio()
    assert "libportaudio2" in localvoice.refusal(code=4)


def test_without_portaudio_speech_says_what_to_install(localvoice):
    localvoice.without_portaudio()
    assert "libportaudio2" in localvoice.refusal("say", "hello", code=4)


def test_without_a_sound_card_the_conversation_says_what_can_be_done(localvoice):
    localvoice.without_sound_card()
    assert "--input FILE.wav" in localvoice.refusal(code=4)


def test_a_device_that_is_not_there(localvoice):
    localvoice.without_sound_card()
    assert "microphone" in localvoice.refusal("--input", "Yeti", code=4)


def test_say_with_nothing_on_standard_input(localvoice):
    assert "nothing to say" in localvoice.refusal("say", "-", "-o", "hi.wav", code=2)


def test_sound_and_lines_do_not_both_come_on_standard_input(localvoice):
    said = localvoice.refusal("--text", "--input", "-", "--output", "none", "--llm", "skills", stdin="help\n", code=2)
    assert "both want standard input" in said


def test_a_warning_of_a_library_is_not_the_user_s(localvoice):
    localvoice.replace_module("sounddevice", 'import warnings\nwarnings.warn("deprecated")\nraise OSError("missing")')
    outcome = localvoice("devices")
    assert outcome.code == 4
    assert "deprecated" not in outcome.err
    assert "deprecated" in localvoice("devices", "--debug").err
