"""What paid engines cost: the meter of a session.

Rule of this file: a model whose price is not in `providers.py` counts as free, and `docs/cloud.md` says so; prices
change, and the bill is the vendor's.
"""

from __future__ import annotations

from typing import Any

from localvoice.messages import Usage
from localvoice.provider_row import Price
from localvoice.providers import PROVIDERS

_HOUR_S, _MILLION = 3600.0, 1e6


def price_of(provider: str, model: str) -> Price:
    """What `model` costs; nothing where that is not known."""
    prices = PROVIDERS[provider].prices if provider in PROVIDERS else {}
    known = [begin for begin in prices if model.startswith(begin)]
    return prices[max(known, key=len)] if known else Price()


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
    provider = PROVIDERS.get(_payee(engine))
    return provider is not None and (provider.needs_key or engine.is_remote)


def _price(engine: Any) -> Price:
    return price_of(_payee(engine), getattr(engine, "model", ""))


def _payee(engine: Any) -> str:
    """Whom its work is paid to, where that is not the name it goes by."""
    return str(getattr(engine, "billed_as", engine.name))
