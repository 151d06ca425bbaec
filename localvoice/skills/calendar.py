"""Time of day, dates, and counting days. All from the context's clock; nothing here asks the system for the time."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from localvoice.skills import numbers
from localvoice.skills.contract import (
    Arguments,
    BadArguments,
    Skill,
    SkillContext,
    SkillResult,
    said,
    typed,
)
from localvoice.skills.templates import Slot

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
HOLIDAYS = {
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "christmas eve": (12, 24),
    "new year": (1, 1),
    "the new year": (1, 1),
    "new year's": (1, 1),
    "new year's day": (1, 1),
    "new year's eve": (12, 31),
    "halloween": (10, 31),
    "valentine's day": (2, 14),
}
PROPER = {*WEEKDAYS, *MONTHS, *(word for name in HOLIDAYS for word in name.split())} - {"the"}
NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1, "the day after tomorrow": 2}
ORDINALS = {
    word: day
    for day, word in enumerate(
        (
            *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
            *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
            *("eighteenth", "nineteenth", "twentieth", "twenty first", "twenty second", "twenty third"),
            *("twenty fourth", "twenty fifth", "twenty sixth", "twenty seventh", "twenty eighth"),
            *("twenty ninth", "thirtieth", "thirty first"),
        ),
        start=1,
    )
}
MOST_DAYS = 36_525
"""A hundred years: further off, a date by voice is a misunderstanding."""

ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
ORDINAL_DIGITS = re.compile(r"(\d{1,2})(?: ?(?:st|nd|rd|th))?")


def _day_of_month(text: str) -> int | None:
    if text in ORDINALS:
        return ORDINALS[text]
    found = ORDINAL_DIGITS.fullmatch(text)
    value = int(found[1]) if found else numbers.read_number(text)
    return value if isinstance(value, int) and 1 <= value <= 31 else None


def _month_and_day(text: str) -> tuple[int, int] | None:
    """`july fourth`, `the fourth of july`, `july 4`, `a holiday`."""
    if text in HOLIDAYS:
        return HOLIDAYS[text]
    words = text.removeprefix("the ").split()
    if len(words) > 1 and words[0] in MONTHS:
        month, rest = words[0], words[1:]
    elif len(words) > 1 and words[-1] in MONTHS:
        month, rest = words[-1], words[:-1]
    else:
        return None
    day = _day_of_month(" ".join(word for word in rest if word not in {"of", "the"}))
    return None if day is None else (MONTHS.index(month) + 1, day)


def _next_such(month: int, day: int, today: date) -> date | None:
    """The next such date from `today` on; 29 February may be years off, 31 June never comes."""
    for year in range(today.year, today.year + 9):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def find_day(text: str, today: date) -> date | None:
    """The day that `text` names: near today, a weekday to come, a holiday, a date; `None` where it names none."""
    text = text.lower().replace(",", " ").strip()
    text = " ".join(text.replace("\u2019", "'").split()).removeprefix("next ").removeprefix("this ")
    if text in NEAR:
        return today + timedelta(days=NEAR[text])
    if text in WEEKDAYS:
        ahead = (WEEKDAYS.index(text) - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)
    if ISO.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    named = _month_and_day(text)
    return None if named is None else _next_such(*named, today)


_NAMES = "|".join((*WEEKDAYS, *MONTHS, *HOLIDAYS, *NEAR, *ORDINALS, r"the|of|next|this|st|nd|rd|th|\d{1,2}"))

DAY = Slot(
    pattern=rf"(?:(?:{_NAMES}) )+",
    jsgf=f"<weekday> | {' | '.join(HOLIDAYS)} | <month> <ordinal> | the <ordinal> of <month>",
    read=lambda text: text if find_day(text, date(2024, 1, 1)) or _month_and_day(text) else None,
)


def _read_days(text: str) -> int | None:
    words, _, unit = text.rpartition(" ")
    value = 1 if words in {"a", "one"} else numbers.read_number(words)
    return None if value is None or value != int(value) else int(value) * (7 if unit.startswith("week") else 1)


DAYS = Slot(
    pattern=rf"(?:(?:{numbers.WORDS}) )+(?:days?|weeks?) ",
    jsgf="<below_hundred> (days | weeks) | (a | one) (day | week)",
    read=_read_days,
)
JSGF = {"weekday": " | ".join(WEEKDAYS), "month": " | ".join(MONTHS), "ordinal": " | ".join(ORDINALS)}


def write_time(now: datetime) -> str:
    """`7:42 PM`."""
    return f"{now.hour % 12 or 12}:{now.minute:02d} {'PM' if now.hour >= 12 else 'AM'}"


def write_date(day: date) -> str:
    """`Friday, November 20, 2026`."""
    return f"{WEEKDAYS[day.weekday()].capitalize()}, {MONTHS[day.month - 1].capitalize()} {day.day}, {day.year}"


def get_time(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say the time of day."""
    del arguments
    time = write_time(context.now)
    return SkillResult(text=f"It is {time}.", data=time)


