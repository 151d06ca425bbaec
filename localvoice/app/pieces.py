"""A recording cut at its pauses, for recognisers that take one utterance at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.audio.vad import WINDOW, WINDOW_S, VoiceActivity
from localvoice.config import VadConfig
from localvoice.streams import CancelToken
from localvoice.turn.speech_gate import Edge, SpeechGate

PAUSE_S = 0.6
"""Silence that ends a piece: what ends a turn in a conversation (`--patience normal`)."""

LONGEST_S = 15.0
"""Half of what Whisper sees at once; starters get slower and worse long before."""

_SEARCH_S = 5.0
"""How far back from `LONGEST_S` the best place for a cut is looked for."""

_TAIL_S = 0.2
"""Sound kept behind the end of speech: the release of a last consonant."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of speech."""

    start_s: float
    end_s: float
    samples: Samples
    """The speech with some silence around it, where there is any."""


def speech_pieces(samples: Samples, vad: VoiceActivity, config: VadConfig, token: CancelToken) -> list[Piece]:
    """The pieces of `samples` (16 kHz) that hold speech. Blocks; stops with `Cancelled`."""
    probabilities = []
    for window in _windows(samples):
        token.check()
        probabilities.append(vad.probability(window))
    spans = [part for span in _joined(_stretches(probabilities, config)) for part in _cut(*span, probabilities)]
    length_s = len(samples) / SPEECH_RATE_HZ
    pieces = []
    for at, (start_s, end_s) in enumerate(spans):
        before_s = spans[at - 1][1] if at else 0.0
        behind_s = spans[at + 1][0] if at + 1 < len(spans) else length_s
        first_s = max(before_s, start_s - config.preroll_ms / 1000)
        last_s = min(behind_s, end_s + _TAIL_S)
        sound = samples[int(first_s * SPEECH_RATE_HZ) : int(last_s * SPEECH_RATE_HZ)]
        pieces.append(Piece(start_s, min(end_s, length_s), sound))
    return pieces


def _windows(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples), WINDOW):
        window = samples[start : start + WINDOW]
        yield window if len(window) == WINDOW else np.concatenate((window, silence(WINDOW - len(window))))


def _stretches(probabilities: list[float], config: VadConfig) -> Iterator[tuple[float, float]]:
    gate = SpeechGate(config)
    for at, probability in enumerate(probabilities, 1):
        if gate.step(at * WINDOW_S, probability) is Edge.STOPPED:
            yield gate.onset_s, gate.end_s
    if gate.is_speech:
        yield gate.onset_s, gate.end_s


def _joined(stretches: Iterator[tuple[float, float]]) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    for start_s, end_s in stretches:
        if spans and start_s - spans[-1][1] < PAUSE_S and end_s - spans[-1][0] <= LONGEST_S:
            spans[-1] = (spans[-1][0], end_s)
        else:
            spans.append((start_s, end_s))
    return spans


def _cut(start_s: float, end_s: float, probabilities: list[float]) -> Iterator[tuple[float, float]]:
    """A stretch without a pause, cut where it sounds least like speech."""
    while end_s - start_s > LONGEST_S:
        first, last = (int(at_s / WINDOW_S) for at_s in (start_s + LONGEST_S - _SEARCH_S, start_s + LONGEST_S))
        quietest = first + int(np.argmin(probabilities[first:last]))
        at_s = (quietest + 0.5) * WINDOW_S
        yield start_s, at_s
        start_s = at_s
    yield start_s, end_s
