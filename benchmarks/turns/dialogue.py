"""A speaker's turns in a row, heard by the real front end and decided by the real turn-taking, at array speed.

Time is the capture clock of the recording. Words come from a scripted streaming recogniser, which knows what was said
up to the pause and takes a set time for it; the sound vote is smart-turn's own, and takes a set time as well.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count, groupby
from pathlib import Path

import numpy as np

from benchmarks.turns.corpus import CACHE, SpokenTurn, frames, in_a_room
from benchmarks.turns.whispered import Whispered
from localvoice.audio.duplex import BLOCK, Block
from localvoice.audio.hearing import Hearing
from localvoice.audio.samples import Samples, silence
from localvoice.audio.smart_turn import BEFORE_ONSET_S, HEARD_S, Opinion, SmartTurn
from localvoice.audio.utterance import UtteranceBuffer
from localvoice.audio.vad import WINDOW_S, load_vad
from localvoice.config import Config
from localvoice.llm.turn_reader import LlamaTurnReader
from localvoice.skills.catalog import Skills
from localvoice.turn.decisions import Decision, PauseBegan, PauseLikely, TurnEnded
from localvoice.turn.observations import Observation, ReplyEnded, ReplyStarted, SoundSoFar, Window, WordsSoFar
from localvoice.turn.taking import TurnTaking

GAP_S = 4.5
"""Silence behind each turn: longer than any wait."""

QUICK_S = 0.1
"""What a recogniser may take that is asked before a pause is certain, as the session has it."""

SMART_TURN = Path(__file__).parents[2] / "build/smart-turn/smart-turn-v3.2-cpu.onnx"
"""Where scripts/ensure_smart_turn.sh puts it."""


TURN_READER = Path(__file__).parents[2] / "build/turn-reader/SmolLM2-135M-Instruct.Q4_1.gguf"
"""Where scripts/ensure_turn_reader.sh puts it."""


class Ear:
    """smart-turn, asked once for each stretch of sound; what it makes of them is kept under build/turns."""

    def __init__(self, model: Path) -> None:
        self._model = SmartTurn(model)
        self._file = CACHE / f"heard-{zlib.crc32(model.read_bytes()):08x}.npz"
        self._known: dict[str, Opinion] = {}
        if self._file.exists():
            with np.load(self._file) as stored:
                told = zip(stored["keys"].tolist(), stored["answers"].tolist(), stored["pooled"], strict=True)
                self._known = {key: Opinion(answer, pooled) for key, answer, pooled in told}

    def opinion(self, stretch: Samples) -> Opinion:
        """What it makes of a turn up to a pause."""
        key = f"{zlib.crc32(stretch.tobytes()):08x}"
        if key not in self._known:
            self._known[key] = asyncio.run(self._model.opinion(stretch))
        return self._known[key]

    def answer(self, dialogue: Dialogue, onset_s: float, end_s: float) -> float:
        """0..1 that the turn from `onset_s` on sounds finished at `end_s`, by smart-turn itself."""
        return self.opinion(_stretch(dialogue, onset_s, end_s)).answer

    def finished(self, dialogue: Dialogue, onset_s: float, end_s: float) -> float:
        """The same as the program has it."""
        return self._model.weighed(self.opinion(_stretch(dialogue, onset_s, end_s)))

    def keep(self) -> None:
        """Write down what was heard so far; nothing of a model whose features are not known."""
        known = {key: one for key, one in self._known.items() if one.pooled is not None}
        if known:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            answers, pooled = ([getattr(one, name) for one in known.values()] for name in ("answer", "pooled"))
            np.savez(self._file, keys=list(known), answers=answers, pooled=np.array(pooled, np.float32))


def _stretch(dialogue: Dialogue, onset_s: float, end_s: float) -> Samples:
    start_s = max(0.0, onset_s - BEFORE_ONSET_S, end_s - HEARD_S)
    return dialogue.sound[frames(start_s) : frames(end_s)]


class Reader:
    """The turn reader, asked once for each text; what it makes of them is kept under build/turns."""

    def __init__(self, model: Path) -> None:
        self._model = LlamaTurnReader(model)
        self._file = CACHE / "read.json"
        self._known: dict[str, float] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def probability(self, words: str) -> float:
        """0..1 that a sentence ends behind them."""
        if words not in self._known:
            self._known[words] = asyncio.run(self._model.probability(words))
        return self._known[words]

    def keep(self) -> None:
        """Write down what was read so far."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._known))


@dataclass(eq=False)
class Dialogue:
    """One speaker's turns, each with a long silence behind it."""

    speaker: str
    sound: Samples
    turns: list[tuple[float, SpokenTurn]]
    """With where each begins in `sound`, in seconds."""
    windows: list[Window] = field(default_factory=list)
    """What the front end heard."""

    def turn_at(self, at_s: float) -> tuple[float, SpokenTurn]:
        """The turn during which, or behind which, a time lies."""
        return self.turns[max(0, bisect_right(self.turns, at_s, key=lambda one: one[0]) - 1)]

    def is_over(self, at_s: float) -> bool:
        """Whether the turn at this time has been spoken to its end."""
        begun_s, turn = self.turn_at(at_s)
        return at_s >= begun_s + turn.phrases[-1].end_s


