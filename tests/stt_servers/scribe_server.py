"""ElevenLabs' /v1/speech-to-text/realtime."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from tests.stt_servers.ears import Closing, Dialect


class Scribe(Dialect):
    header = "xi-api-key"
    takes_any_key = True

    def greeting(self) -> Iterable[str]:
        yield _message("session_started", session_id="s-1", config={"model_id": self.query["model_id"]})

    def wrong_key(self) -> Iterable[str]:
        yield _message("auth_error", error="You must be authenticated to use this endpoint.")
        raise Closing(1008, "auth_error")

    def asks(self, message: str | bytes) -> bool:
        return bool(json.loads(message).get("commit"))

    def hear(self, message: str | bytes) -> Iterable[str]:
        fields = json.loads(message)
        assert fields["message_type"] == "input_audio_chunk"
        before = len(self.sound.words)
        pcm = base64.b64decode(fields["audio_base_64"], validate=True)
        if pcm:
            self.sound.hear(pcm)
        if len(self.sound.words) > before:
            yield _message("partial_transcript", text=self.fresh)
        if fields.get("commit"):
            if self.sound.seconds < 0.3:
                yield _message("commit_throttled", error="too little")
                raise Closing(1008, "commit_throttled")
            yield _message("committed_transcript", text=self.settle())


def _message(kind: str, **fields: Any) -> str:
    return json.dumps({"message_type": kind, **fields})
