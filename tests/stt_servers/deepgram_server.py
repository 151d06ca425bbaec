"""Deepgram's two sockets: /v1/listen (nova) and /v2/listen (Flux)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from tests.stt_servers.ears import Closing, Dialect

_SEGMENT = 3
"""Words behind which nova settles a stretch by itself."""


_EAGER_S, _PAUSE_S = 0.15, 0.6
"""Silence behind which Flux thinks that a turn may be over, and that it is."""


class Nova(Dialect):
    prefix = "Token "
    refusal: ClassVar[Any] = {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials.", "request_id": "r-1"}

    def hear(self, message: str | bytes) -> Iterable[str]:
        if isinstance(message, bytes):
            before = len(self.sound.words)
            self.sound.hear(message)
            if len(self.sound.words) - self.told > _SEGMENT:
                yield self._results(self.settle(), is_final=True)
            elif len(self.sound.words) > before:
                yield self._results(self.fresh.capitalize(), is_final=False)
            return
        kind = json.loads(message)["type"]
        if kind == "Finalize":
            yield self._results(self.settle(), is_final=True, from_finalize=True)
        if kind == "CloseStream":
            if self.fresh:
                yield self._results(self.settle(), is_final=True)
            fields = {"request_id": "r-1", "sha256": "x", "created": "2026-11-21T00:00:00Z", "channels": 1}
            yield json.dumps({"type": "Metadata", "duration": self.sound.seconds, **fields})
            raise Closing

    def _results(self, text: str, *, is_final: bool, from_finalize: bool = False) -> str:
        model = {"name": "nova-3", "version": "1", "arch": "nova-3"}
        return json.dumps(
            {
                "type": "Results",
                "channel_index": [0, 1],
                "start": 0.0,
                "duration": self.sound.seconds,
                "is_final": is_final,
                "speech_final": False,
                "from_finalize": from_finalize,
                "channel": {"alternatives": [{"transcript": text, "confidence": 0.99, "words": []}]},
                "metadata": {"request_id": "r-1", "model_info": model, "model_uuid": "m-1"},
            }
        )


class Flux(Dialect):
    prefix = "Token "
    refusal = Nova.refusal

    def __init__(self, query: dict[str, str]) -> None:
        super().__init__(query)
        self._sequence = self._turn = 0
        self._is_eager = False

    def greeting(self) -> Iterable[str]:
        yield self._message("Connected")

    def hear(self, message: str | bytes) -> Iterable[str]:
        if isinstance(message, bytes):
            yield from self._hear_sound(message)
            return
        kind = json.loads(message)["type"]
        if kind == "ForceEndTurn" and self.fresh:
            yield self._end("manual")
        if kind == "CloseStream":
            raise Closing

    def _hear_sound(self, pcm: bytes) -> Iterable[str]:
        before = len(self.sound.words)
        self.sound.hear(pcm)
        if len(self.sound.words) > before:
            event = "TurnResumed" if self._is_eager else "Update" if before > self.told else "StartOfTurn"
            self._is_eager = False
            yield self._info(event, self.fresh, 0.1)
        elif self.fresh and self.sound.quiet_s >= _PAUSE_S:
            yield self._end("model")
        elif self.fresh and self.sound.quiet_s >= _EAGER_S and not self._is_eager:
            self._is_eager = True
            yield self._info("EagerEndOfTurn", self.fresh, 0.5)

    def _end(self, trigger: str) -> str:
        info = self._info("EndOfTurn", self.settle(), 0.9, trigger=trigger)
        self._turn += 1
        self._is_eager = False
        return info

    def _info(self, event: str, text: str, confidence: float, **fields: str) -> str:
        return self._message(
            "TurnInfo",
            event=event,
            turn_index=self._turn,
            transcript=text,
            words=[{"word": word, "confidence": 0.9} for word in text.split()],
            end_of_turn_confidence=confidence,
            audio_window_start=0.0,
            audio_window_end=self.sound.seconds,
            **fields,
        )

    def _message(self, kind: str, **fields: object) -> str:
        self._sequence += 1
        return json.dumps({"type": kind, "request_id": "r-1", "sequence_id": self._sequence - 1, **fields})
