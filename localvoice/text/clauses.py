"""A stream of text to clauses worth speaking one by one.

Rule of this file: lossless. The clauses put together are the parts put together, character for character; the space
between two clauses stands at the beginning of the second.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator

FIRST_MIN_CHARS = 12
"""A comma earlier than this does not end the first clause: Piper garbles very short input (rhasspy/piper#133)."""
FIRST_MAX_CHARS = 60
"""The first clause ends here at the latest, at a word's end: the size at which the measured floor waits 0.2 ms from the
first token to the synthesiser (docs on latency)."""
MAX_CHARS = 240
"""A later sentence longer than this is cut at a comma or a word's end: one call of a synthesiser cannot be stopped."""

_LONGEST_ADDRESS = 2000
"""An address is said by its host alone, so it stays whole up to here; any other word is cut at the limit. Before that,
9000 characters such as `a.ba.b` took Piper 58 s and 21 GB (2 shared cores, AMD EPYC, 2026-11-22)."""

_LOOK_BEHIND = 16
"""How far behind the limit a sentence's end is looked for: its closing marks and spaces in front of a newline."""
_CLOSERS = "\"'\u201d\u2019»)]}*_`"
_WIDE_ENDS, _WIDE_COMMAS = "\u3002\uff01\uff1f", "\uff0c\u3001\uff1b\uff1a"
_WIDE_CLOSERS = f"{_CLOSERS}\u300d\u300f\uff09"
"""Of languages that put no spaces between words, and none behind a mark."""
_SENTENCE = re.compile(
    rf"[.?!…]+[{re.escape(_CLOSERS)}]*(?=\s)|(?<=\S)(?=[^\S\n]*\n)"
    rf"|[{_WIDE_ENDS}]+[{re.escape(_WIDE_CLOSERS)}]*(?=[^{_WIDE_ENDS}{re.escape(_WIDE_CLOSERS)}])"
)
_SOFT = re.compile(
    rf"(?:[,;:]|(?<=\s)[\u2013-](?=\s+[^\s\d]))[{re.escape(_CLOSERS)}]*(?=\s)|—(?=[^—])"
    rf"|(?<!\d)[{_WIDE_COMMAS}](?=\S)|[{_WIDE_COMMAS}](?=[^\s\d])"
)
"""A dash in front of a number is a minus; a wide mark between digits belongs to a time or a number."""
_ENUMERATOR = re.compile(r"(?:^|\n)\s*(?:\d{1,3}|[A-Za-z])\.$")
_LAST_WORD = re.compile(r"[^\s(\[\"'“\u2018*_]*$")
_ADDRESS = re.compile(r"\S{0,20}?(?:://|www\.)")
_FENCE = re.compile(r"(```|~~~)[^\n]*\n")
_CHAR = re.compile(r"\S")
_WORD_END = re.compile(r"(?<=[^\s\d])(?=\s)|(?<=\d)(?=\s+\d)|(?<=\d)(?=\s+[^\W\d_]{4})")
"""Where a clause may be cut: not between a number and its unit."""
_ORDINAL = re.compile(r"(?:\d{1,2}|[IVX]+)\.")
_COUNTED = frozenset({
    "januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
    "dezember", "jahrhundert", "jahrhunderts", "jh", "weltkrieg", "weltkriegs", "platz", "stock", "klasse", "mal",
    "tag", "jahr", "monat", "woche", "stunde", "minute", "runde", "teil", "kapitel", "advent", "geburtstag", "etage",
    "spiel", "spieltag", "liga", "bundesliga", "stelle", "schritt", "versuch",
})  # fmt: skip
"""What German counts with a full stop behind the number."""
_NEXT_WORD = re.compile(r"\w+(?=\W)")
_INITIAL = re.compile(r"[A-HJ-Z]\.$")

_NEVER_LAST = frozenset({
    "dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "mt.", "gen.", "sen.", "rep.", "capt.", "lt.", "sgt.", "rev.", "hon.",
    "e.g.", "i.e.", "vs.", "cf.", "approx.", "ca.", "al.", "fig.", "eq.", "vol.", "ch.", "pp.", "ed.", "dept.",
    "z.", "z.b.", "d.", "h.", "d.h.", "u.", "o.", "v.", "n.", "bzw.", "vgl.", "evtl.", "ggf.", "inkl.", "exkl.", "sog.",
    "bspw.", "abb.", "abs.", "art.", "mio.", "mrd.", "tsd.", "tel.", "jh.", "temp.", "hr.", "fr.",
})  # fmt: skip
"""Abbreviations that something follows in the same sentence."""
_MAYBE_LAST = frozenset({
    "etc.", "a.m.", "p.m.", "u.s.", "u.k.", "u.s.a.", "inc.", "ltd.", "co.", "corp.", "jr.", "sr.", "ph.d.", "b.c.",
    "a.d.", "est.", "jan.", "feb.", "mar.", "apr.", "jun.", "jul.", "aug.", "sep.", "sept.", "oct.", "nov.", "dec.",
    "min.", "max.", "hr.", "hrs.", "ft.", "lb.", "lbs.", "oz.",
})  # fmt: skip
"""Abbreviations that end a sentence when a capital letter follows."""
_HOURS = frozenset({"a.m.", "p.m."})
_BEFORE_DIGIT = frozenset({"no.", "nos.", "p.", "nr.", "str."})
"""Abbreviations only in front of a number: "No. 5", but "No. Not yet"."""


class ClauseSplitter:
    """Cuts one reply into clauses: the first one short and early, the later ones whole sentences. Not thread-safe."""

    def __init__(
        self,
        *,
        first_min_chars: int = FIRST_MIN_CHARS,
        first_max_chars: int = FIRST_MAX_CHARS,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self._first_min_chars = first_min_chars
        self._first_max_chars = first_max_chars
        self._max_chars = max_chars
        self._text = ""
        self._is_first = True

    def feed(self, part: str) -> list[str]:
        """The clauses that are complete now. One whose end the next part might still change waits for it."""
        self._text += part
        ready = []
        while end := self._clause_end():
            ready.append(self._text[:end])
            self._text = self._text[end:]
            self._is_first = False
        return ready

    def finish(self) -> list[str]:
        """What is left at the end of the stream: at most one clause."""
        rest, self._text = self._text, ""
        return [rest] if rest else []

    def _clause_end(self) -> int:
        """Index behind the first complete clause, 0 while there is none."""
        start = self._next_char(0)
        if fence := _FENCE.match(self._text, start):
            closing = re.compile(rf"\n[^\S\n]*{fence.group(1)}(?=\s)").search(self._text, fence.end())
            return closing.end() if closing else 0  # nobody wants half a program: it is one clause, however long
        latest = start + (self._first_max_chars if self._is_first else self._max_chars)
        sentence_end = self._sentence_end(start, latest)
        if self._is_first:
            soft_end = self._soft_end(start + self._first_min_chars, min(sentence_end or len(self._text), latest))
            if soft_end:
                return soft_end
        if 0 < sentence_end <= latest:
            return sentence_end
        return self._forced_end(start, latest) if len(self._text) > latest else 0

    def _next_char(self, at: int) -> int:
        """Index of the first character from `at` on that is no space, or the length."""
        match = _CHAR.search(self._text, at)
        return match.start() if match else len(self._text)

    def _sentence_end(self, start: int, latest: int) -> int:
        for match in _SENTENCE.finditer(self._text, start, latest + _LOOK_BEHIND):
            if not match.group() or self._ends_sentence(start, match):
                return match.end()
        return 0

    def _ends_sentence(self, start: int, match: re.Match[str]) -> bool:
        """Whether the mark is more than an abbreviation's full stop. Undecided counts as no."""
        if match.group().rstrip(_CLOSERS) != ".":
            return True
        before = self._text[start : match.start() + 1]
        last_word = _LAST_WORD.search(before)
        written = last_word.group() if last_word else ""
        word = written.lower()
        if word in _NEVER_LAST or _INITIAL.fullmatch(written) or _ENUMERATOR.search(before):
            return False
        behind = self._next_char(match.end())
        if _ORDINAL.fullmatch(written):
            return "\n" in self._text[match.end() : behind] or self._begins_sentence(behind)
        is_short = word in _MAYBE_LAST or word in _BEFORE_DIGIT
        return not is_short or self._ends_with(word, behind)

    def _ends_with(self, word: str, behind: int) -> bool:
        """Whether an abbreviation ends a sentence, by what stands behind it."""
        following = self._text[behind : behind + 1]
        if word in _BEFORE_DIGIT:
            return bool(following) and not following.isdigit()
        if word not in _HOURS or not following.isupper():
            return following.isupper()
        zone = _NEXT_WORD.match(self._text, behind)
        return zone is not None and not (len(zone.group()) > 1 and zone.group().isupper())  # 9 a.m. EST

    def _begins_sentence(self, at: int) -> bool:
        """Whether the word behind a number with a full stop is not what it counts. Undecided counts as no."""
        following = self._text[at : at + 1]
        if not following.isupper():
            return bool(following) and not following.isalnum()
        word = _NEXT_WORD.match(self._text, at)
        return word is not None and word.group().lower() not in _COUNTED

    def _soft_end(self, earliest: int, latest: int) -> int:
        """The first comma or the like that ends between the two."""
        for match in _SOFT.finditer(self._text, 0, latest + 2):
            if earliest <= match.end() <= latest:
                return match.end()
        return 0

    def _forced_end(self, start: int, latest: int) -> int:
        """The last comma, or else the last word's end, up to `latest`; in a longer single word its limit."""
        soft = [match.end() for match in _SOFT.finditer(self._text, start, latest + 2) if match.end() <= latest]
        if soft and not self._is_first:
            return soft[-1]
        spaces = [match.start() for match in _WORD_END.finditer(self._text, start, latest + 1)]
        if spaces:
            return spaces[-1]
        longest = start + (_LONGEST_ADDRESS if _ADDRESS.match(self._text, start) else self._max_chars)
        beyond = _WORD_END.search(self._text, latest, longest + 1)
        if beyond is not None:
            return beyond.start()
        return longest if len(self._text) > longest else 0


async def clauses(
    parts: AsyncIterator[str],
    *,
    first_min_chars: int = FIRST_MIN_CHARS,
    first_max_chars: int = FIRST_MAX_CHARS,
    max_chars: int = MAX_CHARS,
) -> AsyncIterator[str]:
    """The clauses of `parts`, each as soon as it is complete. Closing this generator closes `parts`."""
    splitter = ClauseSplitter(first_min_chars=first_min_chars, first_max_chars=first_max_chars, max_chars=max_chars)
    try:
        async for part in parts:
            for clause in splitter.feed(part):
                yield clause
        for clause in splitter.finish():
            yield clause
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()
