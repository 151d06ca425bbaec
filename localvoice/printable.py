"""Text of others on its way to a terminal: what a service, a file or a device says may hold codes that act on it."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` without anything that a terminal would act on: a space stands for each control character."""
    return _CONTROL.sub(" ", text)


def printable_lines(text: str) -> str:
    """The same, line by line."""
    return "\n".join(map(printable, text.split("\n")))
