"""Text rewritten by rules, with the way back: every new character knows which written characters it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from localvoice.messages import WordTime


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clause as it is to be said."""

    text: str
    """Empty where there is nothing to say."""
    spans: tuple[tuple[int, int], ...]
    """For every character of `text` the written characters that it stands for: start and end."""

    def written(self, start: int, end: int) -> tuple[int, int]:
        """The written span of the spoken characters from `start` to `end` (at least one)."""
        covered = self.spans[start:end]
        return min(span[0] for span in covered), max(span[1] for span in covered)

    def can_cut(self, at: int) -> bool:
        """Whether no written character is spoken on both sides of spoken character `at`: "25 °C" is four words."""
        spans = self.spans
        return at >= len(spans) or max(end for _, end in spans[:at]) <= min(start for start, _ in spans[at:])

    def written_times(self, words: Sequence[WordTime]) -> tuple[WordTime, ...]:
        """Times of spoken words as times of written ones; those that share a written span become one."""
        times: list[WordTime] = []
        for word in words:
            start, end = self.written(word.start, word.end)
            start_s = word.start_s
            while times and start < times[-1].end:
                last = times.pop()
                start, end, start_s = min(start, last.start), max(end, last.end), last.start_s
            times.append(WordTime(start, end, start_s, word.end_s))
        return tuple(times)


Piece = int | str | Callable[[re.Match[str]], str]
"""Part of a replacement: the number of a group, kept with its own positions; words that stand for the whole match; or
what makes such words of the match."""

Rule = tuple[re.Pattern[str], tuple[Piece, ...]]


def rule(pattern: str, *pieces: Piece) -> Rule:
    """What `pattern` matches becomes `pieces`, one behind the other; none: it is left out. `^` and `$` are of lines."""
    return re.compile(pattern, re.MULTILINE), pieces


def rewritten(text: str, rules: Iterable[Rule]) -> Spoken:
    """`text` after all `rules`, from the first to the last."""
    spoken = Spoken(text, tuple((at, at + 1) for at in range(len(text))))
    for pattern, pieces in rules:
        if pattern.search(spoken.text):
            spoken = _replaced(spoken, pattern, pieces, text)
    return spoken


def _replaced(spoken: Spoken, pattern: re.Pattern[str], pieces: tuple[Piece, ...], written: str) -> Spoken:
    chars: list[str] = []
    spans: list[tuple[int, int]] = []

    def keep(start: int, end: int) -> None:
        chars.append(spoken.text[start:end])
        spans.extend(spoken.spans[start:end])

    at = 0
    for match in pattern.finditer(spoken.text):
        keep(at, match.start())
        for piece in pieces:
            if isinstance(piece, int):
                keep(*(match.span(piece) if match.group(piece) is not None else (0, 0)))
            else:
                start, end = spoken.written(*match.span())
                span = (start, end)
                if inner := written[start:end].strip():
                    start += written[start:end].index(inner)
                    span = (start, start + len(inner))
                words = piece if isinstance(piece, str) else piece(match)
                chars.append(words)
                spans.extend([span] * len(words))
        at = match.end()
    keep(at, len(spoken.text))
    return Spoken("".join(chars), tuple(spans))
