"""The voices of all synthesisers: those of this machine, and those of the services whose key is set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from localvoice.cloud_choice import CloudChoice
from localvoice.config import Config
from localvoice.engine_names import STAGE_ENGINES
from localvoice.engine_order import EngineOrder
from localvoice.errors import ConfigError, LocalVoiceError
from localvoice.model_store.catalogue import Kind
from localvoice.model_store.store import ModelStore
from localvoice.providers import PROVIDERS, has_voice, known_voices, serves
from localvoice.secrets_store import own_key
from localvoice.voice_entry import VoiceEntry

Note = Callable[[str], None]
"""Told why the voices of a service are missing."""


@dataclass(frozen=True, slots=True)
class VoiceLists:
    """Where voices are looked for."""

    config: Config
    store: ModelStore
    is_offline: bool = False

    async def found(self, wanted: str, engine: str, note: Note) -> list[VoiceEntry]:
        """All of them, or those that fit the words `wanted`; of one engine only where it is named.

        Raises:
            LocalVoiceError: the service that was named cannot tell.
        """
        local = [one for one in self._local() if engine in {"", one.engine} and one.matches(wanted)]
        asked = [one for one in self._services() if engine in {"", one}]
        if engine and not asked and engine in PROVIDERS:
            CloudChoice(self.config, own_key).order("tts", engine)  # says what is missing
        answers = await asyncio.gather(*(self._told(name, wanted, engine, note) for name in asked))
        return [*local, *(entry for answer in answers for entry in answer)]

    def engine_of(self, voice: str) -> str:
        """The synthesiser whose voice it is. Raises `ConfigError` where nobody has it."""
        for entry in self._local():
            if entry.voice.casefold() == voice.partition("+")[0].casefold():
                return entry.engine
        for name in PROVIDERS:
            if has_voice(name, voice):
                return name
        raise ConfigError(
            f"nobody has a voice {voice!r}: `localvoice voices` lists them, or name its engine with --tts"
        )

    def _local(self) -> Iterator[VoiceEntry]:
        """The models first: they sound better."""
        installed = {one.name: one for one in self.store.installed() if one.kind == Kind.TTS}
        for model in self.store.catalogue:
            if model.kind == Kind.TTS:
                here = installed.pop(model.name, None)
                yield VoiceEntry(model.engine, model.name, model.title, _language(model.name), False, here is not None)
                if here is not None and model.engine == "kokoro":
                    from localvoice.tts.kokoro import voice_names

                    yield from (VoiceEntry("kokoro", voice) for voice in voice_names(here.path))
        for name in installed:
            yield VoiceEntry("piper", name, "put there by hand", _language(name))
        from localvoice.tts.espeak import voices

        for code, title in voices().items():
            yield VoiceEntry("espeak", code, title, code)

    def _services(self) -> list[str]:
        """Those that could be asked."""
        if self.is_offline:
            return []
        names = [name for name in STAGE_ENGINES["tts"] if serves(name, "tts")]
        return [name for name in names if own_key(name) is not None]

    async def _told(self, name: str, wanted: str, engine: str, note: Note) -> Sequence[VoiceEntry]:
        try:
            order = CloudChoice(self.config, own_key).order("tts", name)
            return [entry for entry in await _voices(order, wanted) if entry.matches(wanted) or not known_voices(name)]
        except LocalVoiceError as error:
            if engine:
                raise
            note(f"the voices of {name} are missing: {error}")
            return ()


async def _voices(order: EngineOrder, wanted: str) -> Sequence[VoiceEntry]:
    """As the module of the service lists them, or as its row does."""
    ask = getattr(import_module(order.provider.module("tts")), "voices", None)
    if ask is not None:
        listed: Sequence[VoiceEntry] = await ask(order, wanted)
        return listed
    name = order.provider.name
    return [VoiceEntry(name, voice, is_cloud=True) for voice in known_voices(name)]


def _language(name: str) -> str:
    """From a name such as en_US-lessac-medium; empty where it has none."""
    code = name.partition("-")[0]
    return code.replace("_", "-") if "_" in code else ""
