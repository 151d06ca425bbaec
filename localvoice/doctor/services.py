"""The checks of keys and services: which keys are set, and, only when asked for, whether their services take them.

Rule of this file: a key is never shown, only where it was found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from localvoice.cloud_choice import CloudChoice
from localvoice.config import Config
from localvoice.doctor.examination import Check, Finding, advice, fine, skipped
from localvoice.errors import ConfigError
from localvoice.provider_row import Provider
from localvoice.providers import PROVIDERS
from localvoice.secrets_store import KEY_VARIABLES, Found, locate_key, own_key


def key_checks(config: Config, *, online: bool) -> Iterator[Check]:
    """Of every provider whose key is set; of none where no key is."""
    found: dict[str, Found] = {}
    refused: list[ConfigError] = []
    for name in KEY_VARIABLES:
        try:
            key = locate_key(name, os.environ, Path.cwd())
        except ConfigError as error:  # a conversation may do without it
            refused.append(error)
        else:
            found |= {name: key} if key else {}

    async def keys() -> Finding:
        if refused:
            said, _, cure = str(refused[0]).partition(": ")
            return advice(said, cure)
        if not found:
            return skipped("none is set: everything is done on this machine")
        return fine("; ".join(f"{name} ({key.source})" for name, key in found.items()))

    yield Check("keys", keys)
    if not online:
        yield Check("network", _not_asked)
        return
    for name in found:
        if PROVIDERS[name].models:
            yield _service(PROVIDERS[name], config)


async def _not_asked() -> Finding:
    return skipped("not used (`localvoice doctor --online` asks the services whose keys are set)")


def _service(provider: Provider, config: Config) -> Check:
    async def examine() -> Finding:
        stage = next(iter(provider.models))
        engine = CloudChoice(config, own_key).named(stage, provider.name, "").load()
        try:
            began_s = time.perf_counter()
            await engine.check()
            took_ms = (time.perf_counter() - began_s) * 1000
        finally:
            engine.close()
        return fine(f"takes the key, and answers in {took_ms:.0f} ms", first_ms=took_ms)

    return Check(f"service {provider.name}", examine)
