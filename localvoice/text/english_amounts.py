"""Rules for money, units, fractions and telephone numbers in English, where more forms are known than CLDR has."""

from __future__ import annotations

import re

from localvoice.text.rewriting import Rule, rule

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_ALONE, _END = r"(?<![\d/.])", r"(?![\d/])"


def _unit(written: str, one: str, many: str) -> tuple[Rule, Rule]:
    behind = rf" ?(?:{written})(?![\w/])"
    return rule(rf"(?<=1)(?<![\d.,]1){behind}", f" {one}"), rule(rf"(?<=\d){behind}", f" {many}")


def _currency(sign: str, one: str, many: str) -> tuple[Rule, ...]:
    return (
        rule(rf"{sign}1(?![\d,.]*\d| \w*illion)", f"1 {one}"),
        rule(rf"{sign}(\d[\d,]*)\.(\d\d)(?!\d| \w*illion)", 1, f" {many} ", 2),
        rule(rf"{sign}({_NUMBER})( (?:thousand|\w*illion))?\b", 1, 2, f" {many}"),
        *_unit(sign, one, many),
    )


_MONEY = (
    *_currency(r"\$", "dollar", "dollars"),
    *_currency("€", "euro", "euros"),
    *_currency("£", "pound", "pounds"),
    *_currency("₹", "rupee", "rupees"),
    *_currency("¥", "yen", "yen"),
)
_UNITS = (
    *_unit("°C", "degree Celsius", "degrees Celsius"),
    *_unit("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    *_unit("°", "degree", "degrees"),
    *_unit("%", "percent", "percent"),
    *_unit("km/h|kph", "kilometer per hour", "kilometers per hour"),
    *_unit("m/s", "meter per second", "meters per second"),
    *_unit("mph", "mile per hour", "miles per hour"),
    *_unit("km", "kilometer", "kilometers"),
    *_unit("m", "meter", "meters"),
    *_unit("cm", "centimeter", "centimeters"),
    *_unit("mm", "millimeter", "millimeters"),
    *_unit("kg", "kilogram", "kilograms"),
    *_unit("mg", "milligram", "milligrams"),
    *_unit("ml", "milliliter", "milliliters"),
    *_unit("lbs?", "pound", "pounds"),
    *_unit("oz", "ounce", "ounces"),
    *_unit("kWh", "kilowatt hour", "kilowatt hours"),
    *_unit("kHz", "kilohertz", "kilohertz"),
    *_unit("Hz", "hertz", "hertz"),
    *_unit("TB", "terabyte", "terabytes"),
    *_unit("GB", "gigabyte", "gigabytes"),
    *_unit("MB", "megabyte", "megabytes"),
    *_unit("[kK]B", "kilobyte", "kilobytes"),
    *_unit("ms", "millisecond", "milliseconds"),
)
_FRACTIONS = (
    rule(rf"(?<=\d) (?:1/2|½){_END}", " and a half"),
    rule(rf"(?<=\d)½{_END}", " and a half"),
    rule(rf"{_ALONE}1/2{_END}", "one half"),
    rule(rf"{_ALONE}1/3{_END}|⅓", "one third"),
    rule(rf"{_ALONE}2/3{_END}|⅔", "two thirds"),
    rule(rf"{_ALONE}1/4{_END}|¼", "one quarter"),
    rule(rf"{_ALONE}3/4{_END}|¾", "three quarters"),
)


def _digits(match: re.Match[str]) -> str:
    """One by one, with a breath between groups."""
    return ", ".join(" ".join(group) for group in re.findall(r"\d+", match.group()))


_TELEPHONE = (rule(r"(?<![\w.-])(?:\+?1[ -])?(?:\(\d{3}\) ?|\d{3}-)?\d{3}-\d{4}(?![\w-])", _digits),)
_THOUSANDS = (rule(r"(?<=\d)[kK]\b(?! ?m)", " thousand"),)

ENGLISH_AMOUNTS: tuple[Rule, ...] = (*_TELEPHONE, *_MONEY, *_UNITS, *_THOUSANDS, *_FRACTIONS)
