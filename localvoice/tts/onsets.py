"""Word times from what synthesisers tell: when a spoken word begins."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from localvoice.messages import WordTime

_WORD = re.compile(r"\w(?:\S*\w)?")


@dataclass(frozen=True, slots=True)
class Onset:
    """A spoken word begins."""

    position: int
    """Index of a character of the written word that it belongs to."""
    sample: int


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of the words of `text`, without the punctuation around them."""
    return [match.span() for match in _WORD.finditer(text)]


def word_times(text: str, onsets: Sequence[Onset], samples: int, rate_hz: int) -> list[WordTime]:
    """Times of the words of `text`, each up to the beginning of the next; the last one up to `samples`.

    Several onsets in one word (the parts of a number) make one time; a word without an onset ("the" in "of the", which
    English voices say in one go) shares the time of the word before it. `onsets` are in order of time.
    """
    spans = word_spans(text)
    ends = [end for _, end in spans]
    heads: list[tuple[int, int]] = []  # index of a word and the sample at which it begins
    for onset in onsets if spans else ():
        word = min(bisect_right(ends, onset.position), len(spans) - 1)
        if not heads:
            heads.append((0, onset.sample))
        if word > heads[-1][0]:
            heads.append((word, onset.sample))
    tails = [*heads[1:], (len(spans), samples)]
    return [
        WordTime(spans[word][0], spans[following - 1][1], begin / rate_hz, end / rate_hz)
        for (word, begin), (following, end) in zip(heads, tails, strict=False)
    ]
