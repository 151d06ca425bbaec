"""Deepgram's speak socket, version 1: text, flushes, binary sound."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.voice_servers.mouth import Closing, Frame, Manner, Mouth


class Deepgram(Manner):
    prefix = "Token "

    def __init__(self, asked: dict[str, str], mouth: Mouth) -> None:
        super().__init__(asked, mouth)
        self._text = ""
        self._flushes = 0

    def hear(self, message: Frame) -> Iterable[Frame]:
        request = json.loads(message)
        match request["type"]:
            case "Speak":
                self._text += request["text"]
            case "Flush":
                for sound, _ in self.pieces(self._text):
                    yield sound
                self._text = ""
                yield json.dumps({"type": "Flushed", "sequence_id": self._flushes})
                self._flushes += 1
            case "Clear":
                self._text = ""
                yield json.dumps({"type": "Cleared", "sequence_id": self._flushes})
            case "Close":
                raise Closing

    def error(self, status: int, said: str) -> Frame:
        return json.dumps({"type": "Error", "code": f"NET-{status:04}", "description": said})
