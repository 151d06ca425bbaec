"""Recordings of people as turns: as they were spoken, and once more with pauses laid between their words.

A folder holds NAME.wav beside NAME.txt with its words, each a whole utterance; where a sentence of the text ends in
punctuation, a pause behind it counts as one between sentences. Where each word is spoken comes from a
forced alignment, kept under build/turns; what holds a word that the aligner does not know is left out.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from benchmarks.starters.speech import noise
from benchmarks.turns.corpus import CACHE, LEAD_S, Half, Phrase, SpokenTurn, frames, in_a_room
from benchmarks.turns.recordings import Stretch, aligned, stretches
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, resample, silence, to_mono
from localvoice.turn.words import words_of

PAUSE_S = (0.15, 0.9)
"""Pauses between words are drawn evenly from here."""
PAUSES = 2
"""Between words, in a recording that has room for as many."""

_LEAST_S, _APART_S = 0.5, 0.4
"""Speech before the first pause, and between two."""
_EDGE_S = 0.005
"""Of the fades on both sides of a pause."""
_SEARCH_S = 0.04
"""Words touch where it is quietest, within so much of where the alignment parts them."""
_TAIL_S = 0.15
"""Kept behind the last word: breath and reverberation."""

_OPENERS = frozenset({
    *("and", "but", "or", "so", "because", "if", "when", "while", "although", "that", "which", "who", "where"),
    *("to", "for", "in", "on", "at", "of", "with", "from", "by", "as", "than"),
})  # fmt: skip
"""People pause before these three times as often as elsewhere, and twice as often behind them."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

Kind = Literal["natural", "inserted"]


def turns_of_people(folder: Path, half: Half | None = None) -> Iterator[SpokenTurn]:
    """Each recording as it is, and again with pauses inside; of one half of the recordings, or of all."""
    for path in sorted(folder.glob("*.wav")):
        if half is None or half_of(path.stem) == half:
            yield from turns_of(path)


def turns_of(path: Path) -> Iterator[SpokenTurn]:
    """One recording as it is, and again with pauses inside; nothing where its words are not found in its sound."""
    found = _read(path)
    natural = [] if found is None else _natural(found)
    if found is not None and natural:
        source = path.parent.name
        yield _turn(source, "natural", found.sound[: frames(natural[-1].end_s + _TAIL_S)], natural)
        yield from with_pauses(source, path.stem, found.sound, found.words, natural[-1].end_s)


def half_of(name: str) -> Half:
    """By the recording's name: whose voice it is, is not known of all."""
    return "choosing" if zlib.crc32(name.encode()) % 2 else "reporting"


def _turn(source: str, kind: Kind, sound: Samples, phrases: list[Phrase]) -> SpokenTurn:
    room = in_a_room(np.concatenate((sound, silence(frames(_TAIL_S)))), seed=len(sound))
    return SpokenTurn(room[: max(len(sound), frames(phrases[-1].end_s))], tuple(phrases), source, source, kind)


@dataclass(frozen=True, eq=False)
class _Recording:
    sound: Samples
    """With half a second before it."""
    words: list[Stretch]
    spoken: list[tuple[float, float]]
    """The stretches of speech."""
    sentence_ends: frozenset[int]
    """Numbers of the words that end a sentence."""


def _read(path: Path) -> _Recording | None:
    """The recording; None where its words cannot be told from its sound."""
    shape, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    sound = np.concatenate((silence(frames(LEAD_S)), resample(to_mono(shape), rate_hz, SPEECH_RATE_HZ)))
    written = path.with_suffix(".txt").read_text(encoding="utf-8")
    text = " ".join(words_of(written))
    kept = CACHE / "aligned" / f"{zlib.crc32(sound.tobytes() + text.encode()):08x}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([_aligned(sound, text), list(stretches(sound))]), encoding="utf-8")
    words, spoken = json.loads(kept.read_text(encoding="utf-8"))
    if not (words and spoken):
        return None
    return _Recording(sound, [(word, start, end) for word, start, end in words], spoken, sentence_ends(written))


