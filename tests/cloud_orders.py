"""Orders for engines of services on this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from localvoice.config import Config, EngineOptions, EnginesConfig, SpeechConfig
from localvoice.engine_order import EngineOrder
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret

PLANTED = "sk_planted0123456789"
"""A key that must not be seen anywhere."""


def order(
    name: str,
    url: str,
    *,
    stage: str = "tts",
    model: str = "",
    timeout_s: float = 5.0,
    rate: float = 1.0,
    **options: Any,
) -> EngineOrder:
    """What provider `name` is made from when it answers at `url`; `options` are those of its section."""
    provider = PROVIDERS[name]
    engines = replace(EnginesConfig(), options={name: EngineOptions(**options)})
    service = Service(name, provider.root(url), Secret(PLANTED), timeout_s)
    return EngineOrder(
        service, provider, model or provider.models[stage], Config(engines=engines, speech=SpeechConfig(rate=rate))
    )
