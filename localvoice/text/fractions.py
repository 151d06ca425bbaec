"""Rules for fractions in figures, as English and German say them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from localvoice.text.rewriting import Rule, rule

_ALONE, _END = r"(?<![\d/.,-])", r"(?![\d/]|[.,]\d)"
_FRACTION = rf"{_ALONE}(\d\d?)/(\d\d?)"
_SIGN = "[\u00bc-\u00be\u2150-\u215e]"

_ENGLISH: Mapping[int, str] = {
    2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth",
    12: "twelfth", 16: "sixteenth", 32: "thirty-second", 64: "sixty-fourth",
}  # fmt: skip
_COUNTS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_GERMAN: Mapping[int, str] = {
    3: "Drittel", 4: "Viertel", 5: "Fünftel", 6: "Sechstel", 7: "Siebtel", 8: "Achtel", 9: "Neuntel",
    10: "Zehntel", 12: "Zwölftel", 16: "Sechzehntel", 100: "Hundertstel",
}  # fmt: skip


def _figures(match: re.Match[str]) -> str:
    """`\u00bd` as `1/2`, apart from a number in front."""
    return unicodedata.normalize("NFKC", match.group()).replace("\u2044", "/")


def _parts(match: re.Match[str]) -> tuple[int, int]:
    return int(match.group(1)), int(match.group(2))


def _english(match: re.Match[str]) -> str:
    count, of = _parts(match)
    if of in {10, 100} and count <= of:
        return f"{count} out of {of}"
    if not 0 < count < of or of not in _ENGLISH:
        return match.group()
    counted = _COUNTS[count] if count < len(_COUNTS) else str(count)
    return f"{counted} {_ENGLISH[of]}{'s' if count > 1 else ''}"


def _english_mixed(match: re.Match[str]) -> str:
    count, of = _parts(match)
    said = _english(match)
    return f" and {'a half' if (count, of) == (1, 2) else said}" if said != match.group() else f" {said}"


def _german(match: re.Match[str]) -> str:
    count, of = _parts(match)
    if (count, of) == (1, 2):
        return "ein halb"
    if not 0 < count < of or of not in _GERMAN:
        return match.group()
    return f"{'ein' if count == 1 else count} {_GERMAN[of]}"


def _german_mixed(match: re.Match[str]) -> str:
    said = _german(match)
    return " " + ("einhalb" if said == "ein halb" else said)


_SIGNS = (rule(rf"(?<=\d){_SIGN}", lambda match: " " + _figures(match)), rule(_SIGN, _figures))
_MIXED = r"(?<=\d) (\d\d?)/(\d\d?)" + _END

FRACTIONS: Mapping[str, tuple[Rule, ...]] = {
    "en": (
        *_SIGNS,
        rule(r"(?<![\d/])24/7(?![\d/])", "24 7"),
        rule(r"(?<![\d/])9/11(?![\d/])", "9 11"),
        rule(r"(?<![\d/])(\d+)/(\d+)(?= *mm ?Hg\b)", 1, " over ", 2),
        rule(_MIXED, _english_mixed),
        rule(rf"{_ALONE}(\d\d?)/(\d\d?\d?){_END}", _english),
        rule(rf"{_ALONE}(\d+)/(\1){_END}", 1, " ", 2),
    ),
    "de": (
        *_SIGNS,
        rule(r"(?<![\d/])24/7(?![\d/])", "24 7"),
        rule(_MIXED, _german_mixed),
        rule(rf"{_FRACTION}{_END}", _german),
        rule(rf"{_ALONE}(\d+)/(\1){_END}", 1, " ", 2),
    ),
}
"""Before signs; `3/8` is a fraction, `9/11` a day, `7/10` a mark."""
