"""Which written word is spoken when, from a synthesiser that knows only how long its phonemes are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from localvoice.tts.onsets import Onset, word_spans

_MOST_SOUNDS = 1000
"""Of a text whose words are looked for: the search is quadratic, and holds the interpreter (0.5 ms for 170 sounds)."""
_STRESS = "\u02c8\u02cc\u02d0\u02d1"


@dataclass(frozen=True, slots=True)
class Phoneme:
    """A phoneme and the samples it lasts. A space separates words."""

    symbol: str
    start: int
    end: int


def onsets_of_words(text: str, phonemes: Sequence[Phoneme], pronounce: Callable[[str], str]) -> list[Onset]:
    """When the words of `text` begin. `pronounce` gives the phonemes of a word alone.

    Words and phoneme groups are paired off where their numbers agree. They do not where one word is said as many ("25")
    or many as one ("of the"): then the words' own phonemes are looked for in those of the whole, if that is no book.
    """
    stretches = [list(members) for _, members in groupby(phonemes, key=lambda phoneme: phoneme.symbol == " ")]
    groups = [members for members in stretches if _sounds("".join(phoneme.symbol for phoneme in members))]
    spans = word_spans(text)
    if len(groups) == len(spans) and not any(char.isdigit() for char in text):
        return [Onset(start, group[0].start) for (start, _), group in zip(spans, groups, strict=True)]
    if sum(len(phoneme.symbol) for phoneme in phonemes) > _MOST_SOUNDS:
        return []
    return _aligned(spans, [_sounds(pronounce(text[start:end])) for start, end in spans], groups)


def _sounds(symbols: str) -> str:
    """Without stress and punctuation."""
    return "".join(char for char in symbols if char.isalpha() and char not in _STRESS)


def _aligned(spans: Sequence[tuple[int, int]], alone: Sequence[str], groups: Sequence[list[Phoneme]]) -> list[Onset]:
    owners = [word for word, sounds in enumerate(alone) for _ in sounds]
    heard = [(char, group, one) for group in groups for one in group for char in _sounds(one.symbol)]
    matcher = SequenceMatcher(None, "".join(alone), "".join(char for char, _, _ in heard), autojunk=False)
    onsets: list[Onset] = []
    last_word, last_group = -1, None
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            word, (_, group, phoneme) = owners[block.a + step], heard[block.b + step]
            if word != last_word:
                onsets.append(Onset(spans[word][0], (phoneme if group is last_group else group[0]).start))
            last_word, last_group = word, group
    return onsets
