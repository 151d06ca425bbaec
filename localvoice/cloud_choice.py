"""Which services a stage gets: their addresses, keys and models from the settings, and what `--offline` leaves of them.

Rule of this file: it chooses and explains; nothing is dialled here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from localvoice.addresses import is_here
from localvoice.candidates import Candidate
from localvoice.config import Config, EnginesConfig
from localvoice.engine_order import EngineOrder
from localvoice.errors import ConfigError
from localvoice.provider_row import Provider
from localvoice.providers import PREFERRED, PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import KEY_VARIABLES, REGION_VARIABLE, Secret, find_region

STAGES = ("stt", "llm", "tts")

Keys = Callable[[str], Secret | None]
"""The key of a provider; may block while the user is asked to unlock the keyring."""


class CloudChoice:
    """The services of each stage for one configuration."""

    def __init__(self, config: Config, keys: Keys) -> None:
        self._config = config
        self._keys = keys

    def named(self, stage: str, name: str, model: str) -> Candidate:
        """A service that was asked for by name; see `order`."""
        return _candidate(stage, self.order(stage, name, model))

    def preferred(self, stage: str) -> Candidate | None:
        """What `--cloud` takes for a stage, None where no key is set."""
        name = next((one for one in PREFERRED[stage] if self._keys(one) is not None), None)
        return self.named(stage, name, "") if name is not None else None

    def order(self, stage: str, name: str, model: str = "") -> EngineOrder:
        """What the engine of a service is made from; `model` may be an address where the name has none of its own.

        Raises:
            ConfigError: its key, its address or a usable model is missing.
        """
        provider, options = PROVIDERS[name], self._config.engines.of(name)
        url, model = self._address(stage, provider, model)
        key = self._keys(name)
        if key is None and provider.needs_key and not is_here(url):
            raise ConfigError(f"{name} needs a key: set {KEY_VARIABLES[name]}, or run `localvoice keys set {name}`")
        model = model or getattr(options, f"{stage}_model") or provider.models[stage]
        if name == "elevenlabs" and model.startswith("eleven_v3"):
            raise ConfigError(f"{model} is too slow for a conversation and has no stream: use eleven_flash_v2_5")
        return EngineOrder(Service(name, url, key, options.timeout_s), provider, model, self._config)

    def _address(self, stage: str, provider: Provider, model: str) -> tuple[str, str]:
        """The address of a service, and the model that is left of what stands behind its name."""
        base_url = self._config.engines.of(provider.name).base_url
        if not provider.base_url and model:
            base_url, model = model, ""
        if not (base_url or provider.base_url):
            raise ConfigError(f"{provider.name} needs an address: write it as {provider.name}:http://127.0.0.1:8080/v1")
        region = ""
        if not base_url and "{region}" in provider.base_url:
            region = find_region(os.environ, Path.cwd())
            if not region:
                raise ConfigError(_without_region(provider.name, has_key=self._keys(provider.name) is not None))
        return provider.root(base_url, region=region, stage=stage), model


def _without_region(name: str, *, has_key: bool) -> str:
    if has_key:
        return f"{name} needs the region of its key: set {REGION_VARIABLE}"
    return f"{name} needs a key and its region: set {KEY_VARIABLES[name]} and {REGION_VARIABLE}"


def _candidate(stage: str, order: EngineOrder) -> Candidate:
    provider = order.provider
    return Candidate(provider.name, lambda: import_module(provider.module(stage)).load(order))


def is_cloud_name(text: str) -> bool:
    """Whether an engine as written in a list is a vendor's, wherever the settings say that it is."""
    return text.partition(":")[0] in KEY_VARIABLES


def has_local_behind(text: str, engines: EnginesConfig) -> bool:
    """Whether the local default stands behind an engine as written in a list: a vendor's, or a server elsewhere."""
    return is_cloud_name(text) or leaves_machine(text, engines)


def leaves_machine(text: str, engines: EnginesConfig) -> bool:
    """Whether the engine as written in a list works on another machine."""
    url = _url(text, engines)
    return not is_here(url) if url else text.partition(":")[0] in KEY_VARIABLES


def host_services(engines: EnginesConfig) -> str:
    """The services of this machine that are asked for, by name; empty where there is none."""
    named = [text for stage in STAGES for text in getattr(engines, stage)]
    found = [text.partition(":")[0] for text in named if _url(text, engines) and not leaves_machine(text, engines)]
    return ", ".join(dict.fromkeys(found))


def without_cloud(engines: EnginesConfig) -> tuple[EnginesConfig, Sequence[str]]:
    """The engines that stay on this machine, and the names of those left out."""
    left_out: list[str] = []
    changes: dict[str, Any] = {"cloud": "off"}
    for stage in STAGES:
        wanted: tuple[str, ...] = getattr(engines, stage)
        gone = [text for text in wanted if leaves_machine(text, engines)]
        left_out += [text.partition(":")[0] for text in gone]
        changes[stage] = tuple(text for text in wanted if text not in gone) or ("auto",)
    if engines.cloud != "off":
        left_out.append(f"cloud = {engines.cloud}")
    return replace(engines, **changes), list(dict.fromkeys(left_out))


def _url(text: str, engines: EnginesConfig) -> str:
    name, _, rest = text.partition(":")
    provider = PROVIDERS.get(name)
    if provider is None:
        return ""
    return (rest if not provider.base_url else "") or engines.of(name).base_url or provider.base_url
