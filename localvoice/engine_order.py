"""What the engine of a service is made from.

Rule of this file: data only. The module of an engine turns an order into it (`load`), and knows nothing else of the
settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localvoice.config import Config, EngineOptions
from localvoice.provider_row import Provider
from localvoice.providers import has_voice
from localvoice.remote import Service

if TYPE_CHECKING:
    from localvoice.text.speakable import Verbalizer


@dataclass(frozen=True, slots=True)
class EngineOrder:
    """One engine of one service. Its module has `load(order)`, which dials nothing."""

    service: Service
    provider: Provider
    model: str
    """Of the stage; empty where the service says itself what it has."""
    config: Config

    @property
    def options(self) -> EngineOptions:
        """Section `engines.NAME`."""
        return self.config.engines.of(self.provider.name)

    @property
    def language(self) -> str:
        """Code of the language spoken; empty where nobody said."""
        return self.options.language or self.config.session.language

    @property
    def hotword_fields(self) -> list[tuple[str, str]]:
        """What tells the recogniser of `stt.hotwords`, for the query of its address or its form."""
        return self.provider.hotword_fields(self.config.stt.hotwords, self.model)

    @property
    def voice(self) -> str:
        """The voice: the engine's own setting, `speech.voice` where it is one of this service, or its usual one."""
        asked = self.config.speech.voice
        return self.options.voice or (asked if has_voice(self.provider.name, asked) else "") or self.provider.voice

    @property
    def verbalizer(self) -> Verbalizer:
        """How a voice of this service says what is written. Raises `ConfigError` for a bad dictionary."""
        from localvoice.text.pronunciation import pronunciation_of  # loads numpy, whose threads forbid the seal
        from localvoice.text.speakable import Verbalizer

        return Verbalizer(self.language or "en", pronunciation_of(self.config.speech))
