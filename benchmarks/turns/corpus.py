"""Spoken turns with pauses that are labelled: inside a thought, or at its end. Deterministic, made without network.

The sentences are sentences.txt, with their pauses, and the finished ones of the word model's cases, which it never
saw. Each phrase is synthesised apart, with the tune of a comma where the voice has one (espeak-ng; flite ends all
phrases alike), and laid into a quiet room. Voices and sentences fall into two halves that share neither: choose on
the one, report on the other.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.starters.speech import FLITE_VOICES, ROOM_NOISE, noise, voice_saying
from benchmarks.turns.recordings import recorded_phrases
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, from_int16, silence, to_int16

Half = Literal["choosing", "reporting"]

VOICES: dict[Half, tuple[str, ...]] = {
    "choosing": ("en-us", "en-gb+m1", "en-us+f2", "en-gb-scotland", "slt", "awb"),
    "reporting": ("en-gb", "en-us+m3", "en-gb+f4", "en-029", "rms", "kal16"),
}
VOICES_EACH = 4
"""Voices that say each sentence: 6 to choose from, in rotation."""

PAUSE_S = (0.1, 0.9)
"""Pauses inside a thought are drawn evenly from here."""
LEAD_S = 0.5
"""Room before the first word."""
TAIL_S = 1.0
"""Room behind the last word of a `LabelledPause` that is the end of the turn."""
READABLE = 0.7
"""The share of a word after which the scripted recogniser has it."""
AUDIBLE = 10 ** (-50 / 20)
"""Where speech begins and ends (product contract, section 5)."""

_METHOD = 1
"""Counts the changes of `spoken_turn` that change a sound: what was stored before is then made again."""

_HERE = Path(__file__).parent
_CASES = _HERE.parents[1] / "tests/data/turnwords_cases.tsv"
CACHE = _HERE.parents[1] / "build/turns"


@dataclass(frozen=True)
class Phrase:
    """Words spoken in one go. Times are seconds from the first sample of the turn."""

    text: str
    start_s: float
    end_s: float
    ends_sentence: bool = False
    """A whole sentence ends with it, by the punctuation of a transcript; False where none is known."""

    def said(self, at_s: float) -> str:
        """What can be read at `at_s`: the words are spread over the phrase by their letters."""
        if at_s >= self.end_s:
            return self.text
        letters = len(self.text) * (at_s - self.start_s) / (self.end_s - self.start_s)
        read: list[str] = []
        for word in self.text.split():
            if letters < READABLE * len(word):
                break
            read.append(word)
            letters -= len(word) + 1
        return " ".join(read)


@dataclass(frozen=True, eq=False)
class LabelledPause:
    """A turn up to one of its pauses, and what that pause is."""

    samples: Samples
    """From half a second before the first word to the end of the pause, or a second of it where the turn is over."""
    speech_start_s: float
    """First sound of the turn."""
    speech_end_s: float
    """Last sound before the pause."""
    pause_s: float
    """Until speech goes on; infinite where the turn is over."""
    words: str
    """What was said up to here."""
    is_finished: bool
    is_between_sentences: bool
    """The words before it are whole sentences, and another one follows."""
    speaker: str
    source: str
    """`espeak-ng`, `flite`, or the name of a recording."""
    kind: str
    """Of sentence: command, question, number, list, story, short, case, recording."""


@dataclass(frozen=True, eq=False)
class SpokenTurn:
    """All that one user says in one turn."""

    samples: Samples
    """Half a second before the first word to the last one."""
    phrases: tuple[Phrase, ...]
    speaker: str
    source: str
    kind: str
    is_whole: bool = True
    """False for a recording that breaks off: its last pause has no label."""

    def words_at(self, at_s: float) -> str:
        """What was said until `at_s`."""
        return " ".join(filter(None, (phrase.said(at_s) for phrase in self.phrases)))

    def pauses(self) -> Iterator[LabelledPause]:
        """Those inside, then the end."""
        for number, phrase in enumerate(self.phrases):
            is_last = number == len(self.phrases) - 1
            if is_last and not self.is_whole:
                return
            until_s = math.inf if is_last else self.phrases[number + 1].start_s
            sound = self.samples[: frames(min(until_s, phrase.end_s + TAIL_S))]
            if is_last:
                sound = np.concatenate((sound, in_a_room(silence(frames(TAIL_S)), seed=number)))
            yield LabelledPause(
                samples=sound,
                speech_start_s=self.phrases[0].start_s,
                speech_end_s=phrase.end_s,
                pause_s=until_s - phrase.end_s,
                words=self.words_at(phrase.end_s),
                is_finished=is_last,
                is_between_sentences=phrase.ends_sentence and not is_last,
                speaker=self.speaker,
                source=self.source,
                kind=self.kind,
            )


def frames(seconds: float) -> int:
    """Samples in so many seconds."""
    return round(seconds * SPEECH_RATE_HZ)


def in_a_room(sound: Samples, seed: int) -> Samples:
    """`sound` with the noise of a quiet room."""
    return sound + noise("white", len(sound) / SPEECH_RATE_HZ, ROOM_NOISE, seed)


# what is said


@dataclass(frozen=True)
class Sentence:
    """A thought, in the phrases between its pauses."""

    kind: str
    phrases: tuple[str, ...]


def sentences(half: Half) -> list[Sentence]:
    """Every second sentence of each kind."""
    kinds: dict[str, list[Sentence]] = {}
    for line in (_HERE / "sentences.txt").read_text(encoding="utf-8").splitlines():
        kind, _, text = line.partition(": ")
        kinds.setdefault(kind, []).append(Sentence(kind, tuple(text.split(" | "))))
    cases = (line.split("\t") for line in _CASES.read_text(encoding="utf-8").splitlines())
    kinds["case"] = [Sentence("case", (text,)) for label, _, text in cases if label == "complete"]
    first = ("choosing", "reporting").index(half)
    return [sentence for same_kind in kinds.values() for sentence in same_kind[first::2]]


# how it sounds


def turns(half: Half, clips: Path | None = None) -> Iterator[SpokenTurn]:
    """The turns of one half. `clips`: a folder of recordings; those with a transcript beside this file are reported on.

    The first call synthesises for about half a minute and keeps what it made under build/turns.
    """
    yield from _stored(half)
    if clips is not None and half == "reporting":
        for path in sorted(clips.glob("*.wav")):
            yield from _recorded(path)


def pauses(half: Half, clips: Path | None = None) -> Iterator[LabelledPause]:
    """The pauses of one half, turn by turn."""
    for turn in turns(half, clips):
        yield from turn.pauses()


def _recorded(path: Path) -> Iterator[SpokenTurn]:
    transcript = _HERE / "transcripts" / f"{path.stem}.txt"
    if transcript.exists():
        sound, stretches = recorded_phrases(path, transcript.read_text(encoding="utf-8"))
        phrases = tuple(Phrase(*stretch) for stretch in stretches)
        yield SpokenTurn(sound[: frames(phrases[-1].end_s)], phrases, path.stem, path.stem, "recording")


def synthesised(half: Half) -> Iterator[SpokenTurn]:
    """The sentences of one half, each by `VOICES_EACH` voices."""
    voices = VOICES[half]
    for number, sentence in enumerate(sentences(half)):
        for turn in range(VOICES_EACH):
            yield spoken_turn(sentence, voices[(number + turn) % len(voices)])


def spoken_turn(sentence: Sentence, voice: str) -> SpokenTurn:
    """One sentence by one voice, with pauses drawn from the names of both."""
    seed = zlib.crc32(f"{voice}: {' '.join(sentence.phrases)}".encode())
    random = np.random.default_rng(seed)
    parts = [silence(frames(LEAD_S))]
    phrases: list[Phrase] = []
    for text in sentence.phrases:
        is_last = len(phrases) == len(sentence.phrases) - 1
        mark = "," if not is_last else "?" if sentence.kind == "question" else "."
        start_s = sum(map(len, parts)) / SPEECH_RATE_HZ
        parts.append(audible(voice_saying(text + mark, voice)))
        phrases.append(Phrase(text, start_s, start_s + len(parts[-1]) / SPEECH_RATE_HZ))
        if not is_last:
            parts.append(silence(frames(random.uniform(*PAUSE_S))))
    source = "flite" if voice in FLITE_VOICES else "espeak-ng"
    return SpokenTurn(in_a_room(np.concatenate(parts), seed), tuple(phrases), voice, source, sentence.kind)


def audible(sound: Samples) -> Samples:
    """From the first sample above -50 dBFS to the last one."""
    first, last = np.flatnonzero(np.abs(sound) > AUDIBLE)[[0, -1]]
    return sound[first : last + 1]


def _stored(half: Half) -> Iterator[SpokenTurn]:
    """What was synthesised before, where its sources are the same."""
    drawn = repr((_METHOD, VOICES, VOICES_EACH, PAUSE_S, LEAD_S, sentences(half)))
    stem = CACHE / f"{half}-{zlib.crc32(drawn.encode()):08x}"
    sounds, table = stem.with_suffix(".npy"), stem.with_suffix(".json")
    if not table.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        made = list(synthesised(half))
        np.save(sounds, to_int16(np.concatenate([turn.samples for turn in made])))
        rows = [
            vars(turn) | {"samples": len(turn.samples), "phrases": list(map(asdict, turn.phrases))} for turn in made
        ]
        table.write_text(json.dumps(rows), encoding="utf-8")
    stored, at = np.load(sounds, mmap_mode="r"), 0
    for row in json.loads(table.read_text(encoding="utf-8")):
        count = row["samples"]
        sound = from_int16(np.asarray(stored[at : at + count]))
        at += count
        yield SpokenTurn(**row | {"samples": sound, "phrases": tuple(Phrase(**one) for one in row["phrases"])})
