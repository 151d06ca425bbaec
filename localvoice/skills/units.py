"""Conversions between units, by a table of factors.

The table is ours because the one library for it costs 30 MB of memory and 0.3 s on first use, for what thirty lines
say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from localvoice.skills import numbers
from localvoice.skills.contract import Arguments, BadArguments, Skill, SkillContext, SkillResult, said, typed
from localvoice.skills.templates import Slot


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement: value in the dimension's base unit = (amount + offset) * factor."""

    one: str
    many: str
    dimension: str
    factor: float
    offset: float = 0.0
    written: tuple[str, ...] = ()
    """Further names, for typed text and models only."""
    said: tuple[str, ...] = ()
    """Further spoken names."""


UNITS = (
    Unit("millimeter", "millimeters", "length", 0.001, written=("mm", "millimetre", "millimetres")),
    Unit("centimeter", "centimeters", "length", 0.01, written=("cm", "centimetre", "centimetres")),
    Unit("meter", "meters", "length", 1.0, written=("m", "metre", "metres")),
    Unit("kilometer", "kilometers", "length", 1000.0, written=("km", "kilometre", "kilometres")),
    Unit("inch", "inches", "length", 0.0254, written=("in",)),
    Unit("foot", "feet", "length", 0.3048, written=("ft",)),
    Unit("yard", "yards", "length", 0.9144, written=("yd",)),
    Unit("mile", "miles", "length", 1609.344, written=("mi",)),
    Unit("gram", "grams", "mass", 0.001, written=("g",)),
    Unit("kilogram", "kilograms", "mass", 1.0, written=("kg", "kilo"), said=("kilos",)),
    Unit("ton", "tons", "mass", 1000.0, written=("t", "tonne", "tonnes")),
    Unit("ounce", "ounces", "mass", 0.028349523125, written=("oz",)),
    Unit("pound", "pounds", "mass", 0.45359237, written=("lb", "lbs")),
    Unit("milliliter", "milliliters", "volume", 0.001, written=("ml", "millilitre", "millilitres")),
    Unit("liter", "liters", "volume", 1.0, written=("l", "litre", "litres")),
    Unit("teaspoon", "teaspoons", "volume", 0.00492892159375, written=("tsp",)),
    Unit("tablespoon", "tablespoons", "volume", 0.01478676478125, written=("tbsp",)),
    Unit("cup", "cups", "volume", 0.2365882365),
    Unit("pint", "pints", "volume", 0.473176473, written=("pt",)),
    Unit("gallon", "gallons", "volume", 3.785411784, written=("gal",)),
    Unit("second", "seconds", "time", 1.0, written=("s", "sec", "secs")),
    Unit("minute", "minutes", "time", 60.0, written=("min", "mins")),
    Unit("hour", "hours", "time", 3600.0, written=("h", "hr", "hrs")),
    Unit("day", "days", "time", 86400.0, written=("d",)),
    Unit("week", "weeks", "time", 604800.0),
    Unit(
        *("degree Celsius", "degrees Celsius", "temperature", 1.0),
        written=("c", "degree c", "degrees c", "centigrade"),
        said=("celsius",),
    ),
    Unit(
        *("degree Fahrenheit", "degrees Fahrenheit", "temperature", 5 / 9),
        offset=-32.0,
        written=("f", "degree f", "degrees f"),
        said=("fahrenheit",),
    ),
    Unit("kelvin", "kelvin", "temperature", 1.0, offset=-273.15, written=("k", "kelvins")),
    Unit("mile per hour", "miles per hour", "speed", 0.44704, written=("mph",)),
    Unit("kilometer per hour", "kilometers per hour", "speed", 1 / 3.6, written=("kmh", "kph", "km h", "km/h")),
    Unit("meter per second", "meters per second", "speed", 1.0, written=("m/s", "mps")),
)
"""US customary volumes and short names; exact by definition (NIST SP 811, appendix B)."""

BY_NAME = {name.lower(): unit for unit in UNITS for name in (unit.one, unit.many, *unit.written, *unit.said)}


