"""Every streaming recogniser beside the server that it is tested against: a new provider is a row here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from localvoice.config import Config, SessionConfig, SttConfig
from localvoice.engine_order import EngineOrder
from localvoice.providers import PROVIDERS
from localvoice.remote import Service
from localvoice.secrets_store import Secret
from tests.stt_servers.assemblyai_server import AssemblyAI
from tests.stt_servers.azure_server import Azure
from tests.stt_servers.cartesia_server import Cartesia
from tests.stt_servers.deepgram_server import Flux, Nova
from tests.stt_servers.ears import KEY, Dialect
from tests.stt_servers.sarvam_server import Sarvam
from tests.stt_servers.scribe_server import Scribe


@dataclass(frozen=True)
class Streamed:
    """A recogniser and its server."""

    provider: str
    dialect: type[Dialect]
    model: str = ""

    def engine(
        self,
        url: str,
        key: str = KEY,
        timeout_s: float = 5.0,
        language: str = "en",
        hotwords: tuple[str, ...] = (),
    ) -> Any:
        row = PROVIDERS[self.provider]
        service = Service(self.provider, row.root(url), Secret(key), timeout_s)
        config = Config(session=SessionConfig(language=language), stt=SttConfig(hotwords=hotwords))
        order = EngineOrder(service, row, self.model or row.models["stt"], config)
        return import_module(row.module("stt")).load(order)


STREAMED = {
    "deepgram": Streamed("deepgram", Nova),
    "flux": Streamed("deepgram", Flux, "flux-general-en"),
    "assemblyai": Streamed("assemblyai", AssemblyAI),
    "elevenlabs": Streamed("elevenlabs", Scribe),
    "cartesia": Streamed("cartesia", Cartesia),
    "sarvam": Streamed("sarvam", Sarvam),
    "azure": Streamed("azure", Azure),
}
