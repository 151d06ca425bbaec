"""Sarvam's text-to-speech socket: a configuration first, then text; `final` when what was flushed has been spoken."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from tests.voice_servers.mouth import Frame, Manner, Mouth


class Sarvam(Manner):
    header = "api-subscription-key"

    def __init__(self, asked: dict[str, str], mouth: Mouth) -> None:
        super().__init__(asked, mouth)
        self._text = ""
        self._is_configured = False

    def hear(self, message: Frame) -> Iterable[Frame]:
        request = json.loads(message)
        self._is_configured |= request["type"] == "config"
        if not self._is_configured:
            yield self.error(400, "config must come first")
        elif request["type"] == "text":
            self._text += request["data"]["text"]
        elif request["type"] == "flush":
            for sound, _ in self.pieces(self._text):
                data = {"content_type": "audio/wav", "audio": base64.b64encode(sound).decode(), "request_id": "r"}
                yield json.dumps({"type": "audio", "data": data})
            self._text = ""
            if self.asked.get("send_completion_event") == "true":
                yield json.dumps({"type": "event", "data": {"event_type": "final", "message": "spoken"}})

    def error(self, status: int, said: str) -> Frame:
        return json.dumps({"type": "error", "data": {"message": said, "code": status}})
