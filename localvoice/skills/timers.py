"""Timers: setting, cancelling and asking what is left. The clock that rings is the session's."""

from __future__ import annotations

import math
import re

from localvoice.skills import numbers
from localvoice.skills.contract import (
    Arguments,
    BadArguments,
    CancelTimers,
    Skill,
    SkillContext,
    SkillResult,
    StartTimer,
    TimerInfo,
    said,
    typed,
)
from localvoice.skills.templates import Slot

UNIT_SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}
LONGEST_S = 24 * 3600
SHORT_NAMES = {"h": "hours", "hr": "hours", "min": "minutes", "s": "seconds", "sec": "seconds"}
FIXED = {
    "half an hour": {"minutes": 30},
    "a half hour": {"minutes": 30},
    "half hour": {"minutes": 30},
    "half a minute": {"seconds": 30},
    "a quarter of an hour": {"minutes": 15},
    "quarter of an hour": {"minutes": 15},
    "three quarters of an hour": {"minutes": 45},
}
HALVES = {"hours": ("minutes", 30), "minutes": ("seconds", 30)}
PART = re.compile(r"(?P<amount>.+?) (?P<unit>hours?|hrs?|h|minutes?|mins?|seconds?|secs?|s)(?= |$)")


def read_duration(text: str) -> dict[str, float] | None:
    """`an hour and ten minutes` as `{"hours": 1, "minutes": 10}`; `None` where it is no duration."""
    if text in FIXED:
        return dict(FIXED[text])
    found: dict[str, float] = {}
    at, unit = 0, ""
    for part in PART.finditer(text):
        if text[at : part.start()].strip() not in ({"", "and"} if at else {""}):
            return None
        unit = SHORT_NAMES.get(part["unit"].rstrip("s") or "s", part["unit"].rstrip("s") + "s")
        amount = part["amount"].strip()
        amount = amount.removeprefix("and ") if at else amount
        value = 1 if amount in {"a", "an"} else numbers.read_number(amount)
        if value is None or unit in found:
            return None
        found[unit] = value
        at = part.end()
    rest = text[at:].strip()
    if rest == "and a half" and unit in HALVES and HALVES[unit][0] not in found:
        smaller, amount_of_half = HALVES[unit]
        return {**found, smaller: amount_of_half}
    return found if found and not rest else None


DURATION = Slot(
    pattern=rf"(?:(?:{numbers.WORDS}|quarters|of|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|s) )+",
    jsgf=(
        "<below_hundred> (seconds | minutes | hours) | half an hour | <digit> and a half (minutes | hours)"
        " | (a | one) minute [and (a half | <below_hundred> seconds)]"
        " | (an | one) hour [and (a half | <below_hundred> minutes)]"
        " | <digit> hours and <below_hundred> minutes | <digit> minutes and <below_hundred> seconds"
    ),
    read=read_duration,
)
LENGTH = Slot(
    pattern=DURATION.pattern,
    jsgf="<below_hundred> (second | minute | hour) | half hour",
    read=read_duration,
)
LABEL = Slot(
    pattern=r"(?:(?!timer )[^\s]+ ){1,4}",
    jsgf="pasta | pizza | egg | eggs | tea | coffee | rice | bread | cake | oven | kitchen | laundry | break | meeting",
    read=lambda text: None if read_duration(text) else text.removeprefix("the ").removeprefix("my "),
)


def _amount(arguments: Arguments, unit: str) -> float:
    value = arguments.get(unit, 0)
    if isinstance(value, str):
        value = numbers.read_number(value.strip().lower())
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise BadArguments("I need a length for the timer, such as five minutes.")
    return float(value)


