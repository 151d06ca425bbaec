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
    is_usual: bool = True
    """Whether `--tier` alone gets them; not where they were chosen for a language."""

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
        names = [model.name for model in self.models]
        what = f"--tier {self.tier}" if self.is_usual else " ".join(names)
        return (
            f"Better engines can be had: {', '.join(names)} (about {size_text(self.bytes)}): "
            f"`localvoice models download {what}`"
        )

    @property
    def details(self) -> str:
        """A line per model: name, size, source, licence."""
        return "\n".join(
            f"  {model.name}: {model.title}, {size_text(model.bytes)}, from {model.repo}, licence {licence_text(model)}"
            for model in self.models
        )


def first_run_offer(store: ModelStore, tier: Tier, language: str = "") -> Offer:
    """What `tier` lacks here of models that know `language`; `is_empty` when it lacks nothing."""
    models = store.missing(tier, language)
    return Offer(tier, models, is_usual=models == store.missing(tier))


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
