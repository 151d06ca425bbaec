"""How a model's words are chosen: by its card, unless the settings say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from localvoice.config import ReplyConfig
from localvoice.llm.gguf import GgufHeader


@dataclass(frozen=True, slots=True)
class Sampling:
    """The figures that llama.cpp takes."""

    temperature: float
    top_p: float
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.0

    def as_options(self) -> dict[str, float]:
        """By the names that both runtimes use."""
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p,
            "repeat_penalty": self.repeat_penalty,
        }


_CARDS: Mapping[str, Sampling] = {
    "qwen3": Sampling(0.7, 0.8, 20, 0.0),  # "non-thinking", hub card of Qwen3-1.7B
    "qwen35": Sampling(0.7, 0.8, 20, 0.0),
    "lfm2": Sampling(0.1, 0.1, 50, 0.0, 1.05),  # hub card of LFM2.5-1.2B-Instruct
    "gemma3": Sampling(1.0, 0.95, 64, 0.0),
}
"""By architecture; what a file says of itself (`general.sampling.*`) stands over it."""

_IN_FILES = {
    "temp": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "penalty_repeat": "repeat_penalty",
}


def sampling_for(header: GgufHeader, reply: ReplyConfig) -> Sampling:
    """The card's figures; `reply.temperature` and `reply.top_p` where they are not left at their defaults."""
    defaults = ReplyConfig()
    card = _CARDS.get(header.architecture, Sampling(defaults.temperature, defaults.top_p))
    said = {
        ours: header.metadata[key]
        for theirs, ours in _IN_FILES.items()
        if isinstance(header.metadata.get(key := f"general.sampling.{theirs}"), int | float)
    }
    changed: dict[str, Any] = {
        name: getattr(reply, name)
        for name in ("temperature", "top_p")
        if getattr(reply, name) != getattr(defaults, name)
    }
    return replace(card, **(said | changed))
