"""Sarvam's /speech-to-text-realtime/ws, with utterances that begin and end where it is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from tests.stt_servers.ears import Closing, Dialect


class Sarvam(Dialect):
    header = "api-subscription-key"
    takes_any_key = True

    def __init__(self, query: dict[str, str]) -> None:
        super().__init__(query)
        self._utterance = 0
        self._is_open = False

    def greeting(self) -> Iterable[str]:
        yield _message("session.begin", request_id="r-1", config={"turn_detection": self.query["endpointing"]})

    def wrong_key(self) -> Iterable[str]:
        yield _message("error", code="invalid_api_key", is_fatal=True, message="invalid key", status_code=403)
        raise Closing(1003, "invalid subscription key")

    def asks(self, message: str | bytes) -> bool:
        return bool(json.loads(message)["event"] == "speech_end")

    def hear(self, message: str | bytes) -> Iterable[str]:
        fields = json.loads(message)
        match fields["event"]:
            case "speech_start":
                self._is_open = True
            case "audio_input":
                assert self._is_open
                before = len(self.sound.words)
                self.sound.hear(base64.b64decode(fields["audio"], validate=True))
                if len(self.sound.words) > before:
                    yield _message("transcript.partial", utterance_idx=self._utterance, text=self.fresh)
            case "speech_end":
                self._is_open = False
                yield _message("transcript.final", utterance_idx=self._utterance, text=self.settle())
                self._utterance += 1
            case "end":
                seconds = self.sound.seconds
                yield _message("session.end", request_id="r-1", total_duration_s=seconds, audio_duration_s=seconds)
                raise Closing


def _message(event: str, **fields: Any) -> str:
    return json.dumps({"event": event, **fields})
