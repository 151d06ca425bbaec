"""Rules for times of day and dates, as they are said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from localvoice.text.rewriting import Rule, rule

_ALONE, _END = r"(?<![\d:.,])", r"(?![\d:])"

TIMES: Mapping[str, tuple[Rule, ...]] = {
    "en": (
        rule(rf"{_ALONE}(1[0-2]|0?[1-9]):00(?= ?[aApP]\.?[mM]\b)", 1),
        rule(rf"{_ALONE}00?:00{_END}", "midnight"),
        rule(rf"{_ALONE}0?([1-9]|1[0-2]):00{_END}(?: o'clock)?", 1, " o'clock"),
        rule(rf"{_ALONE}(1[3-9]|2[0-4]):00{_END}", 1, " hundred"),
        rule(rf"{_ALONE}(2[0-3]|[01]?\d):0([1-9]){_END}", 1, " oh ", 2),
    ),
    "de": (
        rule(rf"{_ALONE}0?(2[0-4]|1?\d)[:.]00{_END}(?: ?Uhr\b)", 1, " Uhr"),
        rule(rf"{_ALONE}0?(2[0-4]|1?\d):00{_END}", 1, " Uhr"),
        rule(rf"{_ALONE}0?(2[0-3]|1?\d)[:.](?=[0-5]\d)0?(\d?\d){_END}(?: ?Uhr\b)", 1, " Uhr ", 2),
        rule(rf"{_ALONE}0?(2[0-3]|1?\d):(?=[0-5]\d)0?(\d?\d){_END}", 1, " Uhr ", 2),
    ),
    "fr": (
        rule(rf"{_ALONE}0?(2[0-4]|1?\d) ?[h:] ?00{_END}", 1, " heures"),
        rule(rf"{_ALONE}0?(2[0-3]|1?\d) ?[h:] ?0?([1-5]?\d){_END}(?! ?h)", 1, " heures ", 2),
        rule(rf"{_ALONE}0?(2[0-4]|1?\d) ?h\b(?! ?\d)", 1, " heures"),
    ),
}
"""In languages that are not here a synthesiser reads both numbers, which is how they say it."""


def dates(locale: str) -> tuple[Rule, ...]:
    """Dates in figures, in the order of `locale` and by ISO 8601; what is no date stays as it is."""
    order = _order(locale)
    stamp = r"(?<=\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?"
    return (
        rule(rf"{stamp}Z\b", ", ", 1, " UTC"),
        rule(rf"{stamp}(?:[+-]\d\d:?\d\d)?(?!\w)", ", ", 1),
        rule(r"(?<![\d/-])(\d{4})([-/])(\d\d)\2(\d\d)(?![\d/-])", _said("ymd", locale, groups=(1, 3, 4))),
        rule(r"(?<![\d/.])(\d{1,2})([/.])(\d{1,2})\2(\d{4})(?![\d/])", _said(order, locale, groups=(1, 3, 4))),
    )


def _order(locale: str) -> str:
    """Of day, month and year: "dmy", or "mdy" in the United States. A year in front is ISO's."""
    from babel.dates import get_date_format

    pattern = get_date_format("short", locale=locale).pattern.lower()
    return "dmy" if pattern.index("d") < pattern.index("m") else "mdy"


def _said(order: str, locale: str, groups: tuple[int, ...] = (1, 2, 3)) -> Callable[[re.Match[str]], str]:
    def say(match: re.Match[str]) -> str:
        from babel.dates import format_date

        part = dict(zip(order, (int(match.group(group)) for group in groups), strict=True))
        try:
            day = date(part["y"], part["m"], part["d"])
        except ValueError:
            return match.group()
        return format_date(day, "long", locale=locale)

    return say
