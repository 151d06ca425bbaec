"""The times of words, as services tell them, to those of the characters that were to be spoken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from localvoice.tts.letter_spans import Mark

_SEARCHED = 60
"""Characters in which a word is looked for: what a service says in other words than written is passed over."""


class WordSound(NamedTuple):
    """A word, and when it sounds in seconds."""

    word: str
    start_s: float
    end_s: float


class WordMarks:
    """Follows one reply: services write words without their marks, in capitals, or as they say them."""

    def __init__(self) -> None:
        self._text = ""
        """What is still to be found."""
        self._end_s = 0.0

    def expect(self, text: str) -> None:
        """Take up a clause."""
        self._text += f"{text} "

    def take(self, words: Iterable[WordSound]) -> list[Mark]:
        """The marks of all characters up to the last of `words` that can be found."""
        return [mark for word in words for mark in self._marks(word)]

    def _marks(self, word: WordSound) -> Iterator[Mark]:
        letters = [re.escape(letter) for letter in word.word if letter.isalnum()]
        found = re.search(r"[^\w]*".join(letters), self._text[:_SEARCHED], re.IGNORECASE) if letters else None
        if found is None:
            return
        behind = re.compile(r"\S*").match(self._text, found.end())
        end = behind.end() if behind is not None and not any(map(str.isalnum, behind.group())) else found.end()
        start_s = max(word.start_s, self._end_s)
        yield from _spread(self._text[: found.start()], self._end_s, start_s)
        self._end_s = max(word.end_s, start_s)
        yield from _spread(self._text[found.start() : end], start_s, self._end_s)
        self._text = self._text[end:]


def _spread(text: str, start_s: float, end_s: float) -> Iterator[Mark]:
    step_s = (end_s - start_s) / max(1, len(text))
    for at, character in enumerate(text):
        yield Mark(character, start_s + at * step_s, start_s + (at + 1) * step_s)
