"""Words over a reply that are more than words: those that stop it, those that only show attention, and answers.

Rule of this file: words only, no sound and no time. Languages are those of word_lists.py; any other one has
its own words in the config, or none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

from localvoice.config import BUILT_IN_WORDS, TurnConfig
from localvoice.turn.word_lists import BUILT_IN, WordLists

_ALIKE = 0.75
"""Likeness of letters from which a word read is a misreading of a word said ("forrest", "forest"): recognisers on
residual echo get most letters right or the whole word wrong."""

_SHORT = 3
"""Letters up to which a word must be the same: "no" is not "now"."""

_ECHO_SHARE = 0.7
"""Share of the letters read that must be of words being said. One word in three may be anything: what is left of an
echo is read worse than speech."""

_LAUGHS = re.compile(r"\b(?:[ae]?([hj][aeiou])\1+h?|[ae]?h[ae]+h|ha+|(h[aeo]h?)(?: \2)+)\b")
"""Laughter as recognisers write it: "haha", "ahah", "hehe", "ha ha ha", "he he", Spanish "jajaja". One "he" is none."""


class Lexicon:
    """The lists of one conversation."""

    def __init__(self, turn: TurnConfig, language: str) -> None:
        built_in = BUILT_IN.get(re.split("[-_]", language)[0].lower() or "en", WordLists())
        self._stop = _plain(turn.stop_words, built_in.stop)
        self._attention = _plain(turn.backchannels, built_in.attention)
        self._answers = _plain((BUILT_IN_WORDS,), built_in.answers)
        self._knows_laughs = BUILT_IN_WORDS in turn.backchannels

    def has_stop_word(self, words: str) -> bool:
        """Whether one of them stands anywhere in `words` (plain), and they are no plea to go on."""
        return not self.is_attention(words) and any(f" {stop} " in f" {words} " for stop in self._stop)

    def is_attention(self, words: str) -> bool:
        """Whether `words` (plain) are backchannels and nothing else: "mm hm", "yeah okay", "haha"."""
        spoken = _LAUGHS.sub(" ", words).split() if self._knows_laughs else words.split()
        return bool(words) and (not spoken or _consists_of(spoken, self._attention))

    def begins_attention(self, words: str) -> bool:
        """Whether `words` (plain) are how a backchannel of several words begins."""
        return bool(words) and any(phrase.startswith(f"{words} ") for phrase in self._attention)

    def is_objection(self, words: str) -> bool:
        """Whether `words` (plain) answer a question, and show no attention: "no"."""
        return self.is_answer(words) and not self.is_attention(words)

    def is_answer(self, words: str) -> bool:
        """Whether `words` (plain) answer a question, a laugh beside them or none."""
        return any(_consists_of(said.split(), self._answers) for said in (words, _LAUGHS.sub(" ", words)))


def is_echo(words: str, said: str) -> bool:
    """Whether `words`, read over the reply, are what it was just saying (`said`), misread here and there; both plain.

    Every word counts by its letters and may be used once for each time it was said, in any order: a recogniser drops
    and joins words.
    """
    left = said.split()
    total = found = 0
    for word in words.split():
        total += len(word)
        likeliest = max(left, key=lambda one: _likeness(word, one), default="")
        if _likeness(word, likeliest) >= _ALIKE:
            left.remove(likeliest)
            found += len(word)
    return total > 0 and found >= _ECHO_SHARE * total


def plain_words(text: str) -> str:
    """Lower case, marks, hyphens and accents gone, apostrophes kept: how words are compared."""
    spelled = unicodedata.normalize("NFKD", text.lower().replace("\u2019", "'"))
    bare = "".join(letter for letter in spelled if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", bare))


def _likeness(word: str, said: str) -> float:
    if min(len(word), len(said)) <= _SHORT:
        return float(word == said)
    return SequenceMatcher(None, word, said, autojunk=False).ratio()


def _plain(chosen: Iterable[str], built_in: tuple[str, ...]) -> frozenset[str]:
    words = [word for entry in chosen for word in (built_in if entry == BUILT_IN_WORDS else (entry,))]
    return frozenset(map(plain_words, words)) - {""}


def _consists_of(words: list[str], phrases: frozenset[str]) -> bool:
    """Whether `words` can be cut into `phrases`. There are at most three words in one of ours."""
    reachable = [True] + [False] * len(words)
    for end in range(1, len(words) + 1):
        starts = (start for start in range(end) if reachable[start])
        reachable[end] = any(" ".join(words[start:end]) in phrases for start in starts)
    return bool(words) and reachable[-1]
