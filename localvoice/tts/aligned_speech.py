"""Speech that arrives in pieces with the times of its characters, to chunks of whole words.

Rule of this file: a chunk holds the sound of all of its text and of nothing else, so that wherever the pieces end, what
has been handed out can be played, and the rest can be said by somebody else.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from localvoice.audio.samples import Samples, first_audible, last_audible, silence
from localvoice.messages import SpeechChunk, WordTime
from localvoice.text.rewriting import Spoken
from localvoice.text.speakable import speakable
from localvoice.tts.clause_cuts import cuts
from localvoice.tts.letter_spans import LetterSpans, Mark
from localvoice.tts.trim import LEAD_S, pause_after

_TOLERANCE_S = 0.02
"""A character may end this much behind the sound that has come: times are rounded to milliseconds and more."""
_SHORTEST_S = 0.02
"""Per letter, of speech at any pace: at the usual one a letter takes 0.06 to 0.08 s."""


@dataclass(slots=True)
class _Clause:
    written: str
    spoken: Spoken
    number: int
    """Among those that are spoken, from 0; counts no further for the others."""
    said: int = 0
    """Characters of `spoken.text` that were handed out."""
    shown: int = 0
    """Characters of `written`."""


class AlignedSpeech:
    """The clauses of one reply and their sound. No connection is known here."""

    def __init__(self, rate_hz: int, verbalizer: Callable[[str], Spoken] = speakable) -> None:
        self._rate_hz = rate_hz
        self._verbalizer = verbalizer
        self._clauses: deque[_Clause] = deque()
        self._spans = LetterSpans(rate_hz)
        self._sound = silence(0)
        self._begin = 0
        """Frames handed out or passed over: where `_sound` begins."""
        self._expected = 0
        """Clauses to be spoken."""
        self._ends: list[int] = []
        """The frames at which clauses are known to end, by their numbers."""

    def expect(self, clause: str) -> str:
        """Take up a clause; returns what is to be spoken for it, empty where there is nothing."""
        spoken = self._verbalizer(clause)
        self._clauses.append(_Clause(clause, spoken, self._expected))
        self._expected += bool(spoken.text)
        self._spans.expect(spoken.text)
        return spoken.text

    @property
    def has_begun(self) -> bool:
        """Whether any sound has come."""
        return self._end > 0

    def end_clause(self) -> bool:
        """All sound of one more clause has come, whatever the marks say; returns whether it can be that of its text."""
        number, begin = len(self._ends), max(self._begin, self._ends[-1] if self._ends else 0)
        self._ends.append(self._end)
        left = [clause for clause in self._clauses if clause.number == number and clause.spoken.text]
        letters = sum(_letters(clause.spoken.text[clause.said :]) for clause in left)
        is_whole = not self._spans.lacks(self._letters_behind(number), self._end, self._shortest)
        return is_whole and self._end - begin >= letters * self._shortest

    @property
    def is_waiting(self) -> bool:
        """Whether sound is missing."""
        return any(clause.spoken.text for clause in self._clauses)

    @property
    def lacks_sound(self) -> bool:
        """Whether the sound that is left cannot be that of the text that is left."""
        letters = sum(_letters(clause.spoken.text[clause.said :]) for clause in self._clauses)
        return len(self._sound) < letters * self._shortest or self._spans.lacks(0, self._end, self._shortest)

    def take(self, samples: Samples, marks: Sequence[Mark]) -> None:
        """Take a piece of sound and the times of the characters in it."""
        offset = self._begin + len(self._sound)
        self._spans.take(marks, offset)
        self._sound = np.concatenate((self._sound, samples))

    def ready(self) -> list[SpeechChunk]:
        """The chunks that are complete now."""
        return list(self._ready())

    def finish(self) -> list[SpeechChunk]:
        """What is left, once all sound has come: by the marks as far as they go, the rest by the pauses in it."""
        chunks = self.ready()
        left = [clause for clause in self._clauses if clause.spoken.text]
        weights = [_letters(clause.spoken.text[clause.said :]) for clause in left]
        ends = {id(clause): cut for clause, cut in zip(left, cuts(self._sound, weights, self._rate_hz), strict=True)}
        begin = self._begin
        while self._clauses:
            clause = self._clauses[0]
            cut = ends.get(id(clause))
            end = self._begin if cut is None else begin + cut.frame
            is_pause = cut is None or cut.is_pause
            chunks.append(self._chunk(clause, len(clause.spoken.text), end, is_pause=is_pause))
        return chunks

    @property
    def _end(self) -> int:
        return self._begin + len(self._sound)

    @property
    def _shortest(self) -> float:
        return _SHORTEST_S * self._rate_hz

    def _letters_behind(self, number: int) -> int:
        """Of the clauses behind the one with that number."""
        return sum(_letters(clause.spoken.text) for clause in self._clauses if clause.number > number)

    def _ready(self) -> Iterator[SpeechChunk]:
        while self._clauses:
            clause = self._clauses[0]
            said = self._said_by_now(clause)
            if not clause.spoken.text:
                yield self._chunk(clause, 0, self._begin)
            elif clause.number < len(self._ends):
                yield self._chunk(clause, len(clause.spoken.text), max(self._ends[clause.number], self._begin))
            elif said > clause.said:
                is_end = said == len(clause.spoken.text)
                end = self._cut_behind(clause, said, is_end=is_end)
                if end <= self._begin:
                    return  # words without sound: they go out with the next that have some
                yield self._chunk(clause, said, end)
                if not is_end:
                    return
            else:
                return

    def _said_by_now(self, clause: _Clause) -> int:
        """How many characters of the spoken text have all their sound, whole words only."""
        heard_until = self._end + round(_TOLERANCE_S * self._rate_hz)
        left, said = len([span for span in self._spans if span.end <= heard_until]), clause.said
        for word in re.finditer(r"\S+", clause.spoken.text[clause.said :]):
            left -= len(word.group())
            if left < 0:
                return said
            if clause.spoken.can_cut(clause.said + word.end()):
                said = clause.said + word.end()
        return len(clause.spoken.text)

    def _cut_behind(self, clause: _Clause, said: int, *, is_end: bool) -> int:
        """The frame at which the sound of the next word begins, as far as that is known."""
        count = _letters(clause.spoken.text[clause.said : said])
        if count < len(self._spans):
            return min(self._spans[count].start, self._end)
        if is_end or not count:
            return self._end
        return min(self._spans[count - 1].end, self._end)

    def _chunk(self, clause: _Clause, said: int, end: int, *, is_pause: bool = True) -> SpeechChunk:
        """Hand out `clause` up to spoken character `said`, its sound up to frame `end`: a pause, or any place."""
        is_first, is_last = clause.said == 0, said == len(clause.spoken.text)
        shown = len(clause.written) if is_last else max(clause.shown, clause.spoken.written(clause.said, said)[1])
        sound = self._sound[: max(0, end - self._begin)]
        words = self._words(clause, said, end)
        sound, words = _trimmed_front(sound, words, self._rate_hz) if is_first else (sound, words)
        if is_last and is_pause and len(sound):
            sound = _ended(sound, round(pause_after(clause.written) * self._rate_hz))
        text = clause.written[clause.shown : shown]
        chunk = SpeechChunk(text, sound, self._rate_hz, words, clause.written if is_first else "")
        self._sound = self._sound[max(0, end - self._begin) :]
        self._begin = max(end, self._begin)
        for _ in range(min(_letters(clause.spoken.text[clause.said : said]), len(self._spans))):
            self._spans.popleft()
        clause.said, clause.shown = said, shown
        if is_last:
            self._clauses.popleft()
            self._spans.settle(sum(_letters(other.spoken.text) for other in self._clauses))
        return chunk

    def _words(self, clause: _Clause, said: int, end: int) -> tuple[WordTime, ...]:
        """The times of the words up to `said`, from the chunk's first sample to frame `end`, where all are known."""
        spans, times, at = list(self._spans), [], 0
        for word in re.finditer(r"\S+", clause.spoken.text[clause.said : said]):
            own = spans[at : at + len(word.group())]
            if len(own) < len(word.group()):
                return ()
            at += len(own)
            start_s, end_s = (
                max(0, min(frame, end) - self._begin) / self._rate_hz for frame in (own[0].start, own[-1].end)
            )
            times.append(WordTime(clause.said + word.start(), clause.said + word.end(), start_s, end_s))
        written = clause.spoken.written_times(times)
        shift = clause.shown
        return tuple(WordTime(one.start - shift, one.end - shift, one.start_s, one.end_s) for one in written)


def _letters(text: str) -> int:
    """Characters that are no spaces."""
    return sum(not character.isspace() for character in text)


def _trimmed_front(sound: Samples, words: tuple[WordTime, ...], rate_hz: int) -> tuple[Samples, tuple[WordTime, ...]]:
    """Without the silence that synthesisers begin with."""
    cut = max(0, (first_audible(sound) or 0) - round(LEAD_S * rate_hz))
    cut_s, length_s = cut / rate_hz, len(sound) / rate_hz
    moved = (
        WordTime(
            word.start,
            word.end,
            *(min(max(0.0, at_s - cut_s), length_s - cut_s) for at_s in (word.start_s, word.end_s)),
        )
        for word in words
    )
    return sound[cut:], tuple(moved)


def _ended(sound: Samples, pause: int) -> Samples:
    """With the pause that belongs behind a clause, and no longer one."""
    last = last_audible(sound)
    return np.concatenate((sound[: 0 if last is None else last + 1], silence(pause)))
