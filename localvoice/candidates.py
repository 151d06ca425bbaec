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
    model: str = ""
    """What people call its model."""
    instead: tuple[Candidate, ...] = ()
    """Other models in its place, where its own does not fit into memory or is damaged; in this order."""
