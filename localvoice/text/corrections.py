"""What the recogniser writes wrongly, and what it is to be (`stt.corrections`): names, product words.

A TOML file of `"heard" = "meant"`, such as `"local voice" = "localvoice"`. Written in small letters it stands for any
case; with a capital only for that spelling. Rule of this file: whole words only, and what was called stable stays so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from localvoice.config import SttConfig
from localvoice.messages import Partial, Transcript
from localvoice.text.word_pairs import read_word_pairs

_KEY = "stt.corrections"
_EXAMPLE = '"local voice" = "localvoice"'


class Corrections:
    """A table, applied to everything that is recognised."""

    def __init__(self, pairs: Mapping[str, str] | None = None) -> None:
        self._meant = {" ".join(heard.split()): meant.strip() for heard, meant in (pairs or {}).items()}
        self._beginnings = {
            tuple(words[:count]) for words in map(_words, self._meant) for count in range(1, len(words))
        }
        """Of what consists of several words, in small letters."""
        longest_first = sorted(self._meant, key=len, reverse=True)
        parts = "|".join(f"({_pattern(heard)})" for heard in longest_first)
        self._pattern = re.compile(rf"(?<!\w)(?:{parts})(?!\w)") if parts else None
        self._by_group = [self._meant[heard] for heard in longest_first]

    def text(self, heard: str) -> str:
        """`heard` as it was meant. What a correction puts in is not corrected again."""
        if self._pattern is None:
            return heard
        return self._pattern.sub(lambda found: self._by_group[(found.lastindex or 1) - 1], heard)

    def transcript(self, heard: Transcript) -> Transcript:
        """A transcript as it was meant, its segments included."""
        segments = tuple(replace(segment, text=self.text(segment.text)) for segment in heard.segments)
        return replace(heard, text=self.text(heard.text), segments=segments)

    def partial(self, heard: Partial) -> Partial:
        """A partial as it was meant. Words that may become part of a correction are not stable yet."""
        text = self.text(heard.text)
        if heard.is_final:
            return replace(heard, text=text, stable=text)
        stable = self.text(self._certain(heard.stable))
        return replace(heard, text=text, stable=stable if text.startswith(stable) else "")

    def _certain(self, stable: str) -> str:
        """`stable` less the words at its end that begin what is to be corrected."""
        spans = [found.span() for found in re.finditer(r"\S+", stable)]
        longest = max(map(len, self._beginnings), default=0)
        for count in range(min(longest, len(spans)), 0, -1):
            at = spans[-count][0]
            if tuple(_words(stable[at:])) in self._beginnings:
                return stable[:at].rstrip()
        return stable


def corrections_of(stt: SttConfig) -> Corrections:
    """The settings' table. Raises `ConfigError` where its file cannot be read."""
    return Corrections(read_word_pairs(Path(stt.corrections), _KEY, _EXAMPLE) if stt.corrections else {})


def _words(text: str) -> list[str]:
    return text.lower().split()


def _pattern(heard: str) -> str:
    pattern = r"\s+".join(map(re.escape, heard.split()))
    return f"(?i:{pattern})" if heard == heard.lower() else pattern
