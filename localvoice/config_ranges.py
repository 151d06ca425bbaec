"""What values a setting may have beyond its type, as annotations of the fields of `config.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Range:
    """Allowed values of a number, ends included; for a list, `low` is its least length. Default: anything from 0 on."""

    low: float = 0
    high: float = 2**31 - 1
    """Far above anything sensible; keeps numbers within what native libraries take."""
    or_zero: bool = False
    """Whether 0, meaning "chosen for you", is allowed outside the range."""


class Tag:
    """Marks text that names a language: it is read as languages.py has it."""


Language = Annotated[str, Tag()]
Fraction = Annotated[float, Range(0, 1)]
"""A share or linear gain."""
SpeechProbability = Annotated[float, Range(0.02, 1)]
"""Below this a quiet room counts as speech that never ends: noise of -50 dBFS gives Silero up to 0.02."""
Count = Annotated[int, Range(1)]
Duration = Annotated[float, Range(0.1)]
"""Seconds, where 0 would switch everything off."""
EngineList = Annotated[tuple[str, ...], Range(1)]
