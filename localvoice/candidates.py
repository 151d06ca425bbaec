"""An engine that could do the work of a stage, before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name, and how its engine comes to be."""

    name: str
    load: Callable[[], Any]
    """Blocking; raises `ModelError` or `ProviderError`. Nothing is dialled."""
