"""What paid engines cost: a table by model, and the meter of a session.

As of July 2026. Groq's recognisers: its "Speech to Text" page. The others: vendors' public price pages as quoted by
third parties. Rule of this file: a model that is not in the table counts as free, and `docs/cloud.md` says so; prices
change, and the bill is the vendor's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localvoice.messages import Usage
from localvoice.providers import PROVIDERS


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars; what a model is not paid for stays 0."""

    hour: float = 0.0
    """Per hour of sound."""
    least_s: float = 0.0
    """Seconds of sound that are billed at least."""
    prompt: float = 0.0
    """Per million tokens read."""
    cached: float | None = None
    """Per million tokens that the service had in its cache; None: as the others."""
    completion: float = 0.0
    """Per million tokens written."""
    characters: float = 0.0
    """Per million characters spoken."""


PRICES: Mapping[tuple[str, str], Price] = {
    ("groq", "whisper-large-v3-turbo"): Price(hour=0.04, least_s=10.0),
    ("groq", "whisper-large-v3"): Price(hour=0.111, least_s=10.0),
    ("groq", "llama-3.3-70b"): Price(prompt=0.59, completion=0.79),
    ("groq", "llama-3.1-8b"): Price(prompt=0.05, completion=0.08),
    ("groq", "openai/gpt-oss-120b"): Price(prompt=0.15, completion=0.60),
    ("groq", "openai/gpt-oss-20b"): Price(prompt=0.075, completion=0.30),
    ("openai", "gpt-4o-mini-transcribe"): Price(hour=0.18),
    ("openai", "gpt-4o-transcribe"): Price(hour=0.36),
    ("openai", "whisper-1"): Price(hour=0.36),
    ("openai", "gpt-4o-mini-tts"): Price(characters=15.0),
    ("openai", "tts-1"): Price(characters=15.0),
    ("openai", "gpt-4o-mini"): Price(prompt=0.15, cached=0.075, completion=0.60),
    ("openai", "gpt-4o"): Price(prompt=2.50, cached=1.25, completion=10.0),
    ("openai", "gpt-4.1-nano"): Price(prompt=0.10, cached=0.025, completion=0.40),
    ("openai", "gpt-4.1-mini"): Price(prompt=0.40, cached=0.10, completion=1.60),
    ("elevenlabs", "eleven_flash"): Price(characters=50.0),
    ("elevenlabs", "eleven_multilingual"): Price(characters=100.0),
}
"""By provider and the beginning of a model's name; the longest beginning counts."""

_HOUR_S, _MILLION = 3600.0, 1e6


def price_of(provider: str, model: str) -> Price:
    """What `model` costs; nothing where that is not known."""
    known = [begin for name, begin in PRICES if name == provider and model.startswith(begin)]
    return PRICES[provider, max(known, key=len)] if known else Price()


class CostMeter:
    """What the engines of a session have cost. Used from one event loop."""

    def __init__(self, budget_usd: float = 0.0) -> None:
        """`budget_usd`: most that may be spent; 0 = no limit."""
        self.total_usd = 0.0
        self._budget_usd = budget_usd
        self._told_usd = 0.0

    @property
    def spent(self) -> str:
        """Why paid engines may do no more; empty while they may."""
        is_spent = 0 < self._budget_usd <= self.total_usd
        return f"the budget of ${self._budget_usd:g} is spent" if is_spent else ""

    def since_last(self) -> float:
        """Dollars since this was last asked."""
        since, self._told_usd = self.total_usd - self._told_usd, self.total_usd
        return since

    def heard(self, engine: Any, seconds: float) -> None:
        """`engine` has transcribed so much sound."""
        price = _price(engine)
        self.total_usd += price.hour * max(seconds, price.least_s) / _HOUR_S

    def wrote(self, engine: Any, usage: Usage) -> None:
        """`engine` has read and written so many tokens."""
        price = _price(engine)
        cached = price.prompt if price.cached is None else price.cached
        fresh = max(0, usage.prompt_tokens - usage.cached_tokens)
        read = price.prompt * fresh + cached * usage.cached_tokens
        self.total_usd += (read + price.completion * usage.completion_tokens) / _MILLION

    def spoke(self, engine: Any, characters: int) -> None:
        """`engine` was given so much text to speak."""
        self.total_usd += _price(engine).characters * characters / _MILLION


def is_paid(engine: Any) -> bool:
    """Whether the work of `engine` may cost money."""
    provider = PROVIDERS.get(engine.name)
    return provider is not None and (provider.needs_key or engine.is_remote)


def _price(engine: Any) -> Price:
    return price_of(engine.name, getattr(engine, "model", ""))
