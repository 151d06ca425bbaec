"""English number words: reading them, writing numbers for speech, and their rule for the grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence

DIGITS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
TEENS = {
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
FRACTIONS = {"half": 0.5, "quarter": 0.25, "third": 1 / 3}
LITERAL = re.compile(r"\d{1,15}(\.\d{1,15})?|\.\d{1,15}")

WORDS = "|".join(
    (
        *(r"\d[\d.]*", r"\.\d+"),
        *("zero", "oh", *DIGITS, *TEENS, *TENS),
        *("hundred", *SCALES, "point", "and", "an?", *FRACTIONS),
    )
)
"""Alternatives of a regular expression: every word a number may consist of."""

JSGF = {
    "digit": " | ".join(DIGITS),
    "below_hundred": f"<digit> | {' | '.join(TEENS)} | ({' | '.join(TENS)}) [<digit>]",
    "number": "(zero | [(a | <digit>) hundred [and]] <below_hundred> | (a | <digit>) (hundred | thousand))",
}
"""Rules of the grammar by name; `<number>` is the one to use."""


def _below_hundred(words: Sequence[str]) -> tuple[int, int]:
    """Value and count of words used at the start of `words`; (0, 0) where there is no number."""
    if not words:
        return 0, 0
    first = words[0]
    if first in TENS:
        unit = DIGITS.get(words[1], 0) if len(words) > 1 else 0
        return TENS[first] + unit, 2 if unit else 1
    for table in (DIGITS, TEENS):
        if first in table:
            return table[first], 1
    if first.isdigit() and len(first) <= 3:
        return int(first), 1
    return 0, 0


def _below_thousand(words: Sequence[str]) -> tuple[int, int]:
    if len(words) > 1 and words[1] == "hundred":
        hundreds = 1 if words[0] in {"a", "an"} else _below_hundred(words[:1])[0]
        if not 0 < hundreds < 100:
            return 0, 0
        used = 2
        skip = 1 if words[used : used + 1] == ["and"] else 0
        rest, more = _below_hundred(words[used + skip :])
        return hundreds * 100 + rest, used + (skip + more if more else 0)
    if words[:1] == ["hundred"]:
        return 100, 1
    if len(words) > 1 and words[0] in {"a", "an"} and words[1] in SCALES:
        return 1, 1
    return _below_hundred(words)


def _whole(words: Sequence[str]) -> int | None:
    if list(words) in (["zero"], ["oh"], ["0"]):
        return 0
    total, limit = 0, 10**12
    while words:
        if total and words[0] == "and":
            words = words[1:]
        value, used = _below_thousand(words)
        words = words[used:]
        scale = SCALES.get(words[0], 1) if words else 1
        if not used or scale >= limit:
            return None
        words = words[1:] if scale > 1 else words
        total, limit = total + value * scale, scale
    return total or None


def _decimals(words: Sequence[str]) -> float | None:
    digits = {"zero": 0, "oh": 0, **DIGITS}
    if not words or any(word not in digits for word in words):
        return None
    return float("0." + "".join(str(digits[word]) for word in words))


def _with_fraction(words: list[str]) -> float | None:
    """`two and a half`, `a half`; `None` where there is no fraction at the end."""
    if len(words) < 2 or words[-1] not in FRACTIONS or words[-2] not in {"a", "one"}:
        return None
    fraction = FRACTIONS[words[-1]]
    if len(words) == 2:
        return fraction
    whole = _whole(words[:-3]) if words[-3] == "and" else None
    return None if whole is None else whole + fraction


def read_number(text: str) -> float | int | None:
    """The number that lower-case words or digits stand for, or `None` where they are not one number."""
    if LITERAL.fullmatch(text):
        return float(text) if "." in text else int(text)
    words = text.split()
    if (value := _with_fraction(words)) is not None:
        return value
    if "point" in words:
        at = words.index("point")
        whole = _whole(words[:at]) if at else 0
        decimals = _decimals(words[at + 1 :])
        return None if whole is None or decimals is None else whole + decimals
    return _whole(words)


def write_number(value: float, places: int = 4) -> str:
    """`value` with at most `places` decimals (three significant digits where it would vanish), without an exponent."""
    rounded = round(value, places)
    if rounded == 0 and value:
        return f"{float(f'{value:.3g}'):.15f}".rstrip("0").rstrip(".")
    if rounded == int(rounded):
        return f"{int(rounded):,}" if abs(rounded) >= 10_000 else str(int(rounded))
    return f"{rounded:,.{places}f}".rstrip("0")


def is_rounded(value: float, places: int = 4) -> bool:
    """Whether `write_number` says less than `value`."""
    return abs(round(value, places) - value) > 1e-9 * max(1.0, abs(value))
