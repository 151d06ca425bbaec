"""Azure Speech's conversation socket: one request after the other, each with headers of its own."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any

from tests.stt_servers.ears import Dialect

_WAV_HEADER = 44


class Azure(Dialect):
    header = "Ocp-Apim-Subscription-Key"

    def __init__(self, query: dict[str, str]) -> None:
        super().__init__(query)
        self._request = ""
        self._is_over = True

    def asks(self, message: str | bytes) -> bool:
        headers, body = _parts(message)
        return headers["path"] == "audio" and not body

    def hear(self, message: str | bytes) -> Iterable[str]:
        headers, body = _parts(message)
        if headers["path"] == "speech.context":
            self._request, self._is_over = headers["x-requestid"], False
            yield self._message("turn.start", context={"serviceTag": "tag-1"})
        if headers["path"] != "audio" or self._is_over:
            return
        assert isinstance(body, bytes)
        if not body:
            yield from self._end()
            return
        if headers.get("content-type") == "audio/x-wav":
            body = body[_WAV_HEADER:]
        before = len(self.sound.words)
        if body:
            self.sound.hear(body)
        if len(self.sound.words) > before:
            if not before:
                yield self._message("speech.startDetected", Offset=0)
            yield self._message("speech.hypothesis", Id="h-1", Text=self.fresh, Offset=0, Duration=self._ticks)

    def _end(self) -> Iterable[str]:
        status = "Success" if self.fresh else "NoMatch"
        yield self._message("speech.endDetected", Offset=self._ticks)
        yield self._message(
            "speech.phrase",
            Id="p-1",
            RecognitionStatus=status,
            DisplayText=self.settle(),
            Offset=0,
            Duration=self._ticks,
        )
        yield self._message("turn.end")
        self._is_over = True

    @property
    def _ticks(self) -> int:
        return round(self.sound.seconds * 1e7)

    def _message(self, path: str, **fields: Any) -> str:
        head = f"X-RequestId:{self._request}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n"
        return f"{head}\r\n{json.dumps(fields)}"


def _parts(message: str | bytes) -> tuple[dict[str, str], str | bytes]:
    body: str | bytes
    if isinstance(message, bytes):
        (length,) = struct.unpack(">H", message[:2])
        head, body = message[2 : 2 + length].decode(), message[2 + length :]
    else:
        head, _, body = message.partition("\r\n\r\n")
    lines = (line.partition(":") for line in head.split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}, body
