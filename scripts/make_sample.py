"""Makes examples/sample.wav, the questions that `make talk` plays where there is no sound card. Needs flite (apt)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence

PARTS: tuple[str | float, ...] = (
    *(0.4, "What time is it?", 3.4),
    *("What is seven plus eight?", 3.4),
    *("What can you do?", 3.0, "Stop!", 1.6),
)
"""Sentences, and the seconds between them; the last one is said over the reply."""


def spoken(text: str) -> Samples:
    """`text` by flite's voice slt, which is free to use, at 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "said.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", str(wav)], check=True)
        samples, rate_hz = soundfile.read(wav, dtype="float32")
    if rate_hz != SPEECH_RATE_HZ:
        raise RuntimeError(f"flite speaks at {rate_hz} Hz")
    return samples


def main() -> None:
    """Write the file beside this script's folder."""
    sounds = [silence(int(p * SPEECH_RATE_HZ)) if isinstance(p, float) else spoken(p) for p in PARTS]
    target = Path(__file__).parent.parent / "examples" / "sample.wav"
    soundfile.write(target, np.concatenate(sounds), SPEECH_RATE_HZ, subtype="PCM_16")


if __name__ == "__main__":
    main()