def say_duration(seconds: float) -> str:
    """`1 hour and 10 minutes`: to the second below an hour, to the minute above."""
    whole = max(0, round(seconds))
    if whole > 3600:
        whole = round(whole / 60) * 60
    parts = []
    for unit, size in UNIT_SECONDS.items():
        amount, whole = divmod(whole, size)
        if amount:
            parts.append(f"{amount} {unit if amount != 1 else unit.removesuffix('s')}")
    return " and ".join(parts) if len(parts) < 3 else f"{parts[0]}, {parts[1]} and {parts[2]}" if parts else ""


def set_timer(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Start a timer of `hours` + `minutes` + `seconds`."""
    del context
    seconds = sum(_amount(arguments, unit) * size for unit, size in UNIT_SECONDS.items())
    if seconds < 1:
        raise BadArguments("I need a length for the timer, such as five minutes.")
    if seconds > LONGEST_S:
        raise BadArguments("A timer can run for one day at most.")
    label = str(arguments.get("label") or "").strip()[:40]
    length = say_duration(seconds)
    name = f"{label[:1].upper()}{label[1:]} timer" if label else "Timer"
    effect = StartTimer(seconds=seconds, label=label)
    return SkillResult(text=f"{name} set for {length}.", data="ok", effects=(effect,))


def cancel_timers(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Cancel every timer."""
    del arguments
    if not context.timers:
        return SkillResult(text="There is no timer running.", data="no timer was running")
    many = len(context.timers) > 1
    text = "Timers cancelled." if many else "Timer cancelled."
    return SkillResult(text=text, data=text.lower().rstrip("."), effects=(CancelTimers(),))


def _left(timer: TimerInfo) -> str:
    length = f"{say_duration(timer.seconds_left) or 'less than a second'} left"
    return f"{length} on the {timer.label} timer" if timer.label else length


def timer_left(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Say how much is left of each timer."""
    del arguments
    if not context.timers:
        return SkillResult(text="There is no timer running.", data="no timer is running")
    left = ", and ".join(_left(timer) for timer in context.timers)
    return SkillResult(text=f"You have {left}.", data=left)


SET_TIMER = Skill(
    name="set_timer",
    sentences=(
        *said(
            "<set> [me] (a|the|another) [{label}] timer (for|of|to) {duration}",
            "[<set> [me]] [a|an] {length} timer",
            "timer (for|of) {duration}",
        ),
        *typed(
            "<set> [me] (a|the) timer (for|of) {duration} (called|named) {label}",
            "<set> [me] (a|an) {length} timer (for|called|named) [the|my] {label}",
            "timer {duration}",
            "[a] {length} timer (for|called|named) {label}",
            "remind me in {duration} [(to|about) {label:anything}]",
            "remind me to {label:anything} in {duration}",
        ),
    ),
    run=set_timer,
    description="Start a timer; give its length in seconds, minutes or hours.",
    properties={
        "seconds": {"type": "number"},
        "minutes": {"type": "number"},
        "hours": {"type": "number"},
        "label": {"type": "string", "description": "what the timer is for, if the user said so"},
    },
    has_effect=True,
)

CANCEL_TIMERS = Skill(
    name="cancel_timers",
    sentences=(
        *said("(cancel|stop) (the|my) timer", "(cancel|stop) all timers"),
        *typed(
            "(cancel|stop|end|delete|clear) (the|my|that|all|all the|all my) (timer|timers)",
            "(turn|switch) off (the|my) (timer|timers)",
            "(turn|switch) (the|my) (timer|timers) off",
        ),
    ),
    run=cancel_timers,
    description="Cancel all timers.",
    has_effect=True,
)

TIMER_LEFT = Skill(
    name="timer_left",
    sentences=said(
        "how much [time] is left [on (the|my) timer]",
        "how (long|many minutes) (is|are) left [on (the|my) timer]",
        "how much longer [on (the|my) timer]",
        "(check|how is) (the|my) timer",
        "how long does the timer have left",
        "(is|are) (a|the|any) (timer|timers) running",
    ),
    run=timer_left,
    description="How much time is left on the timers.",
)
