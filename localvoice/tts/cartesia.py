"""Cartesia's voices: one socket, a context per reply, the times of the words."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from localvoice.engine_order import EngineOrder
from localvoice.engines import Synthesizer
from localvoice.remote import Connection, Service, refusal
from localvoice.sockets import connected
from localvoice.tts.letter_spans import Mark
from localvoice.tts.line_voice import LineSynthesizer
from localvoice.tts.lines import Message, SharedSocket, Sharing
from localvoice.tts.speaking import Heard
from localvoice.tts.word_marks import WordMarks, WordSound
from localvoice.voice_entry import VoiceEntry

_VERSION = "2026-08-14"
_RATE_HZ = 24_000
_CONTEXTS = 2
"""Replies at once that the smallest plan allows."""
_EARLY_S = 0.05
"""A word may be said to begin so much before its piece: times are rounded."""
_SLOWEST, _FASTEST = 0.6, 1.5
"""What the service takes as speed."""


def load(order: EngineOrder) -> Synthesizer:
    """The voice of `order`."""
    service = order.service
    connect = partial(connected, service, "/tts/websocket", _headers(service))
    request = {
        "model_id": order.model,
        "voice": {"mode": "id", "id": order.voice},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": _RATE_HZ},
        "language": order.language.partition("-")[0] or "en",
        "add_timestamps": True,
        "max_buffer_delay_ms": 0,  # whole clauses are sent
    }
    return LineSynthesizer(
        order, SharedSocket(service, connect, Sharing(_context_of, _CONTEXTS)), partial(_Sonic, service, request)
    )


async def voices(order: EngineOrder, wanted: str) -> list[VoiceEntry]:
    """The first hundred voices, or of those that fit the words `wanted`. Raises `ProviderError`."""
    connection = Connection(order.service, _headers(order.service))
    try:
        found = await connection.check(
            f"/voices?{urlencode({'limit': 100, 'q': wanted} if wanted else {'limit': 100})}"
        )
    finally:
        await connection.close()
    listed = found.get("data", ()) if isinstance(found, dict) else found or ()
    name = order.service.name
    return [VoiceEntry(name, one["id"], one.get("name", ""), one.get("language", ""), is_cloud=True) for one in listed]


def _headers(service: Service) -> dict[str, str]:
    key = service.key.reveal() if service.key else "none"
    return {"Authorization": f"Bearer {key}", "Cartesia-Version": _VERSION}


class _Sonic:
    """A `Dialect`."""

    tells_times = True
    one_at_a_time = False
    rate_hz = _RATE_HZ

    def __init__(self, service: Service, request: Mapping[str, Any], rate: float) -> None:
        self.context = uuid4().hex
        self._service = service
        speed = min(max(rate, _SLOWEST), _FASTEST)
        self._request = {**request, "context_id": self.context, "generation_config": {"speed": speed}}
        self._words = WordMarks()
        self._bytes = 0
        """Of sound that has come."""
        self._pieces: dict[Any, float] = {}
        """The second at which the sound of each piece begins, by its number."""

    def begin(self) -> Sequence[Message]:
        return ()

    def speak(self, text: str) -> Sequence[Message]:
        self._words.expect(text)
        return self._message(f"{text} "), self._message("", flush=True)

    def end(self) -> Sequence[Message]:
        return (json.dumps({**self._request, "transcript": "", "continue": False}),)

    def stop(self) -> Sequence[Message]:
        return (json.dumps({"cancel": True, "context_id": self.context}),)

    def read(self, message: Message) -> Heard:
        fields = json.loads(message)
        match fields["type"]:
            case "chunk":
                sound = base64.b64decode(fields["data"] or "", validate=True)
                self._pieces.setdefault(fields.get("flush_id"), self._sound_s)
                self._bytes += len(sound)
                return Heard(sound)
            case "timestamps":
                piece_s = self._pieces.get(fields.get("flush_id"), 0.0)
                return Heard(marks=self._marks(fields.get("word_timestamps") or {}, piece_s))
            case "flush_done":
                return Heard(clauses=1)
            case "error":
                said = f"{fields.get('error_code') or ''} {fields.get('title') or ''} {fields.get('message') or ''}"
                raise refusal(self._service, int(fields.get("status_code") or 500), said, {})
        return Heard(is_last=fields["type"] == "done")

    def is_refusal(self, word: str) -> bool:
        return "quota" in word or "credit" in word

    @property
    def _sound_s(self) -> float:
        return self._bytes / 2 / _RATE_HZ

    def _marks(self, told: Mapping[str, Sequence[Any]], piece_s: float) -> list[Mark]:
        """From the first sample that is to come. Times count from the context's first, or anew in each piece."""
        words = [WordSound(*word) for word in zip(told["words"], told["start"], told["end"], strict=True)]
        shift_s = piece_s if words and words[0].start_s < piece_s - _EARLY_S else 0.0
        marks = self._words.take(WordSound(word.word, word.start_s + shift_s, word.end_s + shift_s) for word in words)
        return [Mark(mark.character, mark.start_s - self._sound_s, mark.end_s - self._sound_s) for mark in marks]

    def _message(self, text: str, **more: Any) -> Message:
        return json.dumps({**self._request, "transcript": text, "continue": True, **more})


def _context_of(message: Message) -> str:
    try:
        return str(json.loads(message).get("context_id") or "")
    except (ValueError, AttributeError):
        return ""
