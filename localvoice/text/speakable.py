"""Text as written to text that a synthesiser reads well, with the way back: the one place for every synthesiser.

Rule of this file: it says which rules a language has, and in which order; the rules stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from localvoice.text.abbreviations import ABBREVIATIONS
from localvoice.text.clock_words import TIMES, dates
from localvoice.text.english_amounts import ENGLISH_AMOUNTS, ENGLISH_TELEPHONES
from localvoice.text.fractions import FRACTIONS
from localvoice.text.markup import EMPHASIS, FORMULAS, LEFT_OVER, MARKUP
from localvoice.text.ordinals import ORDINALS
from localvoice.text.pronunciation import as_rules
from localvoice.text.ranges import powers, ranges, telephones
from localvoice.text.rewriting import Rule, Spoken, rewritten
from localvoice.text.symbols import SIGN_WORDS, SignWords, addresses, programs, signs, sums


class Verbalizer:
    """How one language says what is written: markup and emoji left out; signs, units, dates and addresses in words."""

    def __init__(self, language: str = "en", pronunciation: Mapping[str, str] | None = None) -> None:
        """`language` as a code such as `de` or `en-gb`; `pronunciation` as from `read_pronunciation`."""
        self._rules: Sequence[Rule] = tuple(_rules(language, pronunciation or {}))

    def __call__(self, text: str) -> Spoken:
        """How to say one clause. Fast enough to be called on an event loop: about 0.3 ms."""
        spoken = rewritten(text, self._rules)
        return spoken if any(char.isalnum() for char in spoken.text) else Spoken("", ())


def _rules(language: str, pronunciation: Mapping[str, str]) -> Iterator[Rule]:
    short = language.replace("_", "-").partition("-")[0].lower()
    words = SIGN_WORDS.get(short)
    yield from programs(words) if words else ()
    yield from FORMULAS
    yield from MARKUP
    yield from sums(words) if words else ()
    yield from EMPHASIS
    yield from as_rules(pronunciation)
    yield from addresses(words) if words else ()
    yield from _numbers(short, words)
    yield from _localized(language.replace("-", "_"), is_english=short == "en")
    yield from ENGLISH_AMOUNTS if short == "en" else ()
    yield from TIMES.get(short, ())
    yield from ORDINALS.get(short, ())
    yield from ABBREVIATIONS.get(short, ())
    yield from signs(words) if words else ()
    yield from LEFT_OVER


def _numbers(short: str, words: SignWords | None) -> Iterator[Rule]:
    """Numbers beside numbers, before what stands behind them is said."""
    if words is None:
        return
    yield from telephones(words)
    yield from ENGLISH_TELEPHONES if short == "en" else ()
    yield from ranges(words)
    yield from FRACTIONS.get(short, ())
    yield from powers(words)


def _localized(locale: str, *, is_english: bool) -> tuple[Rule, ...]:
    """What CLDR knows of a language; nothing where it does not know the language."""
    from babel import UnknownLocaleError

    from localvoice.text.amounts import Amounts

    try:
        return dates(locale) if is_english else (*dates(locale), *Amounts(locale).rules())
    except (UnknownLocaleError, ValueError):
        return ()


def speakable(text: str) -> Spoken:
    """How to say one clause of English, where no language and no dictionary is known."""
    return _english()(text)


@cache
def _english() -> Verbalizer:
    return Verbalizer()
