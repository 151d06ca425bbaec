"""Cartesia's ink models, told when to finish: pieces of text that belong behind each other as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.engine_order import EngineOrder
from localvoice.stt.socket_recognizer import SocketRecognizer
from localvoice.stt.wire import Complaint, Frame, Utterance, Wire

_VERSION = {"cartesia-version": "2026-08-14"}
_FINALIZE, _CLOSE = "finalize", "close"


def load(order: EngineOrder) -> SocketRecognizer:
    """The recogniser of `order`."""
    query = {"model": order.model, "encoding": "pcm_s16le", "sample_rate": str(SPEECH_RATE_HZ)}
    if order.language:
        query["language"] = order.language.partition("-")[0]
    wire = Wire(
        f"/stt/websocket?{urlencode([*query.items(), *order.hotword_fields])}",
        _Utterance,
        key_prefix="Bearer ",
        headers=lambda: _VERSION,
        is_kept_warm=True,
        statuses={str(status): status for status in (400, 401, 402, 403, 404, 429, 503)},
    )
    return SocketRecognizer(order.service, wire, order.model, order.language)


class _Utterance(Utterance):
    """Stretches of text, each guessed at until it is final."""

    def _question(self) -> Iterable[Frame]:
        return (_FINALIZE,)

    def _ending(self) -> Iterable[Frame]:
        return (_FINALIZE, _CLOSE)

    def take(self, message: Frame) -> bool:
        """See `Utterance.take`."""
        fields: dict[str, Any] = json.loads(message)
        kind = fields["type"]
        if kind == "error":
            raise Complaint(str(fields.get("status_code") or ""), str(fields.get("message") or ""))
        if kind == "transcript":
            if fields["is_final"]:
                self.words.settle(fields["text"], is_spaced=True)
            else:
                self.words.guess(fields["text"])
        return self._answer() if kind == "flush_done" else kind == "done" and self._has_ended