def _whole_days(value: Any) -> int:
    if isinstance(value, str):
        value = numbers.read_number(value.strip().lower())
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST_DAYS:
        raise BadArguments("I can only count whole days, up to a hundred years.")
    return int(value)


def _ahead(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"


def _known_day(name: str, today: date) -> date:
    day = find_day(name, today)
    if day is None:
        raise BadArguments(f"I do not know when {name} is." if name else "I need to know which day.")
    return day


def _shown(name: str, *, first: bool = False) -> str:
    """A day's name with its capitals; `first` where it begins a sentence."""
    words = [word.capitalize() if word in PROPER else word for word in name.split()]
    shown = " ".join(words)
    return shown[:1].upper() + shown[1:] if first else shown


def get_date(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say the date of today, of a named day, or of a day so many days from today."""
    today = context.now.date()
    if named := str(arguments.get("day") or "").strip():
        written = write_date(_known_day(named, today))
        return SkillResult(text=f"{_shown(named, first=True)} is {written}.", data=written)
    days = _whole_days(arguments.get("in_days", 0)) - _whole_days(arguments.get("days_ago", 0))
    written = write_date(today + timedelta(days=days))
    openings = {-1: "Yesterday was", 0: "Today is", 1: "Tomorrow is"}
    opening = openings.get(days) or (f"In {_ahead(days)} it is" if days > 0 else f"{_ahead(-days)} ago it was")
    return SkillResult(text=f"{opening} {written}.", data=written)


def days_until(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say how many days are left until `day`."""
    name = str(arguments.get("day") or "").strip()
    days = (_known_day(name, context.now.date()) - context.now.date()).days
    if days == 0:
        return SkillResult(text=f"{_shown(name, first=True)} is today.", data="0 days, it is today")
    if days < 0:
        return SkillResult(text=f"{_shown(name, first=True)} was {_ahead(-days)} ago.", data=f"{_ahead(-days)} ago")
    verb = "is" if days == 1 else "are"
    return SkillResult(text=f"There {verb} {_ahead(days)} until {_shown(name)}.", data=_ahead(days))


GET_TIME = Skill(
    name="get_time",
    sentences=(
        *said(
            "what time is it [right now|now|please]",
            "<what_is> the (time|current time) [right now|now]",
            "<tell> [me] the (time|current time)",
            "(tell me|do you know) what time it is",
            "what's the time",
        ),
        *typed("[the] time", "do you have the time", "have you got the time"),
    ),
    run=get_time,
    description="The current local time of day.",
)

GET_DATE = Skill(
    name="get_date",
    sentences=(
        *said(
            "(what|which) (day|date) is (it|today) [today|now]",
            "(what|which) day of the week is (it|today)",
            "<what_is> (the date|today's date|the day) [today]",
            "<what_is> today",
            "<tell> [me] (the date|today's date)",
            "tell me what (day|date) it is",
            "(what|which) (year|month) is it",
        ),
        *said(
            "what (day|date) (is it|is|will it be) tomorrow",
            "<what_is> (the date|tomorrow's date) [tomorrow]",
            "<what_is> tomorrow",
            in_days=1,
        ),
        *said(
            "(what|which) (day|date) (is it|will it be) in {in_days:days}",
            "(what|which) (day|date) was it {days_ago:days} ago",
            "(what|which) (day|date) is {day}",
        ),
        *typed(
            "(what|which) (day|date) (is it|will it be) {in_days:days} from (now|today)",
            "<what_is> the date in {in_days:days}",
            "when is {day}",
        ),
        *said("what (day|date) was (it yesterday|yesterday)", days_ago=1),
    ),
    run=get_date,
    description="The date and weekday of today, of a day so many days from now, or of a named day.",
    properties={
        "in_days": {"type": "integer", "description": "days from today, negative for the past"},
        "day": {"type": "string", "description": "for example: next friday, christmas, july 4, 2026-12-24"},
    },
)

DAYS_UNTIL = Skill(
    name="days_until",
    sentences=said(
        "how many days [are there|is it|are left] (until|till|to|before) {day}",
        "how long [is it] (until|till) {day}",
        "how far (off|away) is {day}",
    ),
    run=days_until,
    description="How many days are left until a day.",
    properties={"day": {"type": "string", "description": "for example: friday, christmas, july 4, 2026-12-24"}},
    required=("day",),
)
