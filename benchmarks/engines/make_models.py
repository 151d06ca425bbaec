"""Models of real size with random weights, for measuring by hand: `python -m benchmarks.engines.make_models FOLDER`.

A folder of the store's layout (`LOCALVOICE_MODELS=FOLDER`): Whisper base, a language model of the size asked for, a
Piper voice of quality medium. The tiny test models lend vocabulary, template and phonemes.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from localvoice.tiers import random_llama, random_piper, random_whisper

TINY = Path(__file__).parents[2] / "tests/models"
TINY_LLAMA = TINY / "llm/localvoice-tiny-test.gguf"
TINY_VOICE = TINY / "tts/en_US-tiny-test.onnx"


def make_whisper(folder: Path) -> Path:
    """Whisper base, int8, as faster-whisper wants it."""
    vocabulary = json.loads((TINY / "stt/vocabulary.json").read_text(encoding="utf-8"))
    made = random_whisper.make(folder, random_whisper.BASE, vocabulary)
    for name in ("tokenizer.json", "preprocessor_config.json"):
        shutil.copy(TINY / "stt" / name, made)
    return made


def make_llama(path: Path, size: str) -> Path:
    """A language model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return random_llama.make(path, random_llama.SIZES[size], TINY_LLAMA)


def make_voice(path: Path) -> Path:
    """A voice of quality medium."""
    return random_piper.make(path, TINY_VOICE)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=random_llama.SIZES, default="0.1b")
    arguments = parser.parse_args()
    print(make_whisper(arguments.folder / "stt/random-base"))
    print(make_llama(arguments.folder / f"llm/random-{arguments.size}/random.gguf", arguments.size))
    print(make_voice(arguments.folder / "tts/random-medium/random.onnx"))


if __name__ == "__main__":
    main()
