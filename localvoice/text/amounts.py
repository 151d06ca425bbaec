"""Rules for units and money in any language, with the names of the Unicode CLDR (Babel)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from localvoice.text.rewriting import Piece, Rule, rule

_UNITS: Mapping[str, str] = {
    "°C": "temperature-celsius",
    "°F": "temperature-fahrenheit",
    "°": "angle-degree",
    "%": "concentr-percent",
    "km/h|kph": "speed-kilometer-per-hour",
    "m/s": "speed-meter-per-second",
    "mph": "speed-mile-per-hour",
    "km²": "area-square-kilometer",
    "m²": "area-square-meter",
    "km": "length-kilometer",
    "m": "length-meter",
    "cm": "length-centimeter",
    "mm": "length-millimeter",
    "kg": "mass-kilogram",
    "g": "mass-gram",
    "mg": "mass-milligram",
    "ml": "volume-milliliter",
    "lbs?": "mass-pound",
    "oz": "mass-ounce",
    "kWh": "energy-kilowatt-hour",
    "kHz": "frequency-kilohertz",
    "MHz": "frequency-megahertz",
    "GHz": "frequency-gigahertz",
    "Hz": "frequency-hertz",
    "TB": "digital-terabyte",
    "GB": "digital-gigabyte",
    "MB": "digital-megabyte",
    "[kK]B": "digital-kilobyte",
    "ms": "duration-millisecond",
    "min": "duration-minute",
}
"""What is written behind a number, and what CLDR calls it."""

_CURRENCIES: Mapping[str, str] = {r"\$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "¥": "JPY"}


class Amounts:
    """The rules of one locale. Raises `babel.UnknownLocaleError` or `ValueError` where there is no such locale."""

    def __init__(self, locale: str) -> None:
        from babel import Locale
        from babel.numbers import get_decimal_symbol, get_group_symbol

        self._locale = Locale.parse(locale)
        self._decimal = get_decimal_symbol(self._locale)
        self._group = get_group_symbol(self._locale)
        blanks = "\u00a0\u202f" if self._group.isspace() else ""
        self._whole = rf"\d[\d{re.escape(self._group)}{blanks}]*"
        self._number = rf"{self._whole}(?:{re.escape(self._decimal)}\d+)?"

    def rules(self) -> tuple[Rule, ...]:
        """Money first: its signs stand on either side of the number."""
        money = [one for sign, code in _CURRENCIES.items() for one in self._money(sign, code)]
        return (*money, *(self._unit(written, name) for written, name in _UNITS.items()))

    def _unit(self, written: str, name: str) -> Rule:
        say = self._named(name)
        pieces: tuple[Piece, ...] = (1, lambda match: say(match.group(1)))
        return rule(rf"(?<![\w.,])({self._number})[ \u00a0\u202f]?(?:{written})(?![\w/])", *pieces)

    def _named(self, unit: str) -> Callable[[str], str]:
        def say(number: str) -> str:
            from babel.units import format_unit

            value = self._value(number)
            said = format_unit(value, unit, "long", locale=self._locale).replace("\u00a0", " ")
            return re.sub(r"^\D*[\d\s.,\u202f]*\d", "", said) or said

        return say

    def _money(self, sign: str, code: str) -> tuple[Rule, ...]:
        def name(match: re.Match[str]) -> str:
            from babel.numbers import get_currency_name

            return " " + get_currency_name(code, count=self._value(match.group(1)), locale=self._locale)

        cents = rf"(?:{re.escape(self._decimal)}(\d\d))?(?!{re.escape(self._decimal)}?\d)"
        behind: tuple[Piece, ...] = (1, name, lambda match: " " if match.group(2) else "", 2)
        return (
            rule(rf"(?<![\w.,]){sign} ?({self._whole}){cents}", *behind),
            rule(rf"(?<![\w.,])({self._whole}){cents}[ \u00a0\u202f]?{sign}", *behind),
        )

    def _value(self, number: str) -> Decimal:
        figures = re.sub(rf"[\s{re.escape(self._group)}]", "", number).replace(self._decimal, ".")
        return Decimal(figures)
