"""What starting the program costs: nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    *("numpy", "onnxruntime", "ctranslate2", "llama_cpp", "xllamacpp", "piper", "httpx", "faster_whisper", "av"),
    *("sounddevice", "rtmixer", "soundfile", "soxr", "torch", "pocketsphinx", "hassil", "pint", "rich"),
}


def imported(localvoice, *words: str) -> set[str]:
    """The top-level packages that a run imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "localvoice", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=localvoice.folder,
        env=localvoice.environ,
        timeout=30,
        check=False,
    )
    names = (line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {name.split(".", 1)[0] for name in names}


def test_the_list_of_imports_is_complete(localvoice):
    assert {"localvoice", "typer", "asyncio"} <= imported(localvoice, "--version")


@pytest.mark.parametrize("words", [("--version",), ("xyzzy",), ("config", "path")], ids=" ".join)
def test_light_commands_import_nothing_heavy(localvoice, words):
    assert not HEAVY & imported(localvoice, *words)


@pytest.mark.parametrize("words", [("--help",), ("talk", "--help"), ("transcribe", "--help")], ids=" ".join)
def test_help_imports_nothing_heavy(localvoice, words):
    assert not (HEAVY - {"rich"}) & imported(localvoice, *words)


def test_speech_to_a_file_needs_no_recogniser_model_or_sound_card(localvoice):
    packages = imported(localvoice, "say", "hello", "--tts", "espeak", "-o", "said.wav")
    assert "numpy" in packages
    assert not packages & {"ctranslate2", "llama_cpp", "xllamacpp", "faster_whisper", "sounddevice", "torch"}
