"""Speech that arrives in pieces without word times, to chunks that end between words wherever that can be heard.

Rule of this file: sound is not waited for while the player runs dry. So what a chunk says is an estimate by the voice's
pace: it is exact at the end of a clause, and in between by a word or two where a voice breaks off.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from localvoice.audio.samples import Samples, first_audible, last_audible, silence
from localvoice.messages import SpeechChunk
from localvoice.text.rewriting import Spoken
from localvoice.tts.letter_spans import Mark
from localvoice.tts.trim import LEAD_S, pause_after

_FRAME_S = 0.01
_QUIET = 0.05
"""Of the loudest 10 ms of a clause: where it is quieter, one sound has ended (also inside words: "sto|p")."""
_FIRST_S = 0.1
"""Of sound that starts a reply; less would be played before the next piece is here."""
_LEAST_S = 0.06
"""Of sound that is handed out by itself."""
_DRY_S = 0.15
"""What a player has left when the sound behind a quiet place cannot be kept back any longer."""
_SHORTEST_S = 0.02
"""Per letter, at the usual pace and below: less is no speech."""
_USUAL_S = 0.07
"""Per letter, until a voice has said a clause."""
_TELLING = 10
"""Letters of a clause from which a pace can be told: "Yes." is drawled."""
_MARK_LETTERS = 3.0
"""A mark inside a clause takes as long as so many letters (a comma 0.16 to 0.24 s)."""
_MARK = re.compile(r"[,;:.?!\u2013\u2014]+$")


@dataclass(slots=True)
class Pace:
    """How fast a voice speaks, as far as its clauses have told."""

    letter_s: float = _USUAL_S
    clauses: int = 0
    rate: float = 1.0
    """How much faster than usual it was asked to speak."""

    def can_be(self, letters: float, seconds: float) -> bool:
        """Whether so many letters can be said in that time."""
        return seconds >= letters * _SHORTEST_S / max(1.0, self.rate)

    def learn(self, letters: float, seconds: float) -> None:
        """Take in a clause; the first one sets the pace, later ones move it a little. Silence tells nothing."""
        if letters >= _TELLING and self.can_be(letters, seconds):
            self.clauses += 1
            self.letter_s += (seconds / letters - self.letter_s) / min(self.clauses, 4)


@dataclass(slots=True)
class _Clause:
    written: str
    spoken: Spoken
    said: int = 0
    """Characters of `spoken.text` that were handed out."""
    shown: int = 0
    """Characters of `written`."""
    sounded: int = 0
    """Frames handed out."""
    loudest: float = 0.0
    """Of its frames of 10 ms so far, as RMS."""


class PacedSpeech:
    """The clauses of one reply and their sound, in order. No connection is known here."""

    def __init__(
        self, rate_hz: int, verbalizer: Callable[[str], Spoken], pace: Pace, now_s: Callable[[], float]
    ) -> None:
        """`pace` is the voice's and learns from each clause; `now_s` any clock that runs with what is heard."""
        self._rate_hz = rate_hz
        self._verbalizer = verbalizer
        self._pace = pace
        self._now_s = now_s
        self._clauses: deque[_Clause] = deque()
        self._sound = silence(0)
        """Not handed out yet."""
        self._ends: deque[int] = deque()
        """Frames of `_sound` at which the first clauses end."""
        self._dry_s = 0.0
        """When a player that began with the first chunk would have nothing left; 0 before that."""

    def expect(self, clause: str) -> str:
        """Take up a clause; returns what is to be spoken for it, empty where there is nothing."""
        spoken = self._verbalizer(clause)
        self._clauses.append(_Clause(clause, spoken))
        return spoken.text

    @property
    def has_begun(self) -> bool:
        """Whether any sound has come."""
        return self._dry_s > 0 or len(self._sound) > 0

    @property
    def is_waiting(self) -> bool:
        """Whether sound is missing."""
        return any(clause.spoken.text for clause in self._clauses)

    lacks_sound = is_waiting
    """A clause is whole when the service says so, and not before."""

    def take(self, samples: Samples, marks: Sequence[Mark] = ()) -> None:
        """Take a piece of sound."""
        del marks
        self._sound = np.concatenate((self._sound, samples))

    def end_clause(self) -> bool:
        """All sound of one more clause has come; returns whether it can be that of its text."""
        waiting = [clause for clause in self._clauses if clause.spoken.text][len(self._ends) :]
        begin = self._ends[-1] if self._ends else 0
        self._ends.append(len(self._sound))
        if not waiting:
            return True
        frames = waiting[0].sounded + len(self._sound) - begin
        return self._pace.can_be(_letters(waiting[0].spoken.text), frames / self._rate_hz)

    def ready(self) -> list[SpeechChunk]:
        """The chunks that are to be handed out now."""
        return list(self._ready())

    def finish(self) -> list[SpeechChunk]:
        """What is left once all clauses have ended."""
        return self.ready()

    def _ready(self) -> Iterator[SpeechChunk]:
        while self._clauses:
            clause = self._clauses[0]
            if not clause.spoken.text:
                yield self._chunk(clause, 0, 0)
                continue
            if not clause.sounded:
                self._drop(self._lead())
            if self._ends:
                yield self._last_chunk(clause, self._ends.popleft())
            elif frames := self._part(clause):
                yield self._chunk(clause, self._said_by(clause, frames), frames)
            else:
                return

    def _lead(self) -> int:
        """Frames of silence in front that nobody needs."""
        return max(0, (first_audible(self._sound) or 0) - round(LEAD_S * self._rate_hz))

    def _drop(self, frames: int) -> Samples:
        """Take `frames` from the front."""
        sound, self._sound = self._sound[:frames], self._sound[frames:]
        self._ends = deque(max(0, end - frames) for end in self._ends)
        return sound

    def _part(self, clause: _Clause) -> int:
        """How many frames of a clause that still sounds are to be handed out: up to a quiet place, 0 for none yet."""
        first, last = first_audible(self._sound), last_audible(self._sound)
        if first is None or last is None:
            return 0
        size, least = round(_FRAME_S * self._rate_hz), first + round(_LEAST_S * self._rate_hz)
        audible = last + 1
        rms = np.sqrt(np.mean(self._sound[: audible // size * size].reshape(-1, size) ** 2, axis=1))
        clause.loudest = max(clause.loudest, float(rms.max(initial=0.0)))
        quiet = np.flatnonzero(rms < _QUIET * clause.loudest) * size
        if len(quiet) and quiet[-1] >= least:
            return int(quiet[-1])
        wanted = first + round(_FIRST_S * self._rate_hz) if not self._dry_s else least
        runs_dry = self._dry_s - self._now_s() < _DRY_S
        return audible if runs_dry and audible >= wanted else 0

    def _said_by(self, clause: _Clause, frames: int) -> int:
        """The characters of the spoken text that were said when so many more frames have sounded; never all."""
        letters = (clause.sounded + frames) / self._rate_hz / self._pace.letter_s
        said, text = clause.said, clause.spoken.text
        *words, _ = re.finditer(r"\S+\s*", text)
        for word in words:
            if _letters(text[: word.end()]) - _letters(word.group()) / 2 > letters:
                break
            end = word.start() + len(word.group().rstrip())
            if end > said and clause.spoken.can_cut(end):
                said = end
        return said

    def _last_chunk(self, clause: _Clause, frames: int) -> SpeechChunk:
        last = last_audible(self._sound[:frames])
        frames = 0 if last is None else last + 1
        self._pace.learn(_letters(clause.spoken.text), (clause.sounded + frames) / self._rate_hz)
        return self._chunk(clause, len(clause.spoken.text), frames)

    def _chunk(self, clause: _Clause, said: int, frames: int) -> SpeechChunk:
        """Hand out `clause` up to spoken character `said`, with the next `frames` frames."""
        is_first, is_last = clause.sounded == 0, said == len(clause.spoken.text)
        sound = self._drop(frames)
        if is_last and clause.spoken.text:
            sound = np.concatenate((sound, silence(round(pause_after(clause.written) * self._rate_hz))))
        shown = len(clause.written) if is_last else clause.shown
        if not is_last and said:
            shown = max(shown, clause.spoken.written(0, said)[1])
        text = clause.written[clause.shown : shown]
        clause.said, clause.shown, clause.sounded = said, shown, clause.sounded + frames
        if is_last:
            self._clauses.popleft()
        if len(sound):
            self._dry_s = max(self._dry_s, self._now_s()) + len(sound) / self._rate_hz
        return SpeechChunk(text, sound, self._rate_hz, (), clause.written if is_first else "")


def _letters(text: str) -> float:
    """How long `text` takes in letters: those of its words, and the pauses at its marks."""
    words = text.split()
    return sum(len(word) for word in words) + sum(_MARK_LETTERS for word in words[:-1] if _MARK.search(word))
