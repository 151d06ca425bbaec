"""Text of others on its way to a terminal: what a service, a file or a device says may hold codes that act on it."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks without a width, that also stand inside words of Hebrew and Arabic."""


def printable(text: str) -> str:
    """`text` without anything that a terminal would act on: a space stands for each control character."""
    return _DIRECTION.sub("", _CONTROL.sub(" ", text))


def printable_lines(text: str) -> str:
    """The same with its lines and tabs, by which a program may be indented."""
    return _DIRECTION.sub("", _CONTROL_IN_LINES.sub(" ", text))
