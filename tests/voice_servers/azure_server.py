"""Azure's speech synthesis over its WebSocket: SSML in, sound and word boundaries out, each with the request's id."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any

from tests.voice_servers.mouth import Frame, Manner

_TICKS_PER_S = 10_000_000


class Azure(Manner):
    header = "Ocp-Apim-Subscription-Key"

    def hear(self, message: Frame) -> Iterable[Frame]:
        assert isinstance(message, str)
        head, _, body = message.partition("\r\n\r\n")
        fields = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n"))
        }
        if fields["path"] != "ssml":
            return
        request = fields["x-requestid"]  # the configuration of a connection has none
        text = html.unescape(re.sub(r"<[^>]*>", "", body))
        yield _text("turn.start", request, {"context": {"serviceTag": "t"}})
        yield _text(
            "response", request, {"context": {"serviceTag": "t"}, "audio": {"type": "inline", "streamId": "S1"}}
        )
        for sound, words in self.pieces(text):
            yield _binary(request, sound)
            for word in words:
                yield _text("audio.metadata", request, _boundary(*word))
        yield _text("turn.end", request, {})

    def error(self, status: int, said: str) -> Frame:
        return f"X-RequestId:r\r\nPath:audio.metadata\r\n\r\n{{{status} {said}"


def _boundary(word: str, start_s: float, end_s: float) -> dict[str, Any]:
    text = {"Text": word, "Length": len(word), "BoundaryType": "WordBoundary"}
    ticks = {"Offset": round(start_s * _TICKS_PER_S), "Duration": round((end_s - start_s) * _TICKS_PER_S)}
    return {"Metadata": [{"Type": "WordBoundary", "Data": {**ticks, "text": text}}]}


def _text(path: str, request: str, content: dict[str, Any]) -> str:
    kind = "Content-Type:application/json; charset=utf-8"
    return f"X-RequestId:{request}\r\n{kind}\r\nPath:{path}\r\n\r\n{json.dumps(content)}"


def _binary(request: str, sound: bytes) -> bytes:
    head = f"X-RequestId:{request}\r\nContent-Type:audio/x-wav\r\nX-StreamId:S1\r\nPath:audio\r\n".encode()
    return len(head).to_bytes(2, "big") + head + sound
