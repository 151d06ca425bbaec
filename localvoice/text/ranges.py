"""Rules for numbers beside numbers: ranges, ratios, powers, telephone numbers, in the words of a language."""

from __future__ import annotations

import re

from localvoice.text.rewriting import Rule, rule
from localvoice.text.symbols import SignWords

_MONEY = "[$€£¥₹]"
_NUMBER = r"\d+(?:[.,:]\d+)*"
_DASH = r"(?:-| ?[\u2013\u2014] ?)"
_ALONE, _END = r"(?<![\w.,/-])", r"(?!\d*(?:[-\u2013\u2014/][\dA-Z]|\.\d))"

_LEAST_DIGITS = 7
"""Fewer are a number, whatever stands between them."""


def digits(match: re.Match[str]) -> str:
    """One by one, with a breath between groups."""
    return ", ".join(" ".join(group) for group in re.findall(r"\d+", match.group()))


def telephones(words: SignWords) -> tuple[Rule, ...]:
    """With the code of a country or, as in Europe, of a town; groups are said as they are written."""

    def said(match: re.Match[str]) -> str:
        if sum(char.isdigit() for char in match.group()) < _LEAST_DIGITS:
            return match.group()
        return (f"{words.plus} " if match.group().startswith("+") else "") + digits(match)

    groups = r"(?:[ /-]?(?:\(\d+\)|\d+))"
    return (
        rule(rf"(?<![\w.,+-])\+\d{{1,3}}{groups}{{1,6}}(?![\w-])", said),
        rule(r"(?<![\w.,:+/-])0\d{2,5}[ /]\d{3,}(?:[ -]\d+)*(?![\w:/-])(?!\.\d)", said),
    )


def ranges(words: SignWords) -> tuple[Rule, ...]:
    """From one number to another, before their units are said; a difference says so by what it comes to."""
    to = f" {words.to} "
    unit = r"(?: ?(?:[%€]|°[CF]?)| ?[ap]\.?m\.?)?"
    return (
        rule(r"(?<=\d) ?[-\u2013\u2212] ?(?=\d[\d.,]*\s*=)", f" {words.minus} "),
        rule(r"(?<=[\d)]) [-\u2212] (?=[\d(])", f" {words.minus} "),
        rule(rf"{_ALONE}({_MONEY})({_NUMBER}){_DASH}(?={_NUMBER})({_NUMBER}){_END}", 2, to, 1, 3),
        rule(rf"{_ALONE}({_MONEY}?{_NUMBER}{unit}){_DASH}({_MONEY}?{_NUMBER}){_END}", 1, to, 2),
        rule(r"(?<![\d:.,])(\d+):(\d)(?![\d:])", 1, f" {words.ratio} ", 2),
    )


def _between(sign: str) -> str:
    """The sign beside a number, or between two letters; in "File > Save" it is no comparison."""
    return rf"(?<=\d) {sign} (?=[\w(-])|(?<=[\w)]) {sign} (?=-?\d)|(?<=\b[a-z]) {sign} (?=[a-z]\b)"


def powers(words: SignWords) -> tuple[Rule, ...]:
    """Exponents, comparisons, products without a proper sign."""
    return (
        rule(r"(?<=[\w)])(?:\^2(?!\d)|(?<![mM])\u00b2)", f" {words.squared}"),
        rule(r"(?<=[\w)])(?:\^3(?!\d)|(?<![mM])\u00b3)", f" {words.cubed}"),
        rule(r"(?<=[\w)])\^[{(]?(-?\w+)[})]?", f" {words.power} ", 1),
        rule(_between("<"), f" {words.less} "),
        rule(_between(">"), f" {words.greater} "),
        rule(r"(?<=\d) ?x ?(?=\d)", f" {words.times} "),
        rule(r"(?<=\d) ?[/:] ?(?=\d[\d.,]*\s*=)", f" {words.divided} "),
        rule(r"(?<=\d) [/:] (?=\d)", f" {words.divided} "),
    )
