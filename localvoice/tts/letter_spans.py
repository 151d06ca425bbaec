"""When the letters of a reply sound, by the times that a service tells with its sound.

Rule of this file: times are believed as long as they are those of the text that was sent. A service that skips letters,
tells other ones, or goes back in time is not asked any more: a wrong cut says a word twice, or half of it.
"""

from __future__ import annotations

import math
import unicodedata
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

_BACK_S = 0.05
"""A letter may begin this much before the one in front: times are rounded, and sounds overlap."""
_AHEAD_S = 60.0
"""No sound is told of so long before it comes; flash models make a minute of speech in a second or two."""


class Mark(NamedTuple):
    """When a character sounds, in seconds from the first sample of its piece."""

    character: str
    start_s: float
    end_s: float


class Span(NamedTuple):
    """A stretch of sound."""

    start: int
    end: int
    """Frames since the beginning of all sound."""


class LetterSpans(deque[Span]):
    """The spans of the characters that are no spaces, in order, from the first that was not handed out."""

    def __init__(self, rate_hz: int) -> None:
        super().__init__()
        self._rate_hz = rate_hz
        self._awaited: deque[str] = deque()
        """The characters without a mark."""
        self._is_trusted = True
        self._last = Span(0, 0)

    def expect(self, text: str) -> None:
        """Take up what was sent."""
        self._awaited.extend(character for character in text if not character.isspace())

    def take(self, marks: Sequence[Mark], offset: int) -> None:
        """Take the marks of a piece of sound that begins at frame `offset`."""
        for mark in marks:
            if self._is_trusted and not self._fits(mark, offset):
                self._is_trusted = False
                self.clear()

    def settle(self, letters_behind: int) -> None:
        """Nothing is awaited any more but the `letters_behind` that were expected last."""
        while len(self._awaited) > letters_behind:
            self._awaited.popleft()

    def lacks(self, letters_behind: int, end: int, shortest: float) -> bool:
        """Whether letters without a mark cannot have sounded by frame `end`, at `shortest` frames a letter.

        The `letters_behind` that were expected last are not asked about. Where there are no marks nothing is known.
        """
        asked = list(self._awaited)[: max(0, len(self._awaited) - letters_behind)]
        unmarked = sum(map(str.isalnum, asked))
        return self._is_trusted and self._last.end > 0 and end - self._last.end < unmarked * shortest

    def _fits(self, mark: Mark, offset: int) -> bool:
        """Whether it can be the next one; it is taken up then."""
        if mark.character.isspace():
            return True
        if not (math.isfinite(mark.start_s) and math.isfinite(mark.end_s)):
            return False
        span = Span(*(offset + round(at_s * self._rate_hz) for at_s in (mark.start_s, mark.end_s)))
        earliest, latest = self._last.start - _BACK_S * self._rate_hz, offset + _AHEAD_S * self._rate_hz
        if not earliest <= span.start <= span.end <= latest:
            return False
        while self._awaited:
            if _is_same(self._awaited[0], mark.character):
                self._awaited.popleft()
                self._append(span)
                return True
            if self._awaited[0].isalnum():
                break
            self._awaited.popleft()  # a mark of punctuation that the service does not tell of
            self._append(Span(self._last.end, self._last.end))
        return not any(map(str.isalnum, mark.character))

    def _append(self, span: Span) -> None:
        self.append(span)
        self._last = span


def _is_same(one: str, other: str) -> bool:
    return one == other or _plain(one) == _plain(other)


def _plain(character: str) -> str:
    """Without its accent, in small letters."""
    return unicodedata.normalize("NFKD", character)[:1].casefold()
