"""Deepgram's recognisers: nova, told when to finish, and Flux, which has a mind of its own about the end of a turn."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.engine_order import EngineOrder
from localvoice.stt.socket_recognizer import SocketRecognizer
from localvoice.stt.wire import Complaint, Frame, Utterance, Wire

_SEGMENT_MS = 300
"""Silence behind which nova settles what was said; the end of a turn is ours to find."""
_AWAKE_S = 4.0
"""Between two signs of life: without one the service hangs up after 10 s."""
_EAGER = 0.4
"""Confidence in the end of a turn from which Flux says so and calls the words whole: low, for they only have a vote."""
_FLUX_PIECE_S = 0.08
"""The vendor's advice."""
_CLOSE, _FINALIZE, _FORCE = '{"type": "CloseStream"}', '{"type": "Finalize"}', '{"type": "ForceEndTurn"}'
_SOUND = {"encoding": "linear16", "sample_rate": str(SPEECH_RATE_HZ)}


def load(order: EngineOrder) -> SocketRecognizer:
    """The recogniser of `order`."""
    wire = _flux(order) if order.model.startswith("flux") else _nova(order)
    return SocketRecognizer(order.service, wire, order.model, order.language)


def _nova(order: EngineOrder) -> Wire:
    query = {
        "model": order.model,
        "language": order.language or "multi",
        "interim_results": "true",
        "punctuate": "true",
        "endpointing": str(_SEGMENT_MS),
        **_SOUND,
    }
    return Wire(
        f"/v1/listen?{urlencode([*query.items(), *order.hotword_fields])}",
        _NovaUtterance,
        key_prefix="Token ",
        is_kept_warm=True,
        keep_alive='{"type": "KeepAlive"}',
        keep_alive_s=_AWAKE_S,
    )


def _flux(order: EngineOrder) -> Wire:
    query = {"model": order.model, "eager_eot_threshold": str(_EAGER), **_SOUND}
    if order.language and order.model.endswith("multi"):
        query["language_hint"] = order.language
    return Wire(
        f"/v2/listen?{urlencode([*query.items(), *order.hotword_fields])}",
        _FluxUtterance,
        key_prefix="Token ",
        greets=True,
        piece_s=_FLUX_PIECE_S,
    )


class _NovaUtterance(Utterance):
    """Stretches of text, each guessed at until it is settled."""

    def __init__(self) -> None:
        super().__init__()
        self._has_settled = False
        """Whether any stretch was: that there are no words is only known then."""

    def _question(self) -> Iterable[Frame]:
        return (_FINALIZE,)

    def _ending(self) -> Iterable[Frame]:
        return (_FINALIZE, _CLOSE)

    def take(self, message: Frame) -> bool:
        """See `Utterance.take`."""
        fields = _fields(message)
        if fields["type"] != "Results":
            return fields["type"] == "Metadata" and self._has_ended and bool(self._has_settled or self.words.text)
        text = fields["channel"]["alternatives"][0]["transcript"]
        if not fields["is_final"]:
            self.words.guess(text)
            return False
        self.words.settle(text)
        self._has_settled = True
        return bool(fields.get("from_finalize")) and self._answer()


class _FluxUtterance(Utterance):
    """Turns as the service sees them; one of ours may be several of those.

    It is not asked: it says by itself when it thinks that a turn may be over, and once forced to an end it has nothing
    to vote on.
    """

    def _ending(self) -> Iterable[Frame]:
        return (_FORCE, _CLOSE)

    def take(self, message: Frame) -> bool:
        """See `Utterance.take`."""
        fields = _fields(message)
        if fields["type"] != "TurnInfo":
            return False
        self.words.believe(fields.get("end_of_turn_confidence"))
        if fields["event"] in {"EagerEndOfTurn", "EndOfTurn"}:
            end_s = fields.get("audio_window_end")
            self.settled_s = None if end_s is None else float(end_s)
        if fields["event"] != "EndOfTurn":
            self.words.guess(fields["transcript"])
            return False
        self.words.settle(fields["transcript"])
        return self._answer()

    def is_whole(self) -> bool:
        """Where the service ended its turn by itself there was none to force to its end."""
        return self._has_ended and self.words.is_settled


def _fields(message: Frame) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(message)
    if fields["type"] == "Error":
        raise Complaint(
            str(fields.get("code") or fields.get("variant") or ""),
            str(fields.get("description") or fields.get("message") or ""),
        )
    return fields