_NAMES = "|".join(sorted((name.replace("/", " / ") for name in BY_NAME), key=len, reverse=True))
_AMOUNTS = rf"(?:(?:{numbers.WORDS}|minus|-) )+"
_HERE_TO_THERE = re.compile(rf"(?P<amount>{_AMOUNTS})(?P<source>(?:{_NAMES})) (?:in|to|into) (?P<target>{_NAMES})")
_THERE_IN_HERE = re.compile(
    rf"(?P<target>{_NAMES}) (?:in|are in|is|are|are there in) (?P<amount>{_AMOUNTS})(?P<source>{_NAMES})"
)


def _signed(text: str) -> float | None:
    if text in {"a", "an"}:
        return 1
    words = text.removeprefix("minus ").removeprefix("- ")
    value = numbers.read_number(words)
    return value if value is None or words == text else -value


def _read(pattern: re.Pattern[str], text: str) -> dict[str, float | str] | None:
    found = pattern.fullmatch(text)
    amount = _signed(found["amount"].strip()) if found else None
    if found is None or amount is None:
        return None
    return {"amount": amount, "from_unit": found["source"], "to_unit": found["target"]}


def _by_dimension(expansion: str) -> str:
    """`expansion` once for each dimension, so that the grammar never asks for miles in pounds."""
    dimensions: dict[str, list[Unit]] = {}
    for unit in UNITS:
        dimensions.setdefault(unit.dimension, []).append(unit)
    choices = []
    for members in dimensions.values():
        one = " | ".join(unit.one.lower() for unit in members)
        many = " | ".join(name.lower() for unit in members for name in (unit.many, *unit.said))
        choices.append(expansion.replace("ONE", one).replace("MANY", many))
    return " | ".join(choices)


CONVERSION = Slot(
    pattern=rf"{_AMOUNTS}(?:{_NAMES}) (?:in|to|into) (?:{_NAMES}) ",
    jsgf=_by_dimension("((a | one) (ONE) | <amount> (MANY)) (in | to) (MANY)"),
    read=lambda text: _read(_HERE_TO_THERE, text),
)
CONTENT = Slot(
    pattern=rf"(?:{_NAMES}) (?:in|are in|is|are|are there in) {_AMOUNTS}(?:{_NAMES}) ",
    jsgf=_by_dimension("(MANY) (in | are in) ((a | one) (ONE) | <amount> (MANY))"),
    read=lambda text: _read(_THERE_IN_HERE, text),
)

JSGF = {"amount": "[a hundred] <below_hundred> | (a | one) (hundred | thousand)"}


def _unit(arguments: Arguments, name: str) -> Unit:
    text = str(arguments.get(name, "")).strip().lower().replace(" / ", "/").removeprefix("degrees ")
    found = BY_NAME.get(text) or BY_NAME.get(f"degrees {text}")
    if found is None:
        raise BadArguments(f"I do not know the unit {text}." if text else "I need two units for that.")
    return found


def _amount(arguments: Arguments) -> float:
    value = arguments.get("amount", 1)
    if isinstance(value, str):
        value = numbers.read_number(value.strip().lower())
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e15:
        raise BadArguments("I need an amount to convert.")
    return float(value)


def _said(amount: float, unit: Unit) -> str:
    return f"{numbers.write_number(amount, 2)} {unit.one if amount == 1 else unit.many}"


def convert(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say `amount` of `from_unit` in `to_unit`."""
    del context
    amount = _amount(arguments)
    source, target = _unit(arguments, "from_unit"), _unit(arguments, "to_unit")
    if source.dimension != target.dimension:
        raise BadArguments(f"I cannot convert {source.many} to {target.many}.")
    converted = (amount + source.offset) * source.factor / target.factor - target.offset
    about = "about " if numbers.is_rounded(converted, 2) else ""
    answer = f"{about}{_said(round(converted, 12), target)}"
    return SkillResult(text=f"{_said(amount, source)} is {answer}.", data=answer)


CONVERT = Skill(
    name="convert_units",
    sentences=(
        *said("(convert|<what_is>|how much is) {conversion}", "how many {content}"),
        *typed("{conversion}"),
    ),
    run=convert,
    description="Convert an amount between units of length, mass, volume, time, speed or temperature.",
    properties={
        "amount": {"type": "number"},
        "from_unit": {"type": "string"},
        "to_unit": {"type": "string"},
    },
    required=("amount", "from_unit", "to_unit"),
)
