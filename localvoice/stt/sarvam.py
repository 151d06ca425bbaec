"""Sarvam's realtime recogniser, for the languages of India: utterances begin and end where it is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.engine_order import EngineOrder
from localvoice.stt.socket_recognizer import SocketRecognizer
from localvoice.stt.wire import Complaint, Frame, Utterance, Wire

_START, _STOP, _END = '{"event": "speech_start"}', '{"event": "speech_end"}', '{"event": "end"}'
_STATUSES = {"1003": 401, "4000": 400, **{str(status): status for status in (400, 401, 402, 403, 413, 429, 503)}}
"""1003 closes the socket for a wrong key, a spent quota and too many requests alike; the reason tells which."""


def load(order: EngineOrder) -> SocketRecognizer:
    """The recogniser of `order`."""
    query = {
        "language_code": _code(order.language),
        "model": order.model,
        "stream_type": "fast",
        "endpointing": "manual",
        "encoding": "linear16",
        "sample_rate": str(SPEECH_RATE_HZ),
    }
    wire = Wire(
        f"/speech-to-text-realtime/ws?{urlencode(query)}",
        _Utterance,
        key_header="api-subscription-key",
        greets=True,
        statuses=_STATUSES,
    )
    return SocketRecognizer(order.service, wire, order.model, order.language)


def _code(language: str) -> str:
    """As the service writes it: all of its languages are India's."""
    if not language:
        return "auto"
    return f"{language.partition('-')[0]}-IN"


class _Utterance(Utterance):
    """Utterances as the service was told; one of ours is one of those, or more where it was asked in between."""

    def opening(self) -> Iterable[Frame]:
        """It begins."""
        return (_START,)

    def sound(self, pcm: bytes) -> Frame:
        """In base64."""
        return json.dumps({"event": "audio_input", "audio": base64.b64encode(pcm).decode()})

    def _question(self) -> Iterable[Frame]:
        return (_STOP, _START)

    def _ending(self) -> Iterable[Frame]:
        return (_STOP, _END)

    def take(self, message: Frame) -> bool:
        """See `Utterance.take`."""
        fields: dict[str, Any] = json.loads(message)
        kind = fields["event"]
        if kind == "error" and fields["is_fatal"]:
            code = fields.get("status_code") or fields["code"]
            raise Complaint(str(code), str(fields.get("message") or ""))
        if kind == "transcript.partial":
            self.words.guess(fields["text"])
        if kind != "transcript.final":
            return kind == "session.end" and self._has_ended
        self.words.settle(fields["text"])
        return self._answer()
