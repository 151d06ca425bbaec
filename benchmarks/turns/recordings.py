"""Where the phrases of a recording lie, by the VAD, and what they say, by a forced alignment of its transcript."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_int16, to_mono
from localvoice.audio.vad import WINDOW, WINDOW_S, load_vad
from localvoice.config import VadConfig
from localvoice.turn.speech_gate import Edge, SpeechGate

Stretch = tuple[str, float, float]
"""Words, and from when to when they are spoken, in seconds."""

_SHORTEST_PAUSE_S = 0.1


def recorded_phrases(path: Path, transcript: str) -> tuple[Samples, list[Stretch]]:
    """The recording at 16 kHz, and its phrases between pauses of 100 ms and more."""
    frames, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    sound = resample(to_mono(frames), rate_hz, SPEECH_RATE_HZ)
    words = list(aligned(sound, transcript))
    phrases: list[Stretch] = []
    for start_s, end_s in stretches(sound):
        said = " ".join(word for word, first_s, last_s in words if start_s <= (first_s + last_s) / 2 < end_s)
        if said:  # else a breath
            phrases.append((said, start_s, end_s))
    merged = phrases[:1]
    for before, after in pairwise(phrases):
        if after[1] - before[2] < _SHORTEST_PAUSE_S:
            merged[-1] = (f"{merged[-1][0]} {after[0]}", merged[-1][1], after[2])
        else:
            merged.append(after)
    return sound, merged


def stretches(sound: Samples) -> Iterator[tuple[float, float]]:
    """From when to when somebody speaks, by the program's own VAD and gate."""
    vad, gate = load_vad("silero"), SpeechGate(VadConfig())
    whole = np.concatenate((sound, silence(SPEECH_RATE_HZ)))
    for count in range(1, len(whole) // WINDOW + 1):
        probability = vad.probability(whole[(count - 1) * WINDOW : count * WINDOW])
        if gate.step(count * WINDOW_S, probability) is Edge.STOPPED:
            yield gate.onset_s, gate.end_s


def aligned(sound: Samples, transcript: str) -> Iterator[Stretch]:
    """When each word of the transcript is spoken."""
    from pocketsphinx import Decoder

    decoder = Decoder(loglevel="FATAL")
    decoder.set_align_text(transcript.strip())
    decoder.start_utt()
    decoder.process_raw(to_int16(sound).tobytes(), full_utt=True)
    decoder.end_utt()
    for segment in decoder.seg() or ():  # none where the words do not fit the sound
        if not segment.word.startswith("<"):
            yield segment.word.partition("(")[0], segment.start_frame / 100, segment.end_frame / 100
