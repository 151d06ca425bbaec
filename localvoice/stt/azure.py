"""Azure Speech over its own protocol: headers and JSON in one text frame, headers and sound in one binary frame."""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.engine_order import EngineOrder
from localvoice.stt.socket_recognizer import SocketRecognizer
from localvoice.stt.wire import Complaint, Frame, Utterance, Wire

_PATH = "/speech/recognition/conversation/cognitiveservices/v1"
_REGIONS = {
    "en": "US", "ja": "JP", "ko": "KR", "zh": "CN", "hi": "IN", "sv": "SE", "uk": "UA", "cs": "CZ", "da": "DK",
    "el": "GR", "nb": "NO", "vi": "VN", "ar": "SA", "he": "IL", "ta": "IN", "te": "IN", "ca": "ES", "et": "EE",
}  # fmt: skip
"""Where a language has another one than its own code in capitals; the service knows languages by region only."""
_MISHAPS = frozenset({"NoMatch", "InitialSilenceTimeout", "BabbleTimeout", "EndOfDictation", "Canceled"})
"""Phrases without words that are no failures."""


def load(order: EngineOrder) -> SocketRecognizer:
    """The recogniser of `order`."""
    locale = _locale(order.language)
    wire = Wire(
        f"{_PATH}?{urlencode({'language': locale, 'format': 'simple'})}",
        lambda: _Utterance(locale),
        key_header="Ocp-Apim-Subscription-Key",
        headers=lambda: {"X-ConnectionId": uuid.uuid4().hex},
        statuses={"1007": 400, "1008": 401, "Forbidden": 403, "TooManyRequests": 429, "BadRequest": 400},
    )
    return SocketRecognizer(order.service, wire, order.model, order.language)


def _locale(language: str) -> str:
    code, _, region = (language or "en").partition("-")
    return f"{code}-{(region or _REGIONS.get(code, code)).upper()}"


class _Utterance(Utterance):
    """One request; it cannot be asked for its words before it ends."""

    def __init__(self, locale: str) -> None:
        super().__init__()
        self._locale = locale
        self._request = uuid.uuid4().hex

    def opening(self) -> Iterable[Frame]:
        """Who listens, what for, and a header of WAV without a length."""
        source = {"type": "Stream", "samplerate": str(SPEECH_RATE_HZ), "bitspersample": "16", "channelcount": "1"}
        config = {"context": {"system": {"name": "localvoice"}, "os": {}, "audio": {"source": source}}}
        context = {"phraseDetection": {"language": self._locale}, "audio": {"streams": {"1": None}}}
        yield self._text("speech.config", config)
        yield self._text("speech.context", context)
        yield self._binary(_wav_header(), "Content-Type: audio/x-wav\r\n")

    def sound(self, pcm: bytes) -> Frame:
        """Behind its headers."""
        return self._binary(pcm)

    def _ending(self) -> Iterable[Frame]:
        return (self._binary(b""),)

    def take(self, message: Frame) -> bool:
        """See `Utterance.take`."""
        path, fields = _parts(message)
        if path == "speech.hypothesis":
            self.words.guess(fields["Text"])
        if path == "speech.phrase":
            status = fields["RecognitionStatus"]
            if status == "Success":
                self.words.settle(fields["DisplayText"])
            elif status not in _MISHAPS:
                raise Complaint(status)
        if path != "turn.end":
            return False
        if not self._has_ended:
            raise Complaint("turn.end", "ended a turn that goes on")
        return True

    def _headers(self, path: str) -> str:
        return f"Path: {path}\r\nX-RequestId: {self._request}\r\n"

    def _text(self, path: str, fields: dict[str, Any]) -> str:
        return f"{self._headers(path)}Content-Type: application/json\r\n\r\n{json.dumps(fields)}"

    def _binary(self, data: bytes, further: str = "") -> bytes:
        head = f"{self._headers('audio')}X-StreamId: 1\r\n{further}".encode()
        return struct.pack(">H", len(head)) + head + data


def _parts(message: Frame) -> tuple[str, dict[str, Any]]:
    """The path of a message in lower case, and what it holds."""
    text = message if isinstance(message, str) else message.decode()
    head, _, body = text.partition("\r\n\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n"))
    }
    return headers["path"].lower(), json.loads(body or "{}")


def _wav_header() -> bytes:
    format_ = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SPEECH_RATE_HZ, 2 * SPEECH_RATE_HZ, 2, 16)
    return b"RIFF\0\0\0\0WAVE" + format_ + b"data\0\0\0\0"
