"""ElevenLabs' voices: over a socket that takes text as it is written, one socket with contexts, or clause by clause.

Each says when every character sounds. `engines.elevenlabs.transport` chooses; docs/decisions/026 says by what.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from localvoice.config import EngineOptions
from localvoice.engine_order import EngineOrder
from localvoice.engines import Synthesizer
from localvoice.errors import ConfigError, ProviderError, ProviderRefused, ProviderUnavailable
from localvoice.remote import Service, plain
from localvoice.sockets import connected
from localvoice.tts.letter_spans import Mark
from localvoice.tts.line_voice import LineSynthesizer
from localvoice.tts.lines import Lines, Message, OwnSockets, SharedSocket, Sharing
from localvoice.tts.speaking import Heard
from localvoice.voice_entry import VoiceEntry

FORMAT = "pcm_24000"
"""Asked for where the settings say nothing: the rate of the models themselves."""
_IDLE_S = 180
"""The longest time that the service keeps a socket without text (its default is 20 s)."""
_CONTEXTS = 5
"""Open contexts that the service allows on a socket."""
_SLOWEST, _FASTEST = 0.7, 1.2
"""What the service takes as speed."""
_REFUSALS = frozenset({
    *("invalid_api_key", "quota_exceeded", "detected_unusual_activity", "missing_permissions", "voice_not_found"),
    *("invalid_authorization_header", "voice_access_denied", "model_not_found", "payment_required"),
})  # fmt: skip
"""Error codes that another try does not change."""


def load(order: EngineOrder) -> Synthesizer:
    """The voice of `order`. Raises `ConfigError` for an output format that would need a decoder."""
    pcm_rate_hz(order.options)
    if order.options.transport == "http":
        from localvoice.tts.elevenlabs_http import ElevenLabsHttpSynthesizer

        return ElevenLabsHttpSynthesizer(order)
    service, options = order.service, order.options
    has_contexts = options.transport == "multi-context"
    connect = partial(connected, service, _path(order, has_contexts=has_contexts), key_header(service))
    lines: Lines
    if has_contexts:
        lines = SharedSocket(service, connect, Sharing(_context_of, _CONTEXTS, json.dumps({"text": ""})))
    else:
        lines = OwnSockets(connect, json.dumps({"text": " "}))
    kind = _Contextual if has_contexts else _Plain

    def dialect(rate: float) -> _Plain:
        return kind(service, pcm_rate_hz(options), voice_settings(options, rate))

    return LineSynthesizer(order, lines, dialect)


async def voices(order: EngineOrder, wanted: str) -> list[VoiceEntry]:
    """The voices of the account, or those of them that fit the words `wanted`.

    Raises:
        ConfigError: the vendor's own client, which does this, is not installed.
        ProviderError: the service would not tell.
    """
    from localvoice.tts.elevenlabs_voices import listed

    return await listed(order, wanted)


class _Plain:
    """A `Dialect`: the whole socket is one reply."""

    tells_times = True
    one_at_a_time = False

    def __init__(self, service: Service, rate_hz: int, settings: Mapping[str, float]) -> None:
        self.context = uuid4().hex
        self.rate_hz = rate_hz
        self._service = service
        self._settings = settings

    def begin(self) -> Sequence[Message]:
        return (self._message(text=" ", voice_settings=self._settings),)

    def speak(self, text: str) -> Sequence[Message]:
        return (self._message(text=f"{text} ", flush=True),)

    def end(self) -> Sequence[Message]:
        return (self._message(text=""),)

    def stop(self) -> Sequence[Message]:
        return ()

    def read(self, message: Message) -> Heard:
        fields = json.loads(message)
        if fields.get("error") or (fields.get("message") and not fields.get("audio")):
            raise self._failure(str(fields.get("error") or ""), str(fields.get("message") or ""))
        sound = base64.b64decode(fields.get("audio") or "", validate=True)
        return Heard(sound, marks(fields), is_last=bool(fields.get("isFinal") or fields.get("is_final")))

    def is_refusal(self, word: str) -> bool:
        return any(known in word for known in _REFUSALS)

    def _message(self, **fields: Any) -> Message:
        return json.dumps(fields)

    def _failure(self, code: str, said: str) -> ProviderError:
        name, why = self._service.name, plain(self._service, f"{code} {said}")
        if self.is_refusal(code):
            return ProviderRefused(f"{name} will not speak: {why}", provider=name)
        return ProviderUnavailable(f"{name} failed: {why}", provider=name, may_retry="input_timeout_exceeded" in code)


class _Contextual(_Plain):
    """A `Dialect`: a reply is a context, and is closed by name."""

    def end(self) -> Sequence[Message]:
        return self._message(flush=True), self._message(close_context=True)

    def stop(self) -> Sequence[Message]:
        return (self._message(close_context=True),)

    def _message(self, **fields: Any) -> Message:
        return json.dumps(fields | {"context_id": self.context})


def _context_of(message: Message) -> str:
    try:
        fields = json.loads(message)
        return str(fields.get("contextId") or fields.get("context_id") or "")
    except (ValueError, AttributeError):
        return ""


def marks(fields: Mapping[str, Any]) -> Sequence[Mark]:
    """The times of the characters in a message of a socket: its keys are spelled in more than one way."""
    aligned = fields.get("alignment") or fields.get("normalizedAlignment")
    if not aligned:
        return ()
    starts = aligned.get("charStartTimesMs") or aligned.get("charsStartTimesMs") or ()
    lengths = aligned.get("charDurationsMs") or aligned.get("charsDurationsMs") or ()
    characters = aligned.get("chars") or ()
    return [
        Mark(character, start / 1000, (start + length) / 1000)
        for character, start, length in zip(characters, starts, lengths, strict=True)
    ]


def voice_settings(options: EngineOptions, rate: float) -> dict[str, float]:
    """How the voice sounds; `rate` is the pace beside its own setting."""
    speed = min(max(options.speed * rate, _SLOWEST), _FASTEST)
    return {"stability": options.stability, "similarity_boost": options.similarity, "speed": speed}


def key_header(service: Service) -> dict[str, str]:
    """The header that carries the key."""
    return {"xi-api-key": service.key.reveal() if service.key else "none"}


def _path(order: EngineOrder, *, has_contexts: bool) -> str:
    options = order.options
    query = {
        "model_id": order.model,
        "output_format": options.output_format or FORMAT,
        "auto_mode": "true",
        "sync_alignment": "true",
        "inactivity_timeout": str(_IDLE_S),
    }
    if options.language:
        query["language_code"] = options.language
    if options.optimize_streaming_latency:
        query["optimize_streaming_latency"] = str(options.optimize_streaming_latency)
    call = "multi-stream-input" if has_contexts else "stream-input"
    return f"/v1/text-to-speech/{quote(order.voice, safe='')}/{call}?{urlencode(query)}"


def pcm_rate_hz(options: EngineOptions) -> int:
    """Of the sound that is asked for. Raises `ConfigError` for a format that would need a decoder."""
    kind, _, rate = (options.output_format or FORMAT).partition("_")
    if kind != "pcm" or not rate.isdigit():
        raise ConfigError(
            f"ElevenLabs' {options.output_format} would need a decoder: use pcm_16000 up to pcm_48000",
            key="engines.elevenlabs.output_format",
        )
    return int(rate)
