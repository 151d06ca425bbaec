"""What this machine should have: a tier by memory and cores, and the question at the first run."""

from __future__ import annotations

from dataclasses import dataclass

from localvoice.model_store.catalogue import Model, Tier, size_text
from localvoice.model_store.store import ModelStore

_STANDARD_FREE_BYTES = 8_000_000_000
_STANDARD_CORES = 4
"""Both from the tier table of the engine notes; estimates until a bench on many machines replaces them."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A tier and why."""

    tier: Tier
    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Models worth fetching: those of a tier that are not here."""

    tier: Tier
    models: tuple[Model, ...]

    @property
    def is_empty(self) -> bool:
        """Whether everything is here."""
        return not self.models

    @property
    def bytes(self) -> int:
        """Size of the download in bytes, as far as known."""
        return sum(model.bytes for model in self.models)

    @property
    def line(self) -> str:
        """What would be better, and how to get it; one line."""
        names = ", ".join(model.name for model in self.models)
        return (
            f"Better engines can be had: {names} (about {size_text(self.bytes)}): "
            f"`localvoice models download --tier {self.tier}`"
        )

    @property
    def details(self) -> str:
        """A line per model: name, size, source, licence."""
        return "\n".join(
            f"  {model.name}: {model.title}, {size_text(model.bytes)}, from {model.repo}, licence {licence_text(model)}"
            for model in self.models
        )


def first_run_offer(store: ModelStore, tier: Tier) -> Offer:
    """What `tier` lacks here; `is_empty` when it lacks nothing."""
    return Offer(tier, store.missing(tier))


def licence_text(model: Model) -> str:
    """The licence, with what should be known about it."""
    return f"{model.licence} ({model.licence_note})" if model.licence_note else model.licence


def recommended_tier(free_bytes: int, physical_cores: int) -> Recommendation:
    """The tier for a machine by a rule of thumb; `large` is for graphics cards, which are not looked at."""
    machine = f"{size_text(free_bytes)} of memory free, {physical_cores} physical cores"
    if free_bytes >= _STANDARD_FREE_BYTES and physical_cores >= _STANDARD_CORES:
        return Recommendation(Tier.STANDARD, machine)
    return Recommendation(Tier.SMALL, machine)


def this_machine() -> tuple[int, int]:
    """Free memory in bytes and physical cores."""
    from localvoice import machine

    return machine.free_bytes(), machine.this_machine().physical_cores
