"""AssemblyAI's universal streaming: words stand as soon as they are there, and the end of a turn has a confidence.

Sessions are paid by the time that they are open, up to three hours where nobody ends them: none is made ahead, each is
ended in words, and the service is asked to end it itself where it hears nothing any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.engine_order import EngineOrder
from localvoice.stt.socket_recognizer import SocketRecognizer
from localvoice.stt.wire import Complaint, Frame, Utterance, Wire

_VERSION = {"AssemblyAI-Version": "2025-05-12"}
_MULTILINGUAL = "universal-streaming-multilingual"
"""The model for all that is not English."""
_IDLE_S = 30
"""Seconds without sound or a sign of life behind which the service ends a session."""
_STATUSES = {"4001": 401, "4002": 402, "4003": 402, "1008": 401, "3009": 429, "4029": 429, "4102": 429, "3006": 400}
_FORCE, _TERMINATE = '{"type": "ForceEndpoint"}', '{"type": "Terminate"}'


def load(order: EngineOrder) -> SocketRecognizer:
    """The recogniser of `order`."""
    is_english = order.language.partition("-")[0] == "en"
    is_chosen = order.model != order.provider.models["stt"]
    query = {
        "sample_rate": str(SPEECH_RATE_HZ),
        "encoding": "pcm_s16le",
        "format_turns": "false",  # a formatted turn comes later, and changes words that stood
        "inactivity_timeout": str(_IDLE_S),
        "speech_model": order.model if is_english or is_chosen else _MULTILINGUAL,
    }
    wire = Wire(
        f"/v3/ws?{urlencode([*query.items(), *order.hotword_fields])}",
        _Utterance,
        headers=lambda: _VERSION,
        greets=True,
        keep_alive='{"type": "KeepAlive"}',
        keep_alive_s=_IDLE_S / 3,
        farewell=_TERMINATE,
        statuses=_STATUSES,
    )
    return SocketRecognizer(order.service, wire, order.model, order.language)


class _Utterance(Utterance):
    """Turns as the service sees them; one of ours may be several of those."""

    def _question(self) -> Iterable[Frame]:
        return (_FORCE,)

    def _ending(self) -> Iterable[Frame]:
        return (_FORCE, _TERMINATE)

    def take(self, message: Frame) -> bool:
        """See `Utterance.take`."""
        fields: dict[str, Any] = json.loads(message)
        kind = fields["type"]
        if kind == "Error":
            raise Complaint(str(fields.get("error_code") or ""), str(fields.get("error") or ""))
        if kind != "Turn":
            return kind == "Termination" and self._has_ended
        self.words.believe(fields["end_of_turn_confidence"])
        if fields["end_of_turn"]:
            self.words.settle(fields["transcript"])
            return self._answer()
        words = fields["words"]
        standing = [word["text"] for word in words if word["word_is_final"]]
        self.words.guess(" ".join(word["text"] for word in words[len(standing) :]), fixed=" ".join(standing))
        return False
