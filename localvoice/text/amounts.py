"""Rules for units and money in any language, with the names of the Unicode CLDR (Babel)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from localvoice.text.rewriting import Piece, Rule, rule

_UNITS: Mapping[str, str] = {
    written: name
    for forms, name in (
        ("°C", "temperature-celsius"),
        ("°F", "temperature-fahrenheit"),
        ("°", "angle-degree"),
        ("%", "concentr-percent"),
        ("km/h kph", "speed-kilometer-per-hour"),
        ("m/s", "speed-meter-per-second"),
        ("mph", "speed-mile-per-hour"),
        ("km²", "area-square-kilometer"),
        ("m²", "area-square-meter"),
        ("m³", "volume-cubic-meter"),
        ("ha", "area-hectare"),
        ("km", "length-kilometer"),
        ("m", "length-meter"),
        ("cm", "length-centimeter"),
        ("mm", "length-millimeter"),
        ("kg", "mass-kilogram"),
        ("g", "mass-gram"),
        ("mg", "mass-milligram"),
        ("t", "mass-tonne"),
        ("ml", "volume-milliliter"),
        ("l L", "volume-liter"),
        ("lb lbs", "mass-pound"),
        ("oz", "mass-ounce"),
        ("kWh", "energy-kilowatt-hour"),
        ("kcal", "energy-kilocalorie"),
        ("kW", "power-kilowatt"),
        ("W", "power-watt"),
        ("V", "electric-volt"),
        ("hPa", "pressure-hectopascal"),
        ("kHz", "frequency-kilohertz"),
        ("MHz", "frequency-megahertz"),
        ("GHz", "frequency-gigahertz"),
        ("Hz", "frequency-hertz"),
        ("TB", "digital-terabyte"),
        ("GB", "digital-gigabyte"),
        ("MB", "digital-megabyte"),
        ("kB KB", "digital-kilobyte"),
        ("ms", "duration-millisecond"),
        ("min", "duration-minute"),
        ("h", "duration-hour"),
    )
    for written in forms.split()
}
"""What is written behind a number, and what CLDR calls it."""

_CURRENCIES: Mapping[str, str] = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "¥": "JPY"}


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
        return (*self._money(), self._unit())

    def _unit(self) -> Rule:
        units = "|".join(re.escape(written) for written in sorted(_UNITS, key=len, reverse=True))
        pieces: tuple[Piece, ...] = (1, lambda match: self._named(_UNITS[match.group(2)], match.group(1)))
        return rule(rf"(?<![\w.,])({self._number})[ \u00a0\u202f]?({units})(?![\w/])", *pieces)

    def _named(self, unit: str, number: str) -> str:
        from babel.units import format_unit

        value = self._value(number)
        said = format_unit(value, unit, "long", locale=self._locale).replace("\u00a0", " ")
        return re.sub(r"^\D*[\d\s.,\u202f]*\d", "", said) or said

    def _money(self) -> tuple[Rule, ...]:
        signs = f"([{re.escape(''.join(_CURRENCIES))}])"
        cents = rf"(?:{re.escape(self._decimal)}(\d\d))?(?!{re.escape(self._decimal)}?\d)"
        before = rf"(?<![\w.,]){signs} ?({self._whole}){cents}"
        behind = rf"(?<![\w.,])({self._whole}){cents}[ \u00a0\u202f]?{signs}"
        return rule(before, *self._sum(1, 2, 3)), rule(behind, *self._sum(3, 1, 2))

    def _sum(self, sign: int, whole: int, cents: int) -> tuple[Piece, ...]:
        """What is said of money whose parts stand in these groups."""

        def name(match: re.Match[str]) -> str:
            from babel.numbers import get_currency_name

            code, count = _CURRENCIES[match.group(sign)], self._value(match.group(whole))
            return " " + get_currency_name(code, count=count, locale=self._locale)

        return whole, name, lambda match: " " if match.group(cents) else "", cents

    def _value(self, number: str) -> Decimal:
        figures = re.sub(rf"[\s{re.escape(self._group)}]", "", number).replace(self._decimal, ".")
        return Decimal(figures)
