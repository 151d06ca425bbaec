"""Sarvam's voices, for the languages of India: a socket per reply, a clause at a time, no word times."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from localvoice.engine_order import EngineOrder
from localvoice.engines import Synthesizer
from localvoice.remote import Service, refusal
from localvoice.sockets import connected
from localvoice.tts.line_voice import LineSynthesizer
from localvoice.tts.lines import Message, OwnSockets
from localvoice.tts.speaking import Heard

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_RATE_HZ = 24_000
_SLOWEST, _FASTEST = 0.5, 2.0
"""What bulbul:v3 and later take as pace."""
_WAV_HEADER = 44


def load(order: EngineOrder) -> Synthesizer:
    """The voice of `order`."""
    service = order.service
    path = f"/text-to-speech/ws?{urlencode({'model': order.model, 'send_completion_event': 'true'})}"
    headers = {"api-subscription-key": service.key.reveal() if service.key else "none"}
    settings = {
        "language_code": _language(order.language),
        "speaker": order.voice,
        "speech_sample_rate": _RATE_HZ,
        "output_audio_codec": "linear16",
    }

    async def connect() -> ClientConnection:
        socket = await connected(service, path, headers)
        await socket.send(_config(settings, order.config.speech.rate))  # nothing else may come first, not even a ping
        return socket

    lines = OwnSockets(connect, json.dumps({"type": "ping"}))
    return LineSynthesizer(order, lines, lambda rate: _Bulbul(service, _config(settings, rate)))


class _Bulbul:
    """A `Dialect`. Its one sign that sound is complete does not say for which text: so one text at a time."""

    context = ""
    tells_times = False
    one_at_a_time = True
    rate_hz = _RATE_HZ

    def __init__(self, service: Service, config: Message) -> None:
        self._service = service
        self._config = config

    def begin(self) -> Sequence[Message]:
        return (self._config,)

    def speak(self, text: str) -> Sequence[Message]:
        return json.dumps({"type": "text", "data": {"text": text}}), json.dumps({"type": "flush"})

    def end(self) -> Sequence[Message]:
        return ()

    def stop(self) -> Sequence[Message]:
        return ()

    def read(self, message: Message) -> Heard:
        fields = json.loads(message)
        data: Mapping[str, Any] = fields.get("data") or {}
        if fields["type"] == "error":
            raise refusal(self._service, int(data.get("code") or 500), str(data.get("message") or ""), {})
        if fields["type"] == "audio":
            sound = base64.b64decode(data["audio"], validate=True)
            return Heard(sound[_WAV_HEADER:] if sound.startswith(b"RIFF") else sound)
        return Heard(clauses=int(data.get("event_type") == "final"))

    def is_refusal(self, word: str) -> bool:
        return "credit" in word.lower() or "quota" in word.lower()


def _config(settings: Mapping[str, Any], rate: float) -> Message:
    pace = min(max(rate, _SLOWEST), _FASTEST)
    return json.dumps({"type": "config", "data": {**settings, "pace": pace}})


def _language(code: str) -> str:
    """With the country, which the service wants: all of its languages are India's."""
    return f"{code.partition('-')[0].lower() or 'en'}-IN"
