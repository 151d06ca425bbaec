"""Azure's neural voices: SSML over its WebSocket, a request per clause, the times of the words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

from localvoice.engine_order import EngineOrder
from localvoice.engines import Synthesizer
from localvoice.remote import Connection, Service
from localvoice.sockets import connected
from localvoice.tts.letter_spans import Mark
from localvoice.tts.line_voice import LineSynthesizer
from localvoice.tts.lines import Message, OwnSockets
from localvoice.tts.speaking import Heard
from localvoice.tts.word_marks import WordMarks, WordSound
from localvoice.voice_entry import VoiceEntry

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_PATH = "/cognitiveservices/websocket/v1"
_RATE_HZ = 24_000
_FORMAT = "raw-24khz-16bit-mono-pcm"
_TICKS_PER_S = 10_000_000
_SLOWEST, _FASTEST = 0.5, 2.0
"""What the service takes as rate."""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def load(order: EngineOrder) -> Synthesizer:
    """The voice of `order`."""
    service = order.service

    async def connect() -> ClientConnection:
        return await connected(service, _PATH, {**_headers(service), "X-ConnectionId": uuid4().hex})

    return LineSynthesizer(order, OwnSockets(connect), lambda rate: _Neural(order.voice, rate))


async def voices(order: EngineOrder, wanted: str) -> list[VoiceEntry]:
    """All voices of the region. Raises `ProviderError`."""
    del wanted
    connection = Connection(order.service, _headers(order.service))
    try:
        found = await connection.check("/cognitiveservices/voices/list")
    finally:
        await connection.close()
    name = order.service.name
    return [VoiceEntry(name, one["ShortName"], one.get("DisplayName", ""), one["Locale"], True) for one in found or ()]


def _headers(service: Service) -> dict[str, str]:
    return {"Ocp-Apim-Subscription-Key": service.key.reveal() if service.key else "none"}


class _Neural:
    """A `Dialect`."""

    context = ""
    tells_times = True
    one_at_a_time = True
    rate_hz = _RATE_HZ

    def __init__(self, voice: str, rate: float) -> None:
        self._voice = voice
        self._rate = min(max(rate, _SLOWEST), _FASTEST)
        self._words = WordMarks()
        self._sound_s = 0.0
        self._turn_s = 0.0
        """Where the sound of the request begins."""

    def begin(self) -> Sequence[Message]:
        system = {"name": "localvoice", "version": "1", "build": "", "lang": "Python"}
        return (_frame("speech.config", uuid4().hex, {"context": {"system": system}}),)

    def speak(self, text: str) -> Sequence[Message]:
        self._words.expect(text)
        request = uuid4().hex
        metadata = {"wordBoundaryEnabled": True, "sentenceBoundaryEnabled": False, "sessionEndEnabled": True}
        audio = {"outputFormat": _FORMAT, "metadataOptions": metadata}
        context = {"synthesis": {"audio": audio, "language": {"autoDetection": False}}}
        return _frame("synthesis.context", request, context), _frame("ssml", request, self._ssml(text))

    def end(self) -> Sequence[Message]:
        return ()

    def stop(self) -> Sequence[Message]:
        return ()

    def read(self, message: Message) -> Heard:
        if isinstance(message, bytes):
            size = int.from_bytes(message[:2], "big")
            path, sound = _path(message[2 : 2 + size].decode()), message[2 + size :]
            if path != "audio":
                return Heard()
            self._sound_s += len(sound) / 2 / _RATE_HZ
            return Heard(sound)
        head, _, body = message.partition("\r\n\r\n")
        match _path(head):
            case "audio.metadata":
                words = [WordSound(*word) for word in self._boundaries(json.loads(body))]
                return Heard(marks=self._from_now(self._words.take(words)))
            case "turn.end":
                self._turn_s = self._sound_s
                return Heard(clauses=1)
        return Heard()

    def is_refusal(self, word: str) -> bool:
        return "quota" in word.lower() or "unauthorized" in word.lower()

    def _from_now(self, marks: Sequence[Mark]) -> list[Mark]:
        """Counted from the next sample that comes."""
        return [Mark(mark.character, mark.start_s - self._sound_s, mark.end_s - self._sound_s) for mark in marks]

    def _boundaries(self, told: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
        """The words of a message, in seconds of the reply."""
        for entry in told["Metadata"]:
            if entry["Type"] == "WordBoundary":
                data = entry["Data"]
                start_s = self._turn_s + data["Offset"] / _TICKS_PER_S
                yield data["text"]["Text"], start_s, start_s + data["Duration"] / _TICKS_PER_S

    def _ssml(self, text: str) -> str:
        language = "-".join(self._voice.split("-")[:2])
        percent = f"{round((self._rate - 1) * 100):+d}%"
        return (
            f"<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang={quoteattr(language)}>"
            f"<voice name={quoteattr(self._voice)}><prosody rate='{percent}'>{escape(_NO_XML.sub(' ', text))}"
            "</prosody></voice></speak>"
        )


def _frame(path: str, request: str, content: Mapping[str, Any] | str) -> Message:
    """A text message: lines of a header, an empty line, the content."""
    kind, body = (
        ("application/ssml+xml", content)
        if isinstance(content, str)
        else ("application/json; charset=utf-8", json.dumps(content))
    )
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"X-Timestamp: {stamp}\r\nPath: {path}\r\nX-RequestId: {request}\r\nContent-Type: {kind}\r\n\r\n{body}"


def _path(head: str) -> str:
    found = re.search(r"(?im)^path\s*:\s*(\S+)", head)
    if found is None:
        raise ValueError("a message without a path")
    return found.group(1).lower()