def dialogues(turns: Iterable[SpokenTurn], *, of_strangers: bool = False) -> Iterator[Dialogue]:
    """The turns by speaker, one speaker at a time: ten minutes of sound each. `of_strangers`: each turn by itself."""
    if of_strangers:
        yield from (dialogue(turn.speaker, [turn]) for turn in turns)
        return
    for speaker, spoken in groupby(sorted(turns, key=lambda turn: turn.speaker), key=lambda turn: turn.speaker):
        yield dialogue(speaker, list(spoken))


def dialogue(speaker: str, spoken: list[SpokenTurn]) -> Dialogue:
    """These turns in a row, heard through the VAD."""
    parts: list[Samples] = []
    placed: list[tuple[float, SpokenTurn]] = []
    for number, turn in enumerate(spoken):
        placed.append((sum(map(len, parts)) / frames(1.0), turn))
        parts += [turn.samples, in_a_room(silence(frames(GAP_S)), seed=number)]
    sound = np.concatenate(parts)
    return Dialogue(speaker, sound, placed, list(heard(sound)))


def heard(sound: Samples) -> Iterator[Window]:
    """Window by window, by the program's front end without an echo path."""
    hearing, numbers = Hearing(load_vad("silero"), UtteranceBuffer(1.0)), count(1)
    for at in range(0, len(sound) - BLOCK + 1, BLOCK):
        for probability in hearing.feed(Block(sound[at : at + BLOCK])):
            yield Window(next(numbers) * WINDOW_S, probability, hearing.level_db)


@dataclass(frozen=True)
class Votes:
    """What has a vote beside the pause, and how long each takes, in seconds; None where it is missing."""

    words_s: float | None = None
    ear: Ear | None = None
    sound_s: float = 0.06
    """smart-turn on this machine: 40-90 ms (latency.md, and benchmarks here)."""
    reader: Reader | None = None
    reader_s: float = 0.06
    """The turn reader, from the words on: 16 to 82 ms on this machine."""
    whispered: Whispered | None = None
    """Reads the words in the sound; None: they are those that were said."""
    is_doubted: bool = True
    """Its words count as far as it is sure of them."""


class Taking:
    """Turn-taking over one dialogue. What would be said is said in no time, and only where the user has finished."""

    def __init__(self, dialogue: Dialogue, config: Config, votes: Votes) -> None:
        self._dialogue = dialogue
        self._votes = votes
        self._skills = Skills()
        self._taking = TurnTaking(config, hears_sound=votes.ear is not None)
        self._due: list[tuple[float, int, Observation]] = []
        self._order = count()
        self._likely_s = 0.0
        self.ends: list[TurnEnded] = []

    def run(self) -> list[TurnEnded]:
        """Every end of a turn that was decided, those in the middle of a thought included."""
        for window in self._dialogue.windows:
            while self._due and self._due[0][0] <= window.at_s:
                self._see(heapq.heappop(self._due)[2])
            self._see(window)
        return self.ends

    def _see(self, seen: Observation) -> None:
        for decision in self._taking.step(seen):
            self._carry_out(decision)

    def _carry_out(self, decision: Decision) -> None:
        match decision:
            case PauseLikely():
                self._likely_s = decision.at_s
            case PauseBegan():
                for delay_s, vote in self._votes_on(decision):
                    self._later(delay_s, vote)
            case TurnEnded():
                self.ends.append(decision)
                if self._dialogue.is_over(decision.at_s):
                    self._later(0.0, ReplyStarted(decision.at_s, decision.turn))
                    self._later(0.0, ReplyEnded(decision.at_s, decision.turn))

    def _later(self, delay_s: float, seen: Observation) -> None:
        due_s = seen.at_s + delay_s
        heapq.heappush(self._due, (due_s, next(self._order), replace(seen, at_s=due_s)))

    def _votes_on(self, pause: PauseBegan) -> Iterator[tuple[float, Observation]]:
        about = (pause.at_s, pause.turn, pause.speech_end_s)
        if self._votes.words_s is not None:
            words, confidence = self._words(pause)
            read_s = self._votes.words_s
            if read_s <= QUICK_S:  # begun when the pause was likely, told when it is certain
                read_s = max(0.0, self._likely_s + read_s - pause.at_s)
            told = WordsSoFar(*about, words, self._skills.match(words) is not None, confidence=confidence)
            if self._votes.reader is None or not words:
                yield read_s, told
            else:
                yield read_s, replace(told, is_read=False)
                yield read_s + self._votes.reader_s, replace(told, read=self._votes.reader.probability(words))
        if self._votes.ear is not None:
            likely = self._votes.ear.finished(self._dialogue, pause.onset_s, pause.end_s)
            yield self._votes.sound_s, SoundSoFar(*about, likely)

    def _words(self, pause: PauseBegan) -> tuple[str, float | None]:
        votes = self._votes
        if votes.whispered is None:
            begun_s, turn = self._dialogue.turn_at(pause.end_s)
            return turn.words_at(pause.end_s - begun_s), None
        text, confidence = votes.whispered.read(self._dialogue.sound[frames(pause.start_s) : frames(pause.end_s)])
        return text, confidence if votes.is_doubted else None
