"""Deepgram's voices (Aura): a socket per reply. No word times are told: which words a part holds is an estimate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

from localvoice.engine_order import EngineOrder
from localvoice.engines import Synthesizer
from localvoice.errors import ProviderUnavailable
from localvoice.remote import Connection, Service, plain
from localvoice.sockets import connected
from localvoice.tts.line_voice import LineSynthesizer
from localvoice.tts.lines import Message, OwnSockets
from localvoice.tts.speaking import Heard
from localvoice.voice_entry import VoiceEntry

_RATE_HZ = 24_000
_SLOWEST, _FASTEST = 0.7, 1.5
"""What the service takes as speed."""


def load(order: EngineOrder) -> Synthesizer:
    """The voice of `order`: each voice is a model."""
    service = order.service
    query = {"model": order.voice or order.model, "encoding": "linear16", "sample_rate": str(_RATE_HZ)}
    if order.config.speech.rate != 1.0:
        query["speed"] = f"{min(max(order.config.speech.rate, _SLOWEST), _FASTEST):g}"
    connect = partial(connected, service, f"/v1/speak?{urlencode(query)}", _headers(service))
    return LineSynthesizer(order, OwnSockets(connect), lambda _: _Aura(service))


async def voices(order: EngineOrder, wanted: str) -> list[VoiceEntry]:
    """All voices. Raises `ProviderError`."""
    del wanted
    connection = Connection(order.service, _headers(order.service))
    try:
        found = await connection.check("/v1/models")
    finally:
        await connection.close()
    name, listed = order.service.name, (found or {}).get("tts", ())
    return [
        VoiceEntry(name, one["canonical_name"], one.get("name", ""), next(iter(one.get("languages", ())), ""), True)
        for one in listed
    ]


def _headers(service: Service) -> dict[str, str]:
    return {"Authorization": f"Token {service.key.reveal() if service.key else 'none'}"}


class _Aura:
    """A `Dialect`."""

    context = ""
    tells_times = False
    one_at_a_time = False
    rate_hz = _RATE_HZ

    def __init__(self, service: Service) -> None:
        self._service = service

    def begin(self) -> Sequence[Message]:
        return ()

    def speak(self, text: str) -> Sequence[Message]:
        return json.dumps({"type": "Speak", "text": text}), json.dumps({"type": "Flush"})

    def end(self) -> Sequence[Message]:
        return (json.dumps({"type": "Close"}),)

    def stop(self) -> Sequence[Message]:
        return ()

    def read(self, message: Message) -> Heard:
        if isinstance(message, bytes):
            return Heard(message)
        fields = json.loads(message)
        if fields["type"] == "Error":
            name = self._service.name
            why = plain(self._service, f"{fields.get('code') or ''} {fields.get('description') or ''}")
            raise ProviderUnavailable(f"{name} failed: {why}", provider=name)
        return Heard(clauses=int(fields["type"] == "Flushed"))

    def is_refusal(self, word: str) -> bool:
        return "credit" in word.lower()
