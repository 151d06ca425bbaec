"""Sums in words and signs. A tokenizer and a recursive descent parser; nothing is ever handed to Python to evaluate."""

from __future__ import annotations

import math
import re
from typing import Any

from localvoice.skills import numbers
from localvoice.skills.contract import Arguments, BadArguments, Skill, SkillContext, SkillResult, said, typed
from localvoice.skills.templates import Slot, normalise, word_pattern

LARGEST = 1e15
"""Beyond it a float no longer counts in ones, and nobody can follow the digits by ear."""
LONGEST = 64
"""Tokens of one sum; also bounds the parser's recursion."""

SIGNS = tuple(
    (re.compile(rf"(?<!\S)(?:{words})(?!\S)"), sign)
    for words, sign in (
        (r"plus|added to", "+"),
        (r"minus|take away", "-"),
        (r"times|multiplied by|x", "*"),
        (r"divided by|over", "/"),
        (r"(?:raised )?to the power of|\*\s*\*", "^"),
        (r"squared", "^ 2"),
        (r"cubed", "^ 3"),
        (r"percent of", "% *"),
        (r"percent", "%"),
        (r"(?:the )?(?:square root of|sqrt)", "r"),
        (r"(?:a |one )?half of", "0.5 *"),
        (r"(?:a |one )?quarter of", "0.25 *"),
        (r"(?:a |one )?third of", "( 1 / 3 ) *"),
        (r"negative", "-"),
    )
)
SPOKEN_SIGNS = {"+": "plus", "-": "minus", "*": "times", "x": "times", "/": "divided by", "^": "to the power of"}
SIGN = frozenset("+-*/^%r()")
WORDS = (
    r"[-+*/^()]|plus|minus|times|x|multiplied|divided|by|over|squared|cubed|percent|of|the|square|root|sqrt|negative"
    rf"|raised|to|power|added|take|away|{numbers.WORDS}"
)


def _tokens(text: str) -> list[str]:
    for pattern, sign in SIGNS:
        text = pattern.sub(sign, text)
    tokens: list[str] = []
    run: list[str] = []
    for word in [*text.split(), ""]:
        if word and word not in SIGN:
            run.append(word)
            continue
        if run:
            number = numbers.read_number(" ".join(run))
            if number is None:
                raise BadArguments("I could not make a sum of that.")
            tokens.append(repr(float(number)))
            run = []
        if word:
            tokens.append(word)
    if len(tokens) > LONGEST:
        raise BadArguments("That sum is too long for me.")
    return tokens


def _checked(value: float) -> float:
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise BadArguments("That number is too large for me.")
    return value


class _Parser:
    """sum = product (+|- product)*; product = power (*|/ power)*; power = -power | atom [^ power]; atom = n | (sum)."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def parse(self) -> float:
        value = self._sum()
        if self._at < len(self._tokens):
            raise BadArguments("I could not make a sum of that.")
        return value

    def _take(self, signs: str) -> str:
        """The next token when it is one of `signs`, else nothing."""
        if self._at < len(self._tokens) and self._tokens[self._at] in signs:
            self._at += 1
            return self._tokens[self._at - 1]
        return ""

    def _sum(self) -> float:
        value, _ = self._product()
        while sign := self._take("+-"):
            other, is_percent = self._product()
            if is_percent:  # fifty plus ten percent is fifty-five
                other *= value
            value = _checked(value + other if sign == "+" else value - other)
        return value

    def _product(self) -> tuple[float, bool]:
        """The value, and whether it is nothing but a percentage."""
        value, is_percent = self._power()
        while sign := self._take("*/"):
            other, _ = self._power()
            is_percent = False
            if sign == "/" and other == 0:
                raise BadArguments("Nothing can be divided by zero.")
            value = _checked(value * other if sign == "*" else value / other)
        return value, is_percent

    def _power(self) -> tuple[float, bool]:
        if self._take("-"):
            value, is_percent = self._power()
            return -value, is_percent
        if self._take("r"):
            value, _ = self._power()
            if value < 0:
                raise BadArguments("A negative number has no real square root.")
            return math.sqrt(value), False
        value = self._atom()
        if self._take("^"):
            exponent, _ = self._power()
            value = _raised(value, exponent)
        if self._take("%"):
            return value / 100, True
        return value, False

    def _atom(self) -> float:
        if self._take("("):
            value = self._sum()
            if not self._take(")"):
                raise BadArguments("I could not make a sum of that.")
            return value
        if self._at >= len(self._tokens) or self._tokens[self._at] in SIGN:
            raise BadArguments("I could not make a sum of that.")
        self._at += 1
        return _checked(float(self._tokens[self._at - 1]))


def _raised(base: float, exponent: float) -> float:
    try:
        value = base**exponent
    except OverflowError as error:
        raise BadArguments("That number is too large for me.") from error
    except ZeroDivisionError as error:
        raise BadArguments("Nothing can be divided by zero.") from error
    if isinstance(value, complex):
        raise BadArguments("That has no real answer.")
    return _checked(value)


def evaluate(text: str) -> float:
    """The value of a sum such as `three plus four times two`. Raises `BadArguments` with a line to say."""
    return _Parser(_tokens(text)).parse()


def _read_expression(text: str) -> str | None:
    """`text` itself where it is a sum with at least one operation, even one that has no answer."""
    try:
        tokens = _tokens(text)
    except BadArguments:
        return None
    if len(tokens) < 2 or tokens[-1] in SIGN - {")", "%"} or not any(token not in SIGN for token in tokens):
        return None
    return text


EXPRESSION = Slot(
    pattern=word_pattern(WORDS),
    jsgf=(
        "<number> (<operation> <number> | squared) | <below_hundred> percent of <number>"
        " | [the] square root of <number>"
    ),
    read=_read_expression,
)
JSGF = {"operation": "plus | minus | times | divided by | multiplied by"}


def _as_said(text: str) -> str:
    """`text` with its signs as words."""
    words = " ".join(SPOKEN_SIGNS.get(word, word) for word in text.split())
    words = words.replace("( ", "(").replace(" )", ")")
    return words[:1].upper() + words[1:]


def calculate(arguments: Arguments, context: SkillContext) -> SkillResult:
    """Work out `expression`."""
    del context
    expression: Any = arguments.get("expression")
    if not isinstance(expression, str) or not expression.strip():
        raise BadArguments("I need a sum to work out.")
    words = normalise(expression)
    value = evaluate(words)
    answer = numbers.write_number(value)
    about = "about " if numbers.is_rounded(value) else ""
    return SkillResult(text=f"{_as_said(words)} is {about}{answer}.", data=f"{about}{answer}")


CALCULATE = Skill(
    name="calculate",
    sentences=(
        *said("(<what_is>|how much is|calculate) {expression}"),
        *typed("[<what_is> the result of|compute|work out|how much are] {expression}"),
    ),
    run=calculate,
    description="Work out an arithmetic expression.",
    properties={"expression": {"type": "string", "description": "for example: 12.5 * (3 + 4)"}},
    required=("expression",),
)
