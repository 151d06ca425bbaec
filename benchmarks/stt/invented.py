"""What a recogniser writes where nobody speaks: `python -m benchmarks.stt.invented MODEL_DIR [RECORDING ...]`.

For real models, which the tests do not have. Silence, noise, hum, clicks and breath are made here; recordings named on
the command line are taken as sound without speech (a room, a keyboard, music). Each text is shown with its scores and
with what speaks against it (localvoice/stt/invented.py); then the scores that would have told it from what
`--spoken FOLDER` holds, recordings with speech. `--json FILE` keeps all of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_mono
from localvoice.audio.vad import WINDOW, WINDOW_S, load_vad
from localvoice.stt.invented import Disbelief, Evidence

_LONGEST_S = 15.0
_SPEECH = 0.35
"""As in the session: `vad.release`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A text and what is known of it."""

    sound: str
    is_spoken: bool
    evidence: Evidence
    why: str


def made(seconds: float = 3.0) -> Iterator[tuple[str, Samples]]:
    """Sounds that nobody speaks in."""
    chance, frames = np.random.default_rng(1), int(seconds * SPEECH_RATE_HZ)
    times = np.arange(frames) / SPEECH_RATE_HZ
    yield "silence", silence(frames)
    for level_db in (-60, -40, -25):
        noise = chance.normal(0, 10 ** (level_db / 20), frames)
        yield f"noise {level_db} dBFS", noise.astype(np.float32)
        low = np.convolve(noise, np.ones(16) / 4, mode="same")
        yield f"rumble {level_db} dBFS", low.astype(np.float32)
    yield "hum", (0.05 * np.sin(2 * np.pi * 50 * times) + 0.02 * np.sin(2 * np.pi * 150 * times)).astype(np.float32)
    clicks = np.zeros(frames)
    clicks[chance.integers(0, frames, 12)] = 0.7
    yield "clicks", clicks.astype(np.float32)
    breath = chance.normal(0, 0.03, frames) * np.clip(np.sin(2 * np.pi * 0.4 * times), 0, None)
    yield "breath", breath.astype(np.float32)


def pieces_of(path: Path) -> Iterator[tuple[str, Samples]]:
    """A recording in pieces that a recogniser takes at once."""
    frames, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    sound = resample(to_mono(frames), rate_hz, SPEECH_RATE_HZ)
    size = int(_LONGEST_S * SPEECH_RATE_HZ)
    for at in range(0, len(sound), size):
        yield f"{path.name} at {at / SPEECH_RATE_HZ:.0f} s", sound[at : at + size]


def speech_s(sound: Samples, vad: Any) -> float:
    """Seconds that the voice detector takes for speech."""
    vad.reset()
    windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return WINDOW_S * sum(vad.probability(window) >= _SPEECH for window in windows)


def read(model: Any, sound: Samples, language: str) -> Iterator[Any]:
    """The segments as a turn is read, nothing left out."""
    options = {"beam_size": 1, "temperature": 0.0, "without_timestamps": True, "no_speech_threshold": None}
    yield from model.transcribe(sound, language=language, condition_on_previous_text=False, **options)[0]


def found_in(model: Any, name: str, language: str, recordings: list[Path], spoken: list[Path]) -> Iterator[Found]:
    """All texts of all sounds."""
    vad, disbelief = load_vad("silero"), Disbelief.of_model(name)
    sounds = [(*one, False) for one in made()]
    for is_spoken, paths in ((False, recordings), (True, spoken)):
        sounds += [(*one, is_spoken) for path in paths for one in pieces_of(path)]
    for sound_name, sound, is_spoken in sounds:
        heard_s = speech_s(sound, vad)
        for segment in read(model, sound, language):
            evidence = Evidence(
                segment.text.strip(), heard_s, segment.no_speech_prob, segment.avg_logprob, segment.compression_ratio
            )
            yield Found(sound_name, is_spoken, evidence, disbelief.why(evidence))


def show(found: list[Found]) -> None:
    """Each text, then what the two kinds have in common."""
    print("speech  no speech  log prob  compression  verdict   text (sound)")
    for one in found:
        seen = one.evidence
        print(
            f"{seen.speech_s:5.1f} s  {seen.no_speech:9.2f}  {seen.logprob:8.2f}  {seen.compression:11.2f}  "
            f"{one.why or 'believed':8}  {seen.text!r} ({one.sound})"
        )
    for is_spoken, title in ((False, "nobody speaks"), (True, "somebody speaks")):
        ours = [one for one in found if one.is_spoken == is_spoken]
        believed = sum(not one.why for one in ours)
        print(f"{title}: {len(ours)} texts, {believed} believed", end="")
        if ours:
            probs = [one.evidence.logprob or 0.0 for one in ours]
            doubts = [one.evidence.no_speech or 0.0 for one in ours]
            print(
                f"; median log prob {statistics.median(probs):.2f}, no speech {statistics.median(doubts):.2f}", end=""
            )
        print()


def main() -> None:
    """Measure a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("recordings", type=Path, nargs="*")
    parser.add_argument("--spoken", type=Path, help="folder of recordings with speech")
    parser.add_argument("--language", default="en")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    from faster_whisper import WhisperModel

    model = WhisperModel(str(asked.model), device="cpu", compute_type="int8")
    spoken = sorted(asked.spoken.glob("*.wav")) if asked.spoken else []
    found = list(found_in(model, asked.model.name, asked.language, asked.recordings, spoken))
    show(found)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
