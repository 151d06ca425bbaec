"""The checks of keys and services: which keys are set, and, only when asked for, whether their services take them.

Rule of this file: a key is never shown, only where it was found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from localvoice.config import Config
from localvoice.doctor.examination import Check, Finding, fine, skipped
from localvoice.providers import PROVIDERS, Provider
from localvoice.secrets_store import KEY_VARIABLES, Found, locate_key


def key_checks(config: Config, *, online: bool) -> Iterator[Check]:
    """Of every provider whose key is set; of none where no key is."""
    found = {name: key for name in KEY_VARIABLES if (key := locate_key(name, os.environ, Path.cwd()))}

    async def keys() -> Finding:
        if not found:
            return skipped("none is set: everything is done on this machine")
        return fine("; ".join(f"{name} ({key.source})" for name, key in found.items()))

    yield Check("keys", keys)
    if not online:
        yield Check("network", _not_asked)
        return
    for name, key in found.items():
        if name in PROVIDERS:
            yield _service(PROVIDERS[name], key, config)


async def _not_asked() -> Finding:
    return skipped("not used (`localvoice doctor --online` asks the services whose keys are set)")


def _service(provider: Provider, key: Found, config: Config) -> Check:
    async def examine() -> Finding:
        from localvoice.remote import Connection, Service

        options = config.engines.of(provider.name)
        service = Service(provider.name, provider.root(options.base_url), key.secret, options.timeout_s)
        connection = Connection(service)
        try:
            began_s = time.perf_counter()
            await connection.check()
            first_ms = (time.perf_counter() - began_s) * 1000
            began_s = time.perf_counter()
            await connection.check()
            warm_ms = (time.perf_counter() - began_s) * 1000
        finally:
            await connection.close()
        found = f"{service.host} takes the key; {first_ms:.0f} ms, {warm_ms:.0f} ms once connected"
        return fine(found, first_ms=first_ms, warm_ms=warm_ms)

    return Check(f"service {provider.name}", examine)
