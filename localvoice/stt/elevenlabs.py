"""ElevenLabs' Scribe, realtime: one transcript per commit."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.engine_order import EngineOrder
from localvoice.stt.prompt import last_words
from localvoice.stt.socket_recognizer import SocketRecognizer
from localvoice.stt.wire import Complaint, Frame, Utterance, Wire

_PROMPT_CHARS = 50
"""The vendor's advice."""
_STATUSES = {
    "auth_error": 401,
    "unaccepted_terms": 403,
    "quota_exceeded": 402,
    "rate_limited": 429,
    "queue_overflow": 429,
    "resource_exhausted": 429,
    "invalid_request": 400,
    "input_error": 400,
    "chunk_size_exceeded": 400,
}
_FAILURES = frozenset({
    *_STATUSES,
    *("error", "commit_throttled", "transcriber_error", "session_time_limit_exceeded", "insufficient_audio_activity"),
})  # fmt: skip


def load(order: EngineOrder) -> SocketRecognizer:
    """The recogniser of `order`."""
    query = {"model_id": order.model, "audio_format": f"pcm_{SPEECH_RATE_HZ}", "commit_strategy": "manual"}
    if order.language:
        query["language_code"] = order.language.partition("-")[0]
    wire = Wire(
        f"/v1/speech-to-text/realtime?{urlencode([*query.items(), *order.hotword_fields])}",
        _Utterance,
        key_header="xi-api-key",
        greets=True,
        statuses=_STATUSES,
    )
    return SocketRecognizer(order.service, wire, order.model, order.language)


class _Utterance(Utterance):
    """Stretches of text, each guessed at until it is committed."""

    def sound(self, pcm: bytes) -> Frame:
        """In base64; the first piece says what was said before."""
        before = {"previous_text": last_words(self.prompt, _PROMPT_CHARS)} if self.prompt else {}
        self.prompt = ""
        return _chunk(audio_base_64=base64.b64encode(pcm).decode(), **before)

    def _question(self) -> Iterable[Frame]:
        return (_chunk(audio_base_64="", commit=True, sample_rate=SPEECH_RATE_HZ),)

    def _ending(self) -> Iterable[Frame]:
        return self._question()

    def take(self, message: Frame) -> bool:
        """See `Utterance.take`."""
        fields: dict[str, Any] = json.loads(message)
        kind = fields["message_type"]
        if kind in _FAILURES:
            raise Complaint(kind, str(fields.get("error") or ""))
        if kind == "partial_transcript":
            self.words.guess(fields["text"])
        if kind != "committed_transcript":
            return False
        self.words.settle(fields["text"])
        return self._answer()


def _chunk(**fields: Any) -> str:
    return json.dumps({"message_type": "input_audio_chunk", **fields})