def _aligned(sound: Samples, text: str) -> list[Stretch]:
    try:
        return list(aligned(sound, text))
    except RuntimeError:  # a word that is not in its dictionary, or words that do not fit the sound
        return []


def sentence_ends(text: str) -> frozenset[int]:
    """The numbers of the words behind which the punctuation ends a sentence."""
    counts = accumulate(len(words_of(sentence)) for sentence in _SENTENCE_END.split(text))
    return frozenset(count - 1 for count in counts)


def _natural(found: _Recording) -> list[Phrase]:
    """The phrases between the pauses that the gate hears."""
    phrases: list[Phrase] = []
    for start_s, end_s in found.spoken:
        numbers = [n for n, (_, first_s, last_s) in enumerate(found.words) if start_s <= (first_s + last_s) / 2 < end_s]
        if numbers:  # else a breath
            said = " ".join(found.words[number][0] for number in numbers)
            until_s = min(end_s, len(found.sound) / SPEECH_RATE_HZ)
            phrases.append(Phrase(said, start_s, until_s, numbers[-1] in found.sentence_ends))
    return phrases


def with_pauses(source: str, name: str, sound: Samples, words: list[Stretch], end_s: float) -> Iterator[SpokenTurn]:
    """The recording with pauses laid between its words, drawn from its name; nothing where it has no room for one."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    cuts = _cuts(words, random)
    if not cuts:
        return
    level = float(np.quantile([part.std() for part in np.array_split(sound[frames(LEAD_S) :], 50)], 0.05))
    places = [0.0, *(_quietest(sound, words[number][2]) for number in cuts), end_s + _TAIL_S]
    parts: list[Samples] = []
    phrases: list[Phrase] = []
    texts = np.split(np.array([word for word, _, _ in words]), [number + 1 for number in cuts])
    for (start_s, stop_s), said in zip(pairwise(places), texts, strict=True):
        at_s = sum(map(len, parts)) / SPEECH_RATE_HZ
        part = _faded(sound[frames(start_s) : frames(stop_s)])
        parts += [part, noise("white", random.uniform(*PAUSE_S), level, len(parts)).astype(np.float32)]
        first_s = words[0][1] if not phrases else 0.0
        phrases.append(Phrase(" ".join(said), at_s + first_s, at_s + min(stop_s, end_s) - start_s))
    yield _turn(source, "inserted", np.concatenate(parts[:-1]), phrases)


def _cuts(words: list[Stretch], random: np.random.Generator) -> list[int]:
    """Behind which words a pause comes: those before which, or behind which, people pause more often."""
    able = [
        number
        for number, (_, _, end_s) in enumerate(words[:-1])
        if end_s - words[0][1] >= _LEAST_S and words[number + 1][1] - end_s < _EDGE_S * 10  # no pause already
    ]
    found: list[int] = []
    while able and len(found) < PAUSES:
        weights = np.array([1 + 2 * (words[n + 1][0] in _OPENERS) + (words[n][0] in _OPENERS) for n in able])
        found.append(int(random.choice(able, p=weights / weights.sum())))
        able = [n for n in able if abs(words[n][2] - words[found[-1]][2]) >= _APART_S]
    return sorted(found)


def _quietest(sound: Samples, at_s: float) -> float:
    first, width = frames(at_s - _SEARCH_S), frames(0.005)
    around = sound[first : frames(at_s + _SEARCH_S)]
    powers = np.convolve(around**2, np.ones(width), mode="valid")
    return (first + int(np.argmin(powers)) + width // 2) / SPEECH_RATE_HZ


def _faded(part: Samples) -> Samples:
    edge = min(frames(_EDGE_S), len(part) // 2)
    shape = np.ones(len(part), np.float32)
    shape[:edge], shape[len(part) - edge :] = np.linspace(0, 1, edge), np.linspace(1, 0, edge)
    return part * shape
