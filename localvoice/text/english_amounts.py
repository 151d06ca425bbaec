"""Rules for money, units and telephone numbers in English, where more forms are known than CLDR has.

Rule of this file: one pattern for many signs, because every pattern is looked for in every clause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from localvoice.text.ranges import digits
from localvoice.text.rewriting import Rule, rule

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_LARGE = r" (?:thousand|\w*illion)"
_SIZES = {"k": "thousand", "m": "million", "mio": "million", "b": "billion", "bn": "billion", "mrd": "billion",
          "t": "trillion", "tn": "trillion"}  # fmt: skip

_CURRENCIES: Mapping[str, tuple[str, str]] = {
    "US$": ("US dollar", "US dollars"),
    "A$": ("Australian dollar", "Australian dollars"),
    "C$": ("Canadian dollar", "Canadian dollars"),
    "$": ("dollar", "dollars"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "₹": ("rupee", "rupees"),
    "¥": ("yen", "yen"),
    "EUR": ("euro", "euros"),
    "USD": ("US dollar", "US dollars"),
    "GBP": ("pound", "pounds"),
    "CHF": ("Swiss franc", "Swiss francs"),
}
_UNITS: Mapping[str, tuple[str, str]] = {
    written: (one, many)
    for forms, one, many in (
        ("°C", "degree Celsius", "degrees Celsius"),
        ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
        ("°", "degree", "degrees"),
        ("%", "percent", "percent"),
        ("¢", "cent", "cents"),
        ("km/h kph", "kilometer per hour", "kilometers per hour"),
        ("m/s", "meter per second", "meters per second"),
        ("mph", "mile per hour", "miles per hour"),
        ("km", "kilometer", "kilometers"),
        ("m", "meter", "meters"),
        ("cm", "centimeter", "centimeters"),
        ("mm", "millimeter", "millimeters"),
        ("km²", "square kilometer", "square kilometers"),
        ("m²", "square meter", "square meters"),
        ("m³", "cubic meter", "cubic meters"),
        ("cm³", "cubic centimeter", "cubic centimeters"),
        ("ft", "foot", "feet"),
        ("yd yds", "yard", "yards"),
        ("mi", "mile", "miles"),
        ("kg", "kilogram", "kilograms"),
        ("mg", "milligram", "milligrams"),
        ("\u00b5g \u03bcg mcg", "microgram", "micrograms"),
        ("ml", "milliliter", "milliliters"),
        ("l L", "liter", "liters"),
        ("tsp", "teaspoon", "teaspoons"),
        ("tbsp", "tablespoon", "tablespoons"),
        ("gal", "gallon", "gallons"),
        ("lb lbs", "pound", "pounds"),
        ("oz", "ounce", "ounces"),
        ("kcal", "kilocalorie", "kilocalories"),
        ("kWh", "kilowatt hour", "kilowatt hours"),
        ("kW", "kilowatt", "kilowatts"),
        ("MW", "megawatt", "megawatts"),
        ("W", "watt", "watts"),
        ("V", "volt", "volts"),
        ("mAh", "milliamp hour", "milliamp hours"),
        ("hPa", "hectopascal", "hectopascals"),
        ("dB", "decibel", "decibels"),
        ("Hz", "hertz", "hertz"),
        ("kHz", "kilohertz", "kilohertz"),
        ("MHz", "megahertz", "megahertz"),
        ("GHz", "gigahertz", "gigahertz"),
        ("TB", "terabyte", "terabytes"),
        ("GB", "gigabyte", "gigabytes"),
        ("MB", "megabyte", "megabytes"),
        ("kB KB", "kilobyte", "kilobytes"),
        ("MB/s", "megabyte per second", "megabytes per second"),
        ("Mbps Mbit/s", "megabit per second", "megabits per second"),
        ("Gbps Gbit/s", "gigabit per second", "gigabits per second"),
        ("kbps kbit/s", "kilobit per second", "kilobits per second"),
        ("fps", "frame per second", "frames per second"),
        ("rpm", "revolution per minute", "revolutions per minute"),
        ("h hr hrs", "hour", "hours"),
        ("min mins", "minute", "minutes"),
        ("sec secs", "second", "seconds"),
        ("ms", "millisecond", "milliseconds"),
        ("wk wks", "week", "weeks"),
        ("yr yrs", "year", "years"),
    )
    for written in forms.split()
}


def _any(names: Mapping[str, object]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _one_of(names: Mapping[str, tuple[str, str]], group: int, form: int) -> Callable[[re.Match[str]], str]:
    return lambda match: f" {names[match.group(group)][form]}"


def _counted(names: Mapping[str, tuple[str, str]]) -> Callable[[re.Match[str]], str]:
    """One or many, by the number in front of the match."""

    def said(match: re.Match[str]) -> str:
        is_one = re.search(r"(?<![\d.,])1$", match.string[: match.start()]) is not None
        return f" {names[match.group(1)][0 if is_one else 1]}"

    return said


_SIGN = f"({_any(_CURRENCIES)})"
_MONEY = (
    rule(
        rf"({_SIGN} ?{_NUMBER}) ?((?:[kKmMbBtT]|[bt]n|[mM]io|[mM]rd))(?!\w)",
        1,
        lambda match: f" {_SIZES[match.group(3).lower()]}",
    ),
    rule(rf"{_SIGN} ?(1)(?![\d,.]*\d|{_LARGE})", 2, _one_of(_CURRENCIES, 1, 0)),
    rule(rf"{_SIGN} ?(\d[\d,]*)\.(\d\d)(?!\d|{_LARGE})", 2, lambda match: f"{_one_of(_CURRENCIES, 1, 1)(match)} ", 3),
    rule(rf"{_SIGN} ?({_NUMBER})({_LARGE})?\b", 2, 3, _one_of(_CURRENCIES, 1, 1)),
    rule(rf"(?<=illion|ousand) ?{_SIGN}", _one_of(_CURRENCIES, 1, 1)),
    rule(rf"(?<=\d) ?{_SIGN}(?![\w/])", _counted(_CURRENCIES)),
)
_LENGTHS = (
    rule(r"(?<=\d)'(\d\d?)\"", " foot ", 1),
    rule(r"(?<=\d) ?sq\.? ?ft\b", " square feet"),
    rule(rf"(?<=\d) ?({_any(_UNITS)})(?![\w/])(?:\.(?=,| [a-z]))?", _counted(_UNITS)),
    rule(r"(?<=feet )(\d+) ?in\b", 1, " inches"),
    rule(r"(?<=\d) s(?![\w/'])", " seconds"),
)
ENGLISH_TELEPHONES: tuple[Rule, ...] = (
    rule(r"(?<![\w.-])(?:\+?1[ -])?(?:\(\d{3}\) ?|\d{3}-)?\d{3}-\d{4}(?![\w-])", digits),
    rule(r"(?<![\w.-])\d{3}\.\d{3}\.\d{4}(?![\w-])", digits),
)
"""As in America; before ranges."""

_THOUSANDS = (rule(r"(?<=\d)k\b(?! ?m)|(?<=\d\d)K\b", " thousand"),)

ENGLISH_AMOUNTS: tuple[Rule, ...] = (*_MONEY, *_LENGTHS, *_THOUSANDS)
