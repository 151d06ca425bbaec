"""Whether an utterance is finished, judged by its words: a small recurrent model (English), numpy only.

The model, how it was labelled and what it is worth: scripts/turnwords/README.md. It costs 0.13 ms for 11 words.
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

KNOWN_SHARE = 0.6
"""Share of known words below which the score means nothing: another language, or noise."""

INSTANT = frozenset({
    *("stop", "cancel", "pause", "next", "help", "no", "yes", "yeah", "yep", "nope", "okay", "ok", "wait", "continue"),
    *("go on", "hello", "hi", "thanks", "thank you", "goodbye", "bye", "repeat that", "louder", "quieter", "slower"),
    *("faster", "never mind", "start over", "be quiet", "again", "sure", "please continue", "keep going"),
})  # fmt: skip
"""Whole utterances that are finished for sure; alone the model doubts them, since they mostly open longer turns."""

INSTANT_PROBABILITY = 0.97

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NUMBER_WORDS = frozenset({*_ONES, *_TENS, "oh", "double", "triple", "hundred", "thousand", "point"})
_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\d+(?:st|nd|rd|th)?")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_FILLER = re.compile(r"^(u|h|e)?(m|h|r)\2+$")


class TurnWords:
    """P(finished) of the words so far. Meant for a pause, not while speech goes on."""

    def __init__(self) -> None:
        """Load the weights of the package (4 ms)."""
        with resources.as_file(resources.files("localvoice.turn") / "turnwords.npz") as path, np.load(path) as stored:
            self._vocabulary = {word: i for i, word in enumerate(bytes(stored["vocab"]).decode().split("\n"))}
            self._buckets, self._keep = int(stored["buckets"]), int(stored["keep"])
            self._vectors = stored["emb"].astype(np.float32) * stored["scale"].astype(np.float32)
            self._cell = tuple(stored[name].astype(np.float32) for name in ("wi", "wh", "bi", "bh"))
            self._head = tuple(stored[name].astype(np.float32) for name in ("wo", "bo"))
            self._temperature, self._shift = float(stored["temp"]), float(stored["shift"])

    def probability(self, text: str) -> float | None:
        """0..1 that `text` is a finished turn; None where the model knows too few of its words, or there are none."""
        words = words_of(text)
        if not words:
            return None
        if is_instant(text):
            return INSTANT_PROBABILITY
        if np.mean([word in self._vocabulary for word in words]) < KNOWN_SHARE:
            return None
        return float(1.0 / (1.0 + np.exp(-self._logit(words[-self._keep :]))))

    def _logit(self, words: list[str]) -> float:
        """A gated recurrent unit over the words, then one linear layer (scripts/turnwords/infer.py, the reference)."""
        wi, wh, bi, bh = self._cell
        state: NDArray[np.float32] = np.zeros(wh.shape[1], np.float32)
        size = len(state)
        for word in words:
            a = wi @ self._vectors[self._index(word)] + bi
            b = wh @ state + bh
            reset, update = 1 / (1 + np.exp(-(a[: 2 * size] + b[: 2 * size]).reshape(2, size)))
            state = (1 - update) * np.tanh(a[2 * size :] + reset * b[2 * size :]) + update * state
        weights, bias = self._head
        return float(weights @ state + bias[0]) / self._temperature + self._shift

    def _index(self, word: str) -> int:
        known = self._vocabulary.get(word)
        return len(self._vocabulary) + zlib.crc32(word[-3:].encode()) % self._buckets if known is None else known


def is_instant(text: str) -> bool:
    """Whether the whole of `text` is one of the utterances that are finished for sure."""
    return " ".join(words_of(text)) in INSTANT


def ends_in_number(text: str, *, shortest: int = 2) -> bool:
    """Whether at least the last `shortest` words are digits or numbers, as where one dictates."""
    tail = words_of(text)[-shortest:]
    return len(tail) == shortest and all(word in _NUMBER_WORDS for word in tail)


def words_of(text: str) -> list[str]:
    """Lower case, no punctuation, digits as words, drawn-out letters shortened (ummm -> um)."""
    words: list[str] = []
    for token in _TOKEN.findall(text.lower().replace("\u2019", "'")):
        is_number = token.isdecimal() and token.isascii()
        words += _number(token) if is_number else [_DRAWN_OUT.sub(r"\1", token)]
    return [_FILLER.sub(lambda found: (found[1] or "") + found[2], word) for word in words]


def _number(digits: str) -> list[str]:
    value = int(digits)
    if len(digits) > 2 or (len(digits) > 1 and digits[0] == "0"):
        return [_ONES[int(digit)] for digit in digits]
    if value < len(_ONES):
        return [_ONES[value]]
    return [_TENS[value // 10 - 2], *([_ONES[value % 10]] if value % 10 else [])]


@cache
def turn_words() -> TurnWords:
    """The one instance of this process."""
    return TurnWords()
