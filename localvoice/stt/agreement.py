"""The beginning on which successive readings of a growing turn agree (LocalAgreement-2, ufal/whisper_streaming).

Rule of this file: what was called stable stays, character for character, whatever a later reading makes of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

_LETTERS = re.compile(r"\w+", re.UNICODE)
_MARK = re.compile(r"\W+$", re.UNICODE)

_LOOSE_WORDS = 1
"""Words at the end of a reading that are never stable: the sound may have ended within them."""


class Agreement:
    """Readings of one turn. A long one is read in stretches: those behind `close` know nothing of the words before."""

    def __init__(self) -> None:
        self._closed = ""
        """The words of the stretches that are done."""
        self._stable = ""
        self._rest = _Rest("", [])
        """Of the last reading."""

    @property
    def text(self) -> str:
        """All words, as the last reading has them behind what was stable before it."""
        return _joined(self._closed, _joined(self._stable + self._rest.mark, " ".join(self._rest.words)))

    @property
    def stable(self) -> str:
        """The beginning of `text` that will not change."""
        return _joined(self._closed, self._stable)

    @property
    def has_closed(self) -> bool:
        """Whether there are words of stretches that are done."""
        return bool(self._closed)

    def take(self, text: str) -> None:
        """Another reading of the present stretch."""
        rest = _behind(self._stable, text)
        agreed = 0
        if rest.mark == self._rest.mark:
            pairs = zip(rest.words[:-_LOOSE_WORDS], self._rest.words, strict=False)
            agreed = sum(1 for _ in takewhile(lambda both: both[0] == both[1], pairs))
        if agreed:
            whole = _joined(self._stable + rest.mark, " ".join(rest.words[:agreed]))
            self._stable = _MARK.sub("", whole)
            rest = _Rest(whole[len(self._stable) :], rest.words[agreed:])
        self._rest = rest

    def close(self, text: str) -> None:
        """A stretch ends, and `text` is the reading of it; what is stable already of the next one stays with that."""
        known = self._stable.split()
        cut = _best_cut([_plain(word) for word in text.split()], [_plain(word) for word in known])
        if cut < len(known):
            self._closed, self._stable = _joined(self._closed, " ".join(known[:cut])), " ".join(known[cut:])
        else:
            self.take(text)
            self._closed, self._stable = self.text, ""
        self._rest = _Rest("", [])


@dataclass(frozen=True, slots=True)
class _Rest:
    """What a reading has behind the stable words."""

    mark: str
    """Punctuation right behind the last of them."""
    words: list[str]


def _behind(stable: str, text: str) -> _Rest:
    """What a reading has behind `stable`; what it makes of the words before is not asked."""
    words, known = text.split(), stable.split()
    if not known:
        return _Rest("", words)
    cut = _best_cut([_plain(word) for word in known], [_plain(word) for word in words])
    mark = _MARK.search(words[cut - 1]) if cut else None
    return _Rest(mark[0] if mark else "", words[cut:])


def _best_cut(known: list[str], words: list[str]) -> int:
    """How many of `words` stand for `known`: by the smallest edit distance, nearest to as many."""
    distances = list(range(len(words) + 1))
    for row, one in enumerate(known, 1):
        before, distances[0] = distances[0], row
        for column, other in enumerate(words, 1):
            change = before + (one != other)
            before = distances[column]
            distances[column] = min(change, before + 1, distances[column - 1] + 1)
    return min(range(len(words) + 1), key=lambda count: (distances[count], abs(count - len(known))))


def _plain(word: str) -> str:
    return "".join(_LETTERS.findall(word.lower()))


def _joined(first: str, second: str) -> str:
    return f"{first} {second}" if first and second else first or second
